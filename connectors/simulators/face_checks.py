"""The simulated face check of public security: its page, where a demonstrator says what the camera would have seen.

No picture is taken, sent or kept, here or anywhere.
"""

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody
from litestar.response import Redirect

from connectors.public_security.messages import FaceAnswer, FaceOrder, FaceQuestion, FaceSession
from connectors.settings import OutsideSystem
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from kernel.errors import NotFound
from kernel.web.pages import Pages
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest

SYSTEM = "public_security"


@dataclass
class Check:
    """One session; ``outcome`` 9 until somebody stood before the camera."""

    order: FaceOrder
    outcome: str = "9"
    reference: str | None = None


def face_router(system: OutsideSystem) -> Router:
    """``/simulators/public_security/face-sessions``, ``/face-results``, and the page ``/face/<number>``."""
    checks: dict[str, Check] = {}

    @post("/face-sessions", status_code=200, sync_to_thread=True, guards=[require_token(SYSTEM)])
    def begin(data: JSONBody[FaceOrder]) -> FaceSession:
        number = secrets.token_hex(16)
        checks[number] = Check(data)
        return FaceSession(number=number, address=f"{system.base_url}/face/{number}")

    @post("/face-results", status_code=200, sync_to_thread=True, guards=[require_token(SYSTEM)])
    def result(data: JSONBody[FaceQuestion]) -> FaceAnswer:
        check = checks.get(data.number)
        if check is None:
            raise Refused("session_unknown", "没有这次核验", status=404)
        return FaceAnswer(outcome=check.outcome, reference=check.reference)

    @get("/face/{number:str}", sync_to_thread=True, include_in_schema=False)
    def camera(request: WebRequest, pages: NamedDependency[Pages], number: FromPath[str]) -> Response[str]:
        if number not in checks:
            raise NotFound("没有这次核验，请从原来的页面重新开始。")
        action = f"/simulators/{SYSTEM}/face/{number}"
        return pages.page(request, "connectors/face.html", action=action)

    @post("/face/{number:str}", status_code=303, sync_to_thread=True, include_in_schema=False)
    def look(
        request: WebRequest, body: RawBody, number: FromPath[str], world: NamedDependency[World]
    ) -> Redirect:
        refuse_cross_site(request)
        check = checks.get(number)
        if check is None:
            raise NotFound("没有这次核验，请从原来的页面重新开始。")
        row = world.store.row(
            "SELECT 1 FROM person WHERE id_number = ? AND name = ? AND died_on IS NULL",
            check.order.id_number,
            check.order.name,
        )
        seen = dict(parse_qsl(body.decode("utf-8", "replace"))).get("seen", "")
        if check.outcome == "9" and seen in ("same", "other"):
            check.outcome = "1" if seen == "same" and row is not None else "0"
            check.reference = f"RL{secrets.token_hex(6).upper()}"
        joint = "&" if "?" in check.order.return_to else "?"
        return Redirect(f"{check.order.return_to}{joint}{urlencode({'lsh': number})}", status_code=303)

    return Router(
        f"/{SYSTEM}",
        route_handlers=[begin, result, camera, look],
        before_request=fail_on_purpose(SYSTEM),
        tags=[SYSTEM],
    )
