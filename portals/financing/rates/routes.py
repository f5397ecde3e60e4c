"""Reference rates at the city: what holds since when and where it was announced; two officials for each. Pages and API."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import official_with
from portals.financing.entries import Form
from portals.financing.rates import service
from portals.financing.rates.schemas import KINDS, Kind, NewRate, Outcome, RateView
from portals.services import Services

Me = NamedDependency[Principal]
Given = NamedDependency[Services]
HOME = "/zhengtong/financing/rates"
_KEEPS = official_with("financing.oversee", "financing.pool")


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Outcome


def _every(services: Services, principal: Principal) -> list[RateView]:
    with services.house.database.read() as session:
        return service.views(session, principal)


def _propose(services: Services, wanted: NewRate, principal: Principal) -> RateView:
    with services.house.database.write() as session:
        row = service.propose(session, wanted, by=principal, now=services.house.clock.now())
        return service.view(row, principal)


def _decide(services: Services, rate_id: uuid.UUID, outcome: Outcome, principal: Principal) -> RateView:
    with services.house.database.write() as session:
        row = service.decide(session, rate_id, outcome, by=principal, now=services.house.clock.now())
        return service.view(row, principal)


def _page(
    request: WebRequest,
    services: Services,
    principal: Principal,
    pages: Pages,
    typed: dict[str, str],
    problem: DongchuError | None = None,
) -> Response[str]:
    errors = [] if problem is None else list(problem.errors) or [FieldError("", problem.detail)]
    return pages.page(
        request,
        "financing/rates.html",
        status=200 if problem is None else problem.status,
        rates=_every(services, principal),
        kinds=[(kind, _(label)) for kind, label in KINDS.items()],
        typed=typed,
        errors=errors,
        today=services.house.clock.today().isoformat(),
    )


def _written(sent: dict[str, str]) -> NewRate:
    """The form; raises ``InvalidInput`` by its fields."""
    try:
        kind = msgspec.convert(entries.text(sent, "kind"), Kind)
    except msgspec.ValidationError:
        what = _("请选择利率的种类。")
        raise InvalidInput(what, errors=[FieldError("kind", what)]) from None
    return NewRate(
        kind=kind,
        since=entries.day(sent, "since"),
        rate_bp=entries.basis_points(sent, "rate"),
        source_title=entries.text(sent, "source_title"),
        source_url=entries.text(sent, "source_url"),
    )


@get("/financing/rates", guards=[_KEEPS], sync_to_thread=True, include_in_schema=False)
def rates_page(
    request: WebRequest, services: Given, principal: Me, pages: NamedDependency[Pages]
) -> Response[str]:
    return _page(request, services, principal, pages, {})


@post("/financing/rates", guards=[_KEEPS], sync_to_thread=True, include_in_schema=False)
def propose_form(
    request: WebRequest, services: Given, principal: Me, pages: NamedDependency[Pages], data: Form
) -> Response[str] | Redirect:
    try:
        _propose(services, _written(data), principal)
    except (InvalidInput, Conflict) as problem:
        return _page(request, services, principal, pages, data, problem)
    return Redirect(HOME, status_code=303)


@post(
    "/financing/rates/{rate_id:uuid}/{outcome:str}",
    guards=[_KEEPS],
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def decide_form(
    services: Given, rate_id: FromPath[uuid.UUID], outcome: FromPath[Outcome], principal: Me
) -> Redirect:
    _decide(services, rate_id, outcome, principal)
    return Redirect(HOME, status_code=303)


@get(
    "/financing/rates",
    guards=[_KEEPS],
    sync_to_thread=True,
    summary="Reference rates (LPR): those that wait for a second hand, then the newest first",
)
def rates_api(services: Given, principal: Me) -> list[RateView]:
    return _every(services, principal)


@post(
    "/financing/rates",
    guards=[_KEEPS],
    status_code=201,
    sync_to_thread=True,
    summary="Propose a rate as it was announced, with its source",
)
def propose_api(services: Given, data: JSONBody[NewRate], principal: Me) -> RateView:
    return _propose(services, data, principal)


@post(
    "/financing/rates/{rate_id:uuid}/decision",
    guards=[_KEEPS],
    status_code=200,
    sync_to_thread=True,
    summary="Confirm or refuse a proposed rate, as another person on another seat",
)
def decide_api(
    services: Given, rate_id: FromPath[uuid.UUID], data: JSONBody[Decided], principal: Me
) -> RateView:
    return _decide(services, rate_id, data.outcome, principal)


PAGES: list[ControllerRouterHandler] = [rates_page, propose_form, decide_form]
API: list[ControllerRouterHandler] = [rates_api, propose_api, decide_api]
