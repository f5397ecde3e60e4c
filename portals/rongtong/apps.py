"""Mini-apps of a developer: asked for here, reviewed by the city, their secrets drawn by the firm that owns them.

Only whoever represents the firm by law and its administrators do this in its name.
"""

import uuid
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.clients import review
from identity.clients.scopes import SCOPES
from identity.delegation.enterprises import require_governor
from kernel.errors import Conflict, DongchuError, InvalidInput
from kernel.house import House
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
PAGE = "/rongtong/apps"
STATES = {"submitted": N_("待审核"), "approved": N_("已批准"), "refused": N_("未批准")}
_ACTING = require(scope="members", capacity="enterprise")


class OwnApp(msgspec.Struct, frozen=True, kw_only=True):
    """An application and what became of it."""

    id: uuid.UUID
    wanted: review.Wanted
    state: str
    state_label: str
    reason: str
    submitted_at: datetime


class NewApp(review.Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: str


class Secret(msgspec.Struct, frozen=True):
    """Told once; only its HMAC is stored."""

    client_secret: str


class Apps:
    def __init__(self, house: House) -> None:
        self._house = house

    def read(self, principal: Principal) -> list[OwnApp]:
        now = self._house.clock.now()
        with self._house.database.read() as session:
            require_governor(session, principal.acting_for, principal.subject_id, now)
            return [
                OwnApp(
                    id=one.application_id,
                    wanted=review.wanted_of(one),
                    state=one.state,
                    state_label=_(STATES[one.state]),
                    reason=one.reason or "",
                    submitted_at=one.submitted_at,
                )
                for one in review.applications_of(session, principal.acting_for)
            ]

    def submit(self, principal: Principal, wanted: review.Wanted, purpose: str) -> None:
        now = self._house.clock.now()
        with self._house.database.write() as session:
            require_governor(session, principal.acting_for, principal.subject_id, now)
            review.apply_for(session, wanted, purpose=purpose, by=principal, now=now)

    def draw(self, principal: Principal, client_id: str, *, is_leaked: bool) -> str:
        now = self._house.clock.now()
        with self._house.database.write() as session:
            require_governor(session, principal.acting_for, principal.subject_id, now)
            return review.draw_secret(
                session, client_id, by=principal, vault=self._house.vault, now=now, is_leaked=is_leaked
            )


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/apps`` and its API."""
    desk = Apps(services.house)

    def view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        typed: dict[str, str],
        *,
        problem: DongchuError | None = None,
        secret: tuple[str, str] | None = None,
    ) -> Response[str]:
        errors = () if problem is None else problem.at()
        return pages.page(
            request,
            "rongtong/apps.html",
            status=200 if problem is None else problem.status,
            headers={"Cache-Control": "no-store"},
            apps=desk.read(principal),
            typed=typed,
            errors=errors,
            secret=secret,
            scope_options=[
                (scope, _(words)) for scope, words in SCOPES.items() if scope in review.DEVELOPER_CEILING
            ],
        )

    @get("/apps", sync_to_thread=True, include_in_schema=False, guards=[_ACTING])
    def apps_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return view(request, pages, principal, {})

    @post("/apps", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[_ACTING])
    def submit_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        wanted = review.Wanted(
            client_id=data.get("client_id", ""),
            name=data.get("name", ""),
            redirect_uris=tuple(data.get("redirect_uris", "").split()),
            scopes=tuple(scope for scope in SCOPES if data.get(f"scope_{scope}") == "1"),
            capacities=("self", "person") if data.get("for_others") == "1" else ("self",),
            is_public=data.get("is_public") == "1",
        )
        try:
            desk.submit(principal, wanted, data.get("purpose", ""))
        except (InvalidInput, Conflict) as problem:
            return view(request, pages, principal, data, problem=problem)
        return Redirect(PAGE, status_code=303)

    @post(
        "/apps/{client_id:str}/secret",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
        guards=[_ACTING],
    )
    def draw_form(
        request: WebRequest,
        client_id: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        """Shown on this answer and never again."""
        made = desk.draw(principal, client_id, is_leaked=data.get("is_leaked") == "1")
        return view(request, pages, principal, {}, secret=(client_id, made))

    @get("/api/v1/apps", guards=[_ACTING], sync_to_thread=True, summary="The firm's mini-apps")
    def list_apps(principal: Me) -> list[OwnApp]:
        return desk.read(principal)

    @post(
        "/api/v1/apps", guards=[_ACTING], sync_to_thread=True, summary="Ask for a mini-app to be registered"
    )
    def add_app(data: JSONBody[NewApp], principal: Me) -> list[OwnApp]:
        sent = msgspec.structs.asdict(data)
        purpose = sent.pop("purpose")
        desk.submit(principal, review.Wanted(**sent), purpose)
        return desk.read(principal)

    @post(
        "/api/v1/apps/{client_id:str}/secret",
        guards=[_ACTING],
        sync_to_thread=True,
        summary="Draw a new secret; the former works a day longer",
    )
    def add_secret(client_id: FromPath[str], principal: Me) -> Response[Secret]:
        made = desk.draw(principal, client_id, is_leaked=False)
        return Response(Secret(made), headers={"Cache-Control": "no-store"})

    return [apps_page, submit_form, draw_form, list_apps, add_app, add_secret]
