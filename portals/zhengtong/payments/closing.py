"""Closing a year's books: the preview, the first seat's proposal, the second seat's word; pages and API."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.delivery import service as delivery
from policy_engine.delivery.ledger import repository as ledger
from policy_engine.delivery.ledger.closing import Preview, Surplus
from policy_engine.delivery.ledger.models import YearClosing
from policy_engine.delivery.views.parts import titles_said
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")
PATH = "/zhengtong/payments/closing"

STATES = {
    "proposed": N_("等待另一席位办理"),
    "closing": N_("正在结转"),
    "done": N_("已结转"),
    "dismissed": N_("已退回"),
}
SURPLUS = {"withdraw": N_("收回预算"), "carry": N_("结转下年")}


class ClosingView(msgspec.Struct, frozen=True, kw_only=True):
    """A closing as both seats see it; ``is_mine``: proposed by the reader, so another has to carry it out."""

    id: uuid.UUID
    division: str
    place: str
    fund_source: str
    year: int
    surplus: str
    state: str
    budget_count: int
    carried_fen: int
    surplus_fen: int
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str
    done_at: datetime | None
    is_mine: bool


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """One authority's fund of one year that has budgets."""

    division: str
    place: str
    fund_source: str
    year: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    division: Annotated[str, msgspec.Meta(pattern=r"^\d{6}(\d{3})?$")]
    fund_source: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    year: Annotated[int, msgspec.Meta(ge=2000, le=2200)]
    surplus: Surplus


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Literal["carry_out", "dismiss"]


def years(services: Services, principal: Principal) -> list[Year]:
    """What there is to close or was closed in the seat's division, the newest year first."""
    seat = seat_of(principal)
    with services.house.database.read() as session:
        found = {
            (one.year, one.division, one.fund_source)
            for one in ledger.budgets(session)
            if encloses(seat.division, one.division)
        }
    return [
        Year(division=division, place=division_name(division), fund_source=fund, year=year)
        for year, division, fund in sorted(found, key=lambda one: (-one[0], *one[1:]))
    ]


def closings(services: Services, principal: Principal) -> list[ClosingView]:
    seat = seat_of(principal)
    with services.house.database.read() as session:
        return [
            _view(one, principal) for one in ledger.closings(session) if encloses(seat.division, one.division)
        ]


def preview(services: Services, principal: Principal, division: str, fund_source: str, year: int) -> Preview:
    """Raises ``NotFound`` outside the seat's division."""
    if not encloses(seat_of(principal).division, division):
        raise NotFound(_("没有找到您要的内容。"))
    house = services.house
    with house.database.read() as session:
        return delivery.preview_closing(
            session, division=division, fund_source=fund_source, year=year, now=house.clock.now()
        )


def propose(services: Services, principal: Principal, proposal: Proposal) -> ClosingView:
    house = services.house
    with house.database.write() as session:
        closing = delivery.propose_closing(
            session,
            principal=principal,
            division=proposal.division,
            fund_source=proposal.fund_source,
            year=proposal.year,
            surplus=proposal.surplus,
            now=house.clock.now(),
        )
        return _view(closing, principal)


def decide(
    services: Services, principal: Principal, closing_id: uuid.UUID, outcome: Literal["carry_out", "dismiss"]
) -> ClosingView:
    house = services.house
    with house.database.write() as session:
        closing = delivery.decide_closing(
            session, closing_id=closing_id, principal=principal, outcome=outcome, now=house.clock.now()
        )
        return _view(closing, principal)


