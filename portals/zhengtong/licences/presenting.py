"""请对方从钱包出示: an official asks whatever wallet the person has, and sees of the licence what that duty needs."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel.errors import DongchuError, InvalidInput
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from licenses.catalogue import LicenceType, licence_type
from licenses.issuance.metadata import offered_types
from licenses.presentation import queries, service
from licenses.presentation.service import Asking
from licenses.scan_routes import POLL_SECONDS
from licenses.schemas import Verification
from licenses.type_metadata import HOLDER_NAME
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import seat_of
from portals.zhengtong.forms import Form
from portals.zhengtong.licences.scanning import MAY_VERIFY, verifier_of
from portals.zhengtong.visit import Given, Said, Visit, Visiting


class PresentationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for follows from the seat; ``cause`` stands in the holder's record."""

    type_id: Annotated[str, msgspec.Meta(max_length=60)]
    cause: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class PresentationState(msgspec.Struct, frozen=True):
    state: Literal["waiting", "answered"]


def ask(services: Services, principal: Principal, wanted: PresentationRequest) -> Asking:
    """Bound to this person on this seat: nobody else collects the answer."""
    house, verifier = services.house, verifier_of(principal)
    claims = queries.for_purpose(licence_type(wanted.type_id), verifier.purpose)
    with house.database.write() as session:  # the first request of all makes our key
        return service.ask(
            session,
            house,
            owner=_owner(principal),
            verifier=verifier,
            type_id=wanted.type_id,
            claims=claims,
            cause=wanted.cause,
        )


def collect(services: Services, principal: Principal, handle: str) -> Verification:
    with services.house.database.read() as session:
        return service.collect(session, services.house, handle, owner=_owner(principal))


@get("/present", sync_to_thread=True, include_in_schema=False, guards=[MAY_VERIFY])
def present_page(visit: Visiting) -> Response[str]:
    return _page(visit)


@post("/present", sync_to_thread=True, include_in_schema=False, status_code=200, guards=[MAY_VERIFY])
def ask_page(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """A code for the person's wallet."""
    type_id, cause = forms.one(data, "type_id"), forms.one(data, "cause")
    try:
        if not 2 <= len(cause) <= 200 or type_id not in offered_types():
            raise InvalidInput(_("请选择证照种类，并填写查验事由（至少两个字）。"))
        asking = ask(visit.services, visit.principal, PresentationRequest(type_id=type_id, cause=cause))
    except DongchuError as problem:
        return _page(visit, type_id=type_id, cause=cause, problem=problem)
    return Redirect(f"/zhengtong/present/{asking.handle}", status_code=303)


@get("/present/{handle:str}", sync_to_thread=True, include_in_schema=False, guards=[MAY_VERIFY])
def wait_page(visit: Visiting, handle: FromPath[str]) -> Response[str]:
    """The code until the wallet has answered; the page asks again by itself."""
    owner = _owner(visit.principal)
    shown = service.shown(visit.services.house, handle, owner=owner)
    is_answered = service.is_answered(visit.services.house, handle, owner=owner)
    kind = licence_type(shown.type_id)
    return visit.page(
        "zhengtong/licences/present_waiting.html",
        headers={} if is_answered else {"Refresh": str(POLL_SECONDS)},
        is_answered=is_answered,
        invocation=shown.invocation,
        cause=shown.cause,
        licence_name=_named(kind),
        asked=_asked(kind, visit.principal),
        action=f"/zhengtong/present/{handle}",
    )


@post(
    "/present/{handle:str}",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    guards=[MAY_VERIFY],
)
def collect_page(visit: Visiting, handle: FromPath[str]) -> Response[str]:
    """What the wallet presented, once."""
    try:
        answer = collect(visit.services, visit.principal, handle)
    except DongchuError as problem:
        return _page(visit, problem=problem)
    return _page(visit, answer=answer)


@post(
    "/presentations",
    sync_to_thread=True,
    tags=["licences"],
    summary="Ask a wallet to present a licence",
    guards=[MAY_VERIFY],
)
def ask_wallet(services: Given, principal: Said, data: JSONBody[PresentationRequest]) -> Asking:
    return ask(services, principal, data)


@get(
    "/presentations/{handle:str}",
    sync_to_thread=True,
    tags=["licences"],
    summary="Whether the wallet has answered",
    guards=[MAY_VERIFY],
)
def read_presentation(services: Given, principal: Said, handle: FromPath[str]) -> PresentationState:
    is_answered = service.is_answered(services.house, handle, owner=_owner(principal))
    return PresentationState("answered" if is_answered else "waiting")


@post(
    "/presentations/{handle:str}/result",
    sync_to_thread=True,
    status_code=200,
    tags=["licences"],
    summary="What the wallet presented, once",
    guards=[MAY_VERIFY],
)
def collect_presentation(services: Given, principal: Said, handle: FromPath[str]) -> Verification:
    return collect(services, principal, handle)


def _owner(principal: Principal) -> str:
    return f"seat:{seat_of(principal).id}:{principal.subject_id}"


def _asked(kind: LicenceType, principal: Principal) -> list[str]:
    """In words, what the wallet is asked for."""
    known = {one.id: one for one in (HOLDER_NAME, *kind.fields)}
    claims = queries.for_purpose(kind, verifier_of(principal).purpose)
    is_english = current_locale() == ENGLISH
    return [known[one].label_en if is_english else known[one].name for one in claims if one in known]


def _named(kind: LicenceType) -> str:
    return kind.named.said


def _page(
    visit: Visit,
    *,
    type_id: str = "",
    cause: str = "",
    answer: Verification | None = None,
    problem: DongchuError | None = None,
) -> Response[str]:
    return visit.page(
        "zhengtong/licences/present.html",
        status=200 if problem is None else problem.status,
        types=[(name, _named(kind)) for name, kind in offered_types().items()],
        type_id=type_id,
        cause=cause,
        answer=answer,
        problem=None if problem is None else problem.detail,
    )


HANDLERS = [present_page, ask_page, wait_page, collect_page]
API = [ask_wallet, read_presentation, collect_presentation]
