"""Compensations at the institutions: the bank asks, the guarantor answers, whoever paid claims and recovers."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import institution_of, on_an_institution_seat
from portals.financing.entries import Form
from portals.financing.guarantees.pool import compensation, overdue, repository
from portals.financing.guarantees.pool.schemas import Hand, Paper
from portals.financing.guarantees.pool.views import CompensationView, compensation_views
from portals.financing.guarantees.service import POOL
from portals.routing import routes
from portals.services import Services

Me = NamedDependency[Principal]
_OFFICER = on_an_institution_seat("financing.work", "financing.approve")


class Requested(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    loan_id: uuid.UUID
    papers: Annotated[tuple[Paper, ...], msgspec.Meta(max_length=20)]


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``reason`` for a refusal; ``amount_fen`` and ``reference`` for a recovery."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    amount_fen: int = 0
    reference: Annotated[str, msgspec.Meta(max_length=40)] = ""


class OverdueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A loan in arrears that compensation may be asked for."""

    loan_id: uuid.UUID
    contract_number: str
    balance_fen: int
    overdue_days: int


class InstitutionDesk:
    """What an institution sees of compensations and does for them, each act in a transaction of its own."""

    def __init__(self, services: Services) -> None:
        self._house = services.house

    def seen(self, principal: Principal) -> list[CompensationView]:
        by = hand_of(principal)
        with self._house.database.read() as session:
            rows = repository.compensations(session, institution=by.institution)
            return compensation_views(
                session, rows, side=by.side, institution_code=by.institution, vault=self._house.vault
            )

    def one_seen(self, compensation_id: uuid.UUID, principal: Principal) -> CompensationView:
        found = next((one for one in self.seen(principal) if one.id == compensation_id), None)
        if found is None:
            raise NotFound(_("没有找到这笔代偿。"))
        return found

    def to_ask_for(self, principal: Principal) -> list[OverdueRow]:
        by = hand_of(principal)
        if by.side != "bank" or by.institution is None:
            return []
        today = self._house.clock.today()
        with self._house.database.read() as session:
            return [
                OverdueRow(
                    loan_id=loan.id,
                    contract_number=loan.contract_number,
                    balance_fen=loan.balance_fen,
                    overdue_days=(today - loan.overdue_since).days if loan.overdue_since else 0,
                )
                for loan in overdue.overdue_at(session, by.institution)
            ]

    def request(self, principal: Principal, asked: Requested) -> uuid.UUID:
        by, now = hand_of(principal), self._house.clock.now()
        with self._house.database.write() as session:
            loan = overdue.overdue_loan(session, asked.loan_id, by.institution or "", now=now)
            made = compensation.request(session, loan, asked.papers, pool_code=POOL, by=by, now=now)
            return made.id

    def act(self, compensation_id: uuid.UUID, command: str, principal: Principal, said: Said) -> None:
        by, now = hand_of(principal), self._house.clock.now()
        outcome = ""
        with self._house.database.write() as session:
            if command == "compensate":
                row = compensation.compensate(session, compensation_id, by=by, now=now)
                overdue.settle_by_guarantor(session, row, by=f"guarantor:{by.institution}", now=now)
            elif command == "refuse":
                compensation.refuse(session, compensation_id, said.reason, by=by, now=now)
            elif command == "claim":
                outcome = compensation.claim(session, compensation_id, by=by, now=now)
            elif command == "recover":
                compensation.recover(
                    session, compensation_id, said.amount_fen, said.reference, by=by, now=now
                )
            else:
                raise NotFound(_("没有找到您要的内容。"))
        if outcome == "cap_reached":  # the stop itself is committed, and oversight told
            raise Conflict(_("本行今年的补偿已达上限，资金池已停止受理；已通知监管部门。"))


Ours = NamedDependency[InstitutionDesk]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/bank/compensations`` and its API."""
    return routes(pages=PAGES, api=API, guards=[_OFFICER], desk=InstitutionDesk(services))


@get("/bank/compensations", sync_to_thread=True, include_in_schema=False)
def list_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages], desk: Ours) -> Response[str]:
    return pages.page(
        request,
        "financing/compensations.html",
        compensations=desk.seen(principal),
        overdue=desk.to_ask_for(principal),
        side=hand_of(principal).side,
    )


@post(
    "/bank/compensations",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def request_form(principal: Me, data: Form, desk: Ours) -> Redirect:
    paper = Paper(title=entries.text(data, "title"), reference=entries.text(data, "reference"))
    try:
        loan_id = uuid.UUID(entries.text(data, "loan"))
    except ValueError:
        raise NotFound(_("没有找到这笔贷款。")) from None
    made = desk.request(principal, Requested(loan_id=loan_id, papers=(paper,)))
    return Redirect(f"/rongtong/bank/compensations/{made}", status_code=303)


@get(
    "/bank/compensations/{compensation_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
)
def one_page(
    request: WebRequest,
    compensation_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
    desk: Ours,
) -> Response[str]:
    found = desk.one_seen(compensation_id, principal)
    return pages.page(request, "financing/compensation.html", one=found)


@post(
    "/bank/compensations/{compensation_id:uuid}/{command:str}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def act_form(
    compensation_id: FromPath[uuid.UUID], command: FromPath[str], principal: Me, data: Form, desk: Ours
) -> Redirect:
    said = Said(
        reason=entries.text(data, "reason")[:500],
        amount_fen=entries.fen(data, "amount") if command == "recover" else 0,
        reference=entries.text(data, "reference")[:40],
    )
    desk.act(compensation_id, command, principal, said)
    return Redirect(f"/rongtong/bank/compensations/{compensation_id}", status_code=303)


@get(
    "/bank/compensations",
    sync_to_thread=True,
    summary="The compensations of one's institution, the newest first",
)
def list_api(principal: Me, desk: Ours) -> list[CompensationView]:
    return desk.seen(principal)


@post(
    "/bank/compensations",
    status_code=201,
    sync_to_thread=True,
    summary="Ask to be compensated for a loan that is overdue long enough",
)
def request_api(data: JSONBody[Requested], principal: Me, desk: Ours) -> CompensationView:
    return desk.one_seen(desk.request(principal, data), principal)


@post(
    "/bank/compensations/{compensation_id:uuid}/{command:str}",
    status_code=200,
    sync_to_thread=True,
    summary="Compensate, refuse, claim from the pool, or enter a recovery",
)
def act_api(
    compensation_id: FromPath[uuid.UUID],
    command: FromPath[str],
    data: JSONBody[Said],
    principal: Me,
    desk: Ours,
) -> CompensationView:
    desk.act(compensation_id, command, principal, data)
    return desk.one_seen(compensation_id, principal)


def hand_of(principal: Principal) -> Hand:
    """Raises ``Forbidden`` off an institution's seat."""
    found = institution_of(principal, "financing.work", "financing.approve")
    return Hand(side=found.kind, institution=found.code, principal=principal)


PAGES = [list_page, request_form, one_page, act_form]
API = [list_api, request_api, act_api]