@get("/payments/closing", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def closing_page(visit: Visiting) -> Response[str]:
    """The years there are, and what was proposed and done."""
    return _closing_page(visit)


def _closing_page(visit: Visit, problem: InvalidInput | Conflict | None = None) -> Response[str]:
    return visit.page(
        "zhengtong/payments/closing.html",
        status=200 if problem is None else problem.status,
        errors=() if problem is None else (FieldError("", problem.detail),),
        years=years(visit.services, visit.principal),
        closings=closings(visit.services, visit.principal),
        states=STATES,
        surpluses=SURPLUS,
        funds=words.FUNDS,
        may_pay=visit.principal.has_duty("payment.approve"),
    )


@get(
    "/payments/closing/{year:int}/{division:str}/{fund_source:str}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEE],
)
def preview_page(
    visit: Visiting, year: FromPath[int], division: FromPath[str], fund_source: FromPath[str]
) -> Response[str]:
    """What closing would do, budget by budget."""
    return _preview_page(visit, (year, division, fund_source))


@post(
    "/payments/closing/{year:int}/{division:str}/{fund_source:str}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_PAY],
)
def propose_page(
    visit: Visiting, year: FromPath[int], division: FromPath[str], fund_source: FromPath[str], data: Form
) -> Response[str] | Redirect:
    surplus = forms.one(data, "surplus")
    try:
        if surplus not in SURPLUS:
            what = _("请选择收回或结转。")
            raise InvalidInput(what, errors=[FieldError("surplus", what)])
        chosen: Surplus = "carry" if surplus == "carry" else "withdraw"
        propose(
            visit.services,
            visit.principal,
            Proposal(division=division, fund_source=fund_source, year=year, surplus=chosen),
        )
    except InvalidInput as problem:
        errors = tuple(problem.errors)
        return _preview_page(visit, (year, division, fund_source), errors=errors)
    return Redirect(f"{PATH}?done=closing_proposed", status_code=303)


@post("/payments/closing/{closing_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def decide_page(visit: Visiting, closing_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Carry out or send back; what is neither does nothing."""
    outcome = forms.one(data, "outcome")
    try:
        if outcome == "dismiss":
            decide(visit.services, visit.principal, closing_id, "dismiss")
            return Redirect(f"{PATH}?done=closing_dismissed", status_code=303)
        if outcome != "carry_out":
            raise InvalidInput(_("请选择办理或退回。"))
        decide(visit.services, visit.principal, closing_id, "carry_out")
    except (InvalidInput, Conflict) as problem:
        return _closing_page(visit, problem)
    return Redirect(f"{PATH}?done=closing_begun", status_code=303)


@get(
    "/closings",
    sync_to_thread=True,
    tags=["payments"],
    summary="Closings of years, the newest first",
    guards=[MAY_SEE],
)
def list_closings(services: Given, principal: Said) -> list[ClosingView]:
    return closings(services, principal)


@get(
    "/closings/preview",
    sync_to_thread=True,
    tags=["payments"],
    summary="What closing an authority's fund for a year would do today",
    guards=[MAY_SEE],
)
def read_preview(
    services: Given,
    principal: Said,
    division: FromQuery[str],
    year: FromQuery[int],
    fund_source: FromQuery[str] = "fiscal",
) -> Preview:
    return preview(services, principal, division, fund_source, year)


@post(
    "/closings",
    status_code=201,
    sync_to_thread=True,
    tags=["payments"],
    summary="Propose to close a year with the sums of the preview",
    guards=[MAY_PAY],
)
def add_closing(services: Given, principal: Said, data: JSONBody[Proposal]) -> ClosingView:
    return propose(services, principal, data)


@post(
    "/closings/{closing_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["payments"],
    summary="Carry out what another finance seat proposed, or dismiss it",
    guards=[MAY_PAY],
)
def add_decision(
    services: Given, principal: Said, closing_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> ClosingView:
    return decide(services, principal, closing_id, data.outcome)


def _preview_page(
    visit: Visit, which: tuple[int, str, str], *, errors: tuple[FieldError, ...] = ()
) -> Response[str]:
    year, division, fund_source = which
    seen = preview(visit.services, visit.principal, division, fund_source, year)
    with visit.services.house.database.read() as session:
        policies = {line.policy_id for line in seen.lines}
        titles = titles_said(session, visit.services.ports, policies)
    return visit.page(
        "zhengtong/payments/closing_preview.html",
        status=400 if errors else 200,
        seen=seen,
        titles=titles,
        place=division_name(division),
        fund=words.FUNDS.get(fund_source, fund_source),
        address=f"{PATH}/{year}/{division}/{fund_source}",
        surpluses=SURPLUS,
        may_pay=visit.principal.has_duty("payment.approve"),
        errors=errors,
    )


def _view(closing: YearClosing, principal: Principal) -> ClosingView:
    return ClosingView(
        id=closing.id,
        division=closing.division,
        place=division_name(closing.division),
        fund_source=closing.fund_source,
        year=closing.year,
        surplus=closing.surplus,
        state=closing.state,
        budget_count=closing.budget_count,
        carried_fen=closing.carried_fen,
        surplus_fen=closing.surplus_fen,
        proposed_by_name=closing.proposed_by_name,
        proposed_at=closing.proposed_at,
        decided_by_name=closing.decided_by_name or "",
        done_at=closing.done_at,
        is_mine=closing.proposed_by_id == principal.subject_id,
    )


PAGES = [closing_page, preview_page, propose_page, decide_page]
API = [list_closings, read_preview, add_closing, add_decision]
