"""The pool at the city: what waits, what is paid, who may claim up to where. Pages and API for the pool's officer."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import official_with
from portals.financing.entries import Form
from portals.financing.guarantees.pool import books, caps, compensation, repository
from portals.financing.guarantees.pool.schemas import Hand
from portals.financing.guarantees.pool.views import (
    CompensationView,
    PoolView,
    compensation_views,
    pool_view,
)
from portals.financing.guarantees.service import POOL
from portals.financing.institutions import institution, institutions
from portals.services import Services

Me = NamedDependency[Principal]
Given = NamedDependency[Services]
_SEES, _ACTS = official_with("financing.pool", "financing.oversee"), official_with("financing.pool")


class Funded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``purpose``: losses, or lower guarantee fees."""

    amount_fen: int
    reference: Annotated[str, msgspec.Meta(max_length=40)]
    purpose: str = "losses"


class Approved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cap follows from the loans the pool covers, by its rule."""

    bank_code: str
    year: int
    covered_fen: int


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


def _hand(principal: Principal) -> Hand:
    return Hand(side="pool", principal=principal)


def _seen(services: Services) -> tuple[PoolView | None, list[CompensationView]]:
    with services.house.database.read() as session:
        pool = repository.pool_named(session, POOL)
        rows = repository.compensations(session)
        found = compensation_views(
            session, rows, side="pool", institution_code=None, vault=services.house.vault
        )
        return None if pool is None else pool_view(session, pool), found


def _one(services: Services, compensation_id: uuid.UUID) -> CompensationView:
    found = next((one for one in _seen(services)[1] if one.id == compensation_id), None)
    if found is None:
        raise NotFound(_("没有找到这笔代偿。"))
    return found


def _act(services: Services, compensation_id: uuid.UUID, command: str, reason: str, by: Principal) -> None:
    now = services.house.clock.now()
    with services.house.database.write() as session:
        if command == "pay":
            compensation.pay(session, compensation_id, by=_hand(by), now=now)
        elif command == "refuse_claim":
            compensation.refuse_claim(session, compensation_id, reason, by=_hand(by), now=now)
        elif command == "write_off":
            compensation.write_off(session, compensation_id, reason, by=_hand(by), now=now)
        else:
            raise NotFound(_("没有找到您要的内容。"))


def _fund(services: Services, funded: Funded, by: Principal) -> None:
    """The first money opens the pool."""
    put = {"losses": caps.put_in, "fees": caps.put_in_for_fees}.get(funded.purpose)
    if put is None:
        what = _("请选择资金的用途。")
        raise InvalidInput(what, errors=[FieldError("purpose", what)])
    now = services.house.clock.now()
    with services.house.database.write() as session:
        pool = books.open_pool(session, POOL, now=now)
        put(session, pool, funded.amount_fen, funded.reference, by=_hand(by), now=now)


def _approve(services: Services, approved: Approved, by: Principal) -> None:
    now = services.house.clock.now()
    if institution(approved.bank_code).kind != "bank":
        what = _("请从列表中选择银行。")
        raise InvalidInput(what, errors=[FieldError("bank_code", what)])
    with services.house.database.write() as session:
        pool = caps.known_pool(session, POOL)
        caps.approve(
            session,
            pool,
            approved.bank_code,
            approved.year,
            approved.covered_fen,
            by=_hand(by),
            now=now,
        )


@get("/financing/pool", guards=[_SEES], sync_to_thread=True, include_in_schema=False)
def pool_page(
    request: WebRequest, services: Given, principal: Me, pages: NamedDependency[Pages]
) -> Response[str]:
    """What waits first, then the money, then the caps."""
    return _pool_page(request, services, principal, pages)


def _pool_page(
    request: WebRequest,
    services: Services,
    principal: Principal,
    pages: Pages,
    errors: tuple[FieldError, ...] = (),
) -> Response[str]:
    pool, found = _seen(services)
    banks = [(one.code, one.title) for one in institutions().values() if one.kind == "bank"]
    return pages.page(
        request,
        "financing/pool.html",
        status=400 if errors else 200,
        pool=pool,
        compensations=found,
        banks=banks,
        year=services.house.clock.today().year,
        may_act=principal.has_duty("financing.pool"),
        errors=errors,
    )


@post("/financing/pool/funds", guards=[_ACTS], sync_to_thread=True, include_in_schema=False)
def fund_form(
    request: WebRequest, services: Given, principal: Me, pages: NamedDependency[Pages], data: Form
) -> Response[str] | Redirect:
    """Money put in, by its voucher."""
    try:
        funded = Funded(
            amount_fen=entries.fen(data, "amount"),
            reference=entries.text(data, "reference")[:40],
            purpose=entries.text(data, "purpose"),
        )
        _fund(services, funded, principal)
    except InvalidInput as problem:
        return _pool_page(request, services, principal, pages, problem.errors)
    return Redirect("/zhengtong/financing/pool", status_code=303)


@post("/financing/pool/caps", guards=[_ACTS], sync_to_thread=True, include_in_schema=False)
def cap_form(
    request: WebRequest, services: Given, principal: Me, pages: NamedDependency[Pages], data: Form
) -> Response[str] | Redirect:
    """A bank's cap for a year."""
    written = entries.text(data, "year")
    try:
        approved = Approved(
            bank_code=entries.text(data, "bank"),
            year=int(written) if written.isascii() and written.isdigit() and len(written) == 4 else 0,
            covered_fen=entries.fen(data, "covered"),
        )
        _approve(services, approved, principal)
    except InvalidInput as problem:
        return _pool_page(request, services, principal, pages, problem.errors)
    return Redirect("/zhengtong/financing/pool", status_code=303)


