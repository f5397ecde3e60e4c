"""A face compared by public security, on its own page and by its own camera; one way to the highest level, never the only."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts.assurance import FACE
from identity.accounts.hall import EntryHall
from identity.accounts.step_up import StepUpDesk
from identity.browser import query_of, read_form, redirect
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.proofing import service
from identity.registry import service as registry
from identity.sessions.models import IdentitySession
from kernel.errors import DongchuError, Gone, Unauthenticated
from kernel.i18n import N_
from kernel.web.requests import WebRequest

CHECK_SECONDS, PER_PERSON = 600.0, 6
NO_MATCH = N_("公安核验没有通过，或者没有做完。可以再试，也可以到窗口当面核验，效力相同。")
_STALE = N_("这次核验等待太久，或者不是在这个浏览器里开始的。请重新开始。")


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A check that a sign-in began."""

    number: str
    next_query: str
    wanted: str


class FaceDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall, self._step_up = hall, StepUpDesk(hall)

    def begin(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Off to public security's page, which alone sees the face."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        next_query, wanted = form.get("next", ""), form.get("wanted", "")
        try:
            hall.quotas.spend("face/person", str(sign_in.subject_id), limit=PER_PERSON)
            with hall.house.database.read() as session:
                vault = hall.house.vault
                name = registry.describe(session, [sign_in.subject_id], vault=vault)[sign_in.subject_id].name
                id_number = registry.identifier_of(session, sign_in.subject_id, vault=vault)
            back = f"{hall.house.settings.issuer}/step-up/face/done"
            check = hall.outside.begin_face_check(name, id_number, return_to=back)
        except DongchuError as problem:
            return self._step_up.page(request, next_query, wanted, problem=problem)
        started = Started(number=check.number, next_query=next_query, wanted=wanted)
        place = self._place(check.number, sign_in)
        hall.house.ephemeral.put(place, msgspec.json.encode(started), CHECK_SECONDS)
        return redirect(check.address)

    def complete(self, request: WebRequest, number: str) -> Response[Any]:
        """Back again: the result is asked from public security itself, once, for the sign-in that began."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        kept = hall.house.ephemeral.take(self._place(number, sign_in))
        if kept is None:
            return self._step_up.page(request, "", "", problem=Gone(_STALE))
        started = msgspec.json.decode(kept, type=Started)
        try:
            answer = hall.outside.face_result(started.number)
            is_match = answer.outcome == "1"
            with hall.house.database.write() as session:
                service.record_face(
                    session,
                    sign_in.subject_id,
                    is_match=is_match,
                    reference=answer.reference or "",
                    vault=hall.house.vault,
                    now=hall.house.clock.now(),
                )
            if not is_match:
                raise Unauthenticated(NO_MATCH)
        except DongchuError as problem:
            return self._step_up.page(request, started.next_query, started.wanted, problem=problem)
        return hall.arrive(request, sign_in.subject_id, method=FACE, next_query=started.next_query)

    def _place(self, number: str, sign_in: IdentitySession) -> str:
        return f"face:{self._hall.house.vault.hash_token(f'face/{number}/{sign_in.sid}').hex()}"


def face_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/step-up/face``."""
    desk = FaceDesk(hall)

    @post("/step-up/face", status_code=200, sync_to_thread=True, include_in_schema=False)
    def begin(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body)
        hall.browser.check_form(request, form)
        return desk.begin(request, form)

    @get("/step-up/face/done", sync_to_thread=True, tags=["account"])
    def complete(request: WebRequest) -> Response[Any]:
        """Where public security leads back to."""
        try:
            number = parse_parameters(query_of(request)).get("lsh", "")
        except MalformedRequest:
            number = ""
        return desk.complete(request, number)

    return [begin, complete]
