"""Subsidies where people meet them: the firm looks, the bank files, the city sees how far each is. Pages and API."""

import uuid
from contextlib import suppress
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, Forbidden, NotFound, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.accounts.repository import accounts_of
from policy_engine.delivery.accounts.service import verify_account
from portals.financing.access import for_a_firm, institution_of, official_with, on_an_institution_seat
from portals.financing.institutions import Institution
from portals.financing.subsidies import repository, service
from portals.financing.subsidies.models import QuarterSubsidy
from portals.financing.subsidies.views import QuarterView, views_of
from portals.services import Services

Me = NamedDependency[Principal]
Given = NamedDependency[Services]
Many: TypeAlias = URLEncodedBody[dict[str, str | list[str]]]
_OFFICER = on_an_institution_seat("financing.work", "financing.approve")
_OVERSEES = official_with("financing.oversee", "claim.accept", "claim.decide")
_MOST = 200


class Filing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ids: Annotated[tuple[uuid.UUID, ...], msgspec.Meta(min_length=1, max_length=_MOST)]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one quarter; ``problem`` is empty when it was filed."""

    id: uuid.UUID
    case_number: str
    problem: str


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """What Rongtong mounts: ``/financing/subsidies``, ``/bank/subsidies`` and their API."""

    def of_firm(principal: Principal) -> list[QuarterView]:
        return _seen(services, firm_id=principal.acting_for)

    def of_bank(principal: Principal) -> list[QuarterView]:
        return _seen(services, bank_code=_bank_of(principal).code)

    def file(principal: Principal, ids: tuple[uuid.UUID, ...]) -> list[Filed]:
        """Each by its own rules, in the order of quarters; those that cannot be filed stay as they were."""
        code = _bank_of(principal).code
        order = {one.id: place for place, one in enumerate(reversed(of_bank(principal)))}
        chosen = sorted(set(ids), key=lambda one: order.get(one, 0))
        return [_file_one(services, principal, one, code) for one in chosen]

    @get("/financing/subsidies", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def firm_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "financing/subsidies.html", quarters=of_firm(principal))

    @get("/bank/subsidies", guards=[_OFFICER], sync_to_thread=True, include_in_schema=False)
    def bank_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "financing/bank_subsidies.html",
            quarters=of_bank(principal),
            bank=_bank_of(principal),
            outcomes=[],
        )

    @post("/bank/subsidies", guards=[_OFFICER], status_code=200, sync_to_thread=True, include_in_schema=False)
    def file_form(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages], data: Many
    ) -> Response[str] | Redirect:
        sent = data.get("quarter", [])
        outcomes = file(principal, _numbers(sent if isinstance(sent, list) else [sent]))
        if not any(one.problem for one in outcomes):
            return Redirect("/rongtong/bank/subsidies", status_code=303)
        return pages.page(
            request,
            "financing/bank_subsidies.html",
            status=409,
            quarters=of_bank(principal),
            bank=_bank_of(principal),
            outcomes=outcomes,
        )

    @get(
        "/api/v1/financing/subsidies",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The firm's interest subsidies quarter by quarter, the newest first",
    )
    def firm_api(principal: Me) -> list[QuarterView]:
        return of_firm(principal)

    @get(
        "/api/v1/bank/subsidies",
        guards=[_OFFICER],
        sync_to_thread=True,
        summary="The quarters of the bank's loans: to be filed, and how far those filed are",
    )
    def bank_api(principal: Me) -> list[QuarterView]:
        return of_bank(principal)

    @post(
        "/api/v1/bank/subsidies/filings",
        guards=[_OFFICER],
        status_code=200,
        sync_to_thread=True,
        summary="File calculated quarters; each answers for itself",
    )
    def file_api(data: JSONBody[Filing], principal: Me) -> list[Filed]:
        return file(principal, data.ids)

    return [firm_page, bank_page, file_form, firm_api, bank_api, file_api]


@get("/financing/subsidies", guards=[_OVERSEES], sync_to_thread=True, include_in_schema=False)
def official_page(request: WebRequest, services: Given, pages: NamedDependency[Pages]) -> Response[str]:
    """Every quarter with where it stands; the case itself is worked on in the to-do list."""
    return pages.page(request, "financing/subsidies_official.html", quarters=_seen(services))


@get(
    "/financing/subsidies",
    guards=[_OVERSEES],
    sync_to_thread=True,
    summary="Interest subsidies of the city quarter by quarter, the newest first",
)
def official_api(services: Given) -> list[QuarterView]:
    return _seen(services)


PAGES: list[ControllerRouterHandler] = [official_page]
API: list[ControllerRouterHandler] = [official_api]


def _seen(
    services: Services, *, firm_id: int | None = None, bank_code: str | None = None
) -> list[QuarterView]:
    with services.house.database.read() as session:
        rows = repository.quarters(session, firm_id=firm_id, bank_code=bank_code)
        documents = services.published.current(session).documents
        titles = {one.policy_id: documents[one.policy_id].title for one in rows if one.policy_id in documents}
        return views_of(
            session, rows, {key or "": title for key, title in titles.items()}, vault=services.house.vault
        )


def _file_one(services: Services, principal: Principal, quarter_id: uuid.UUID, code: str) -> Filed:
    now = services.house.clock.now()
    _check_account(services, quarter_id, code)
    try:
        with services.house.database.write() as session:
            claim = service.file(session, services.ports, quarter_id, bank_code=code, by=principal, now=now)
            return Filed(id=quarter_id, case_number=claim.case_number or "", problem="")
    except NotFound:
        raise
    except DongchuError as problem:
        return Filed(id=quarter_id, case_number="", problem=problem.detail)


def _check_account(services: Services, quarter_id: uuid.UUID, code: str) -> None:
    """Ask the bank whose the firm's account is, before the money is promised to it; nobody answering, it is asked later."""
    house = services.house
    with house.database.read() as session:
        row = session.get(QuarterSubsidy, quarter_id)
        if row is None or row.bank_code != code:
            return
        account = next(iter(accounts_of(session, [row.firm_id])), None)
    if account is not None:
        with suppress(OutsideFailure):
            verify_account(house.database, house.vault, services.bank, account.id, clock_now=house.clock.now)


def _bank_of(principal: Principal) -> Institution:
    found = institution_of(principal, "financing.work", "financing.approve")
    if found.kind != "bank":
        raise Forbidden(_("这里供银行的工作人员使用。请切换到您在银行的席位。"))
    return found


def _numbers(sent: list[str]) -> tuple[uuid.UUID, ...]:
    if not sent or len(sent) > _MOST:
        raise Conflict(_("请勾选要申报的贴息，一次最多%(count)d笔。", count=_MOST))
    try:
        return tuple(uuid.UUID(one) for one in sent)
    except ValueError:
        raise NotFound(_("没有找到这笔贴息。")) from None