@get(
    "/financing/compensations/{compensation_id:uuid}",
    guards=[_SEES],
    sync_to_thread=True,
    include_in_schema=False,
)
def compensation_page(
    request: WebRequest,
    services: Given,
    compensation_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
) -> Response[str]:
    return pages.page(
        request,
        "financing/compensation_official.html",
        one=_one(services, compensation_id),
        may_act=principal.has_duty("financing.pool"),
    )


@post(
    "/financing/compensations/{compensation_id:uuid}/{command:str}",
    guards=[_ACTS],
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def act_form(
    services: Given, compensation_id: FromPath[uuid.UUID], command: FromPath[str], principal: Me, data: Form
) -> Redirect:
    _act(services, compensation_id, command, entries.text(data, "reason"), principal)
    return Redirect(f"/zhengtong/financing/compensations/{compensation_id}", status_code=303)


@get(
    "/financing/pool",
    guards=[_SEES],
    sync_to_thread=True,
    summary="The pool: balances, caps, latest movements",
)
def pool_api(services: Given) -> PoolView:
    found = _seen(services)[0]
    if found is None:
        raise NotFound(_("没有找到这个资金池。"))
    return found


@get(
    "/financing/compensations",
    guards=[_SEES],
    sync_to_thread=True,
    summary="Every compensation, the newest first",
)
def list_api(services: Given) -> list[CompensationView]:
    return _seen(services)[1]


@post(
    "/financing/pool/funds",
    guards=[_ACTS],
    status_code=200,
    sync_to_thread=True,
    summary="Put money into the pool, once per voucher",
)
def fund_api(services: Given, data: JSONBody[Funded], principal: Me) -> PoolView:
    _fund(services, data, principal)
    return _known(services)


@post(
    "/financing/pool/caps",
    guards=[_ACTS],
    status_code=200,
    sync_to_thread=True,
    summary="Approve a bank's cap for a year; lifts a stop where there is room",
)
def cap_api(services: Given, data: JSONBody[Approved], principal: Me) -> PoolView:
    _approve(services, data, principal)
    return _known(services)


@post(
    "/financing/compensations/{compensation_id:uuid}/{command:str}",
    guards=[_ACTS],
    status_code=200,
    sync_to_thread=True,
    summary="Pay a claim, refuse it with a reason, or write the rest off",
)
def act_api(
    services: Given,
    compensation_id: FromPath[uuid.UUID],
    command: FromPath[str],
    data: JSONBody[Said],
    principal: Me,
) -> CompensationView:
    _act(services, compensation_id, command, data.reason, principal)
    return _one(services, compensation_id)


def _known(services: Services) -> PoolView:
    found = _seen(services)[0]
    if found is None:
        raise NotFound(_("没有找到这个资金池。"))
    return found


PAGES: list[ControllerRouterHandler] = [pool_page, fund_form, cap_form, compensation_page, act_form]
API: list[ControllerRouterHandler] = [pool_api, list_api, fund_api, cap_api, act_api]
