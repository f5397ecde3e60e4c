"""年终结转: a year's books of one fiscal authority and one fund are closed, and what was promised goes on in the next.

One finance seat proposes after looking at the preview, another carries it out; between them the figures must not have
moved. What is set aside for somebody is carried, payment by payment, into the budget of the same policy and appropriation
of the year after; what nobody was promised is withdrawn, or carried too. Who waits for money waits in the new year's line.
Nothing is closed while orders of the year are on their way.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.ledger import late, repository
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import Budget, YearClosing
from policy_engine.delivery.payments import line
from policy_engine.delivery.payments import repository as payment_rows

TOPIC: Final = "ledger.close"
#: Payments carried in one transaction.
CHUNK: Final = 200
Surplus = Literal["withdraw", "carry"]


class ClosingLine(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one budget: ``carried_fen`` is set aside for ``carried_count`` payments.

    What came back after the year was closed (``ledger.late``) was withdrawn or carried too, ``late_…_fen`` of it.
    """

    budget_id: uuid.UUID
    policy_id: str
    appropriation: str
    appropriated_fen: int
    paid_fen: int
    instructed_fen: int
    carried_fen: int
    carried_count: int
    waiting_count: int
    surplus_fen: int
    is_closed: bool
    late_withdrawn_fen: int
    late_carried_fen: int


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Every budget of an authority's fund and year; ``obstacles`` say why it cannot be closed yet."""

    division: str
    fund_source: str
    year: int
    lines: tuple[ClosingLine, ...]
    obstacles: tuple[str, ...]

    @property
    def carried_fen(self) -> int:
        return sum(one.carried_fen for one in self.lines)

    @property
    def surplus_fen(self) -> int:
        return sum(one.surplus_fen for one in self.lines)

    @property
    def late_withdrawn_fen(self) -> int:
        return sum(one.late_withdrawn_fen for one in self.lines)

    @property
    def late_carried_fen(self) -> int:
        return sum(one.late_carried_fen for one in self.lines)


def preview(session: Session, *, division: str, fund_source: str, year: int, now: datetime) -> Preview:
    """What closing would do today. Raises ``NotFound`` where there is no such budget."""
    budgets = repository.budgets_of_year(session, division, fund_source, year)
    if not budgets:
        raise NotFound(_("没有这个年度和资金渠道的预算。"))
    lines = tuple(_line(session, one) for one in budgets)
    obstacles: list[str] = []
    if year >= business_date(now).year and business_date(now).month < 12:
        obstacles.append(_("本年度还没有结束，12 月起才能办理年终结转。"))
    obstacles += [
        _("%(number)s 还有支付指令在途，等银行回单后再结转。", number=one.appropriation)
        for one in lines
        if one.instructed_fen
    ]
    if all(one.is_closed and not one.carried_fen and not one.surplus_fen for one in lines):
        obstacles.append(_("这一年度已经结转，没有新的余额。"))
    return Preview(
        division=division, fund_source=fund_source, year=year, lines=lines, obstacles=tuple(obstacles)
    )


def propose(
    session: Session,
    *,
    principal: Principal,
    division: str,
    fund_source: str,
    year: int,
    surplus: str,
    now: datetime,
) -> YearClosing:
    """The first seat's word, with the sums it saw. Raises ``Conflict`` while anything stands in the way."""
    _finance_seat(principal, division)
    if surplus not in get_args(Surplus):
        raise InvalidInput(_("请选择结余如何处理。"), errors=[FieldError("surplus", _("请选择收回或结转。"))])
    seen = preview(session, division=division, fund_source=fund_source, year=year, now=now)
    if seen.obstacles:
        raise Conflict(seen.obstacles[0])
    if repository.open_closing(session, division, fund_source, year) is not None:
        raise Conflict(_("这一年度的结转已经提出，等待另一个席位办理。"))
    closing = YearClosing(
        id=new_id(),
        division=division,
        fund_source=fund_source,
        year=year,
        surplus=surplus,
        state="proposed",
        budget_count=len(seen.lines),
        carried_fen=seen.carried_fen,
        surplus_fen=seen.surplus_fen,
        proposed_by_id=principal.subject_id,
        proposed_by_name=principal.name,
        proposed_at=now,
    )
    session.add(closing)
    session.flush()
    _on_record(session, principal, closing, "propose", now=now)
    return closing


def decide(
    session: Session,
    *,
    closing_id: uuid.UUID,
    principal: Principal,
    outcome: Literal["carry_out", "dismiss"],
    now: datetime,
) -> YearClosing:
    """The second seat's word. From here on nothing more is set aside in the old year; the rest follows by itself.

    Raises ``Forbidden`` for whoever proposed it, ``Conflict`` when the sums are no longer those that were proposed.
    """
    closing = repository.lock_closing(session, closing_id)
    if closing is None:
        raise NotFound(_("没有找到您要的内容。"))
    _finance_seat(principal, closing.division)
    if closing.state != "proposed":
        raise Conflict(_("这一结转已经办理。"))
    if outcome == "carry_out":
        if principal.subject_id == closing.proposed_by_id:
            raise Forbidden(_("提出结转的人不能自己办理，应由另一位财政人员复核。"))
        _begin(session, closing, now=now)
    closing.state = "closing" if outcome == "carry_out" else "dismissed"
    closing.decided_by_id, closing.decided_by_name = principal.subject_id, principal.name
    closing.decided_at = now
    _on_record(session, principal, closing, outcome, now=now)
    return closing


def advance(session: Session, closing_id: uuid.UUID, *, now: datetime) -> bool:
    """Carry the next payments; False when the year is closed. Safe to repeat from anywhere."""
    closing = repository.lock_closing(session, closing_id)
    if closing is None or closing.state != "closing":
        return False
    budgets = repository.budgets_of_year(session, closing.division, closing.fund_source, closing.year)
    for budget in budgets:
        if budget.carried_to_id is not None and _carry_payments(
            session, budget, budget.carried_to_id, now=now
        ):
            return True
    for budget in budgets:
        if budget.carried_to_id is not None:
            _settle_surplus(session, closing, budget, budget.carried_to_id, now=now)
            ledger.ask_to_serve_waiting(session, budget.carried_to_id, now=now)
    closing.state, closing.done_at = "done", now
    return False


def _begin(session: Session, closing: YearClosing, *, now: datetime) -> None:
    budgets = repository.budgets_of_year(session, closing.division, closing.fund_source, closing.year)
    for budget in budgets:  # whoever is setting money aside in them has done so, or sees that they are closed
        repository.lock_accounts(session, budget.id, ledger.POCKETS)
    seen = preview(
        session, division=closing.division, fund_source=closing.fund_source, year=closing.year, now=now
    )
    if seen.obstacles:
        raise Conflict(seen.obstacles[0])
    if (seen.carried_fen, seen.surplus_fen) != (closing.carried_fen, closing.surplus_fen):
        raise Conflict(_("提出以后账目有变动，请退回后按新的数字重新提出。"))
    for budget in budgets:
        budget.closed_at = budget.closed_at or now
        budget.carried_to_id = budget.carried_to_id or _next_year(session, budget, now=now).id
    session.flush()
    enqueue(session, TOPIC, f"closing:{closing.id}", {"closing_id": str(closing.id)}, now=now)


def _next_year(session: Session, budget: Budget, *, now: datetime) -> Budget:
    """The same policy's budget of the year after, under the same appropriation until finance says otherwise."""
    known = repository.budget_for(
        session, budget.policy_id, budget.division, budget.fund_source, budget.year + 1
    )
    return known or ledger.open_empty(
        session,
        policy_id=budget.policy_id,
        division=budget.division,
        year=budget.year + 1,
        appropriation=budget.appropriation,
        kind="quota" if budget.kind == "quota" else "entitlement",
        fund_source=budget.fund_source,
        now=now,
    )


def _carry_payments(session: Session, budget: Budget, to: uuid.UUID, *, now: datetime) -> bool:
    """Some of those that hold or wait for money of the old year; whether there were any."""
    held = payment_rows.lock_held_in(session, budget.id, CHUNK)
    waiting = line.move_waiting(session, budget.id, to)
    moves = {
        step: [
            ledger.Movement(f"{one.id.hex}:{step}:{budget.year}", one.amount_fen, one.id, one.account_id)
            for one in held
        ]
        for step in ("carry_out", "carry_in")
    }
    for payment in held:
        payment.budget_id = to
    session.flush()
    if held:
        _must_move(
            session, budget.id, "carry_out", ("reserved", "appropriation"), moves["carry_out"], now=now
        )
        _must_move(session, to, "carry_in", ("appropriation", "reserved"), moves["carry_in"], now=now)
    return bool(held or waiting)


def _must_move(
    session: Session,
    budget_id: uuid.UUID,
    kind: str,
    way: tuple[ledger.Pocket, ledger.Pocket],
    moves: Sequence[ledger.Movement],
    *,
    now: datetime,
) -> None:
    if ledger.move_many(session, budget_id, kind, *way, moves, now=now).short:
        raise ledger.ShortOfFunds(f"budget {budget_id} holds less than was set aside in it")


def _settle_surplus(
    session: Session, closing: YearClosing, budget: Budget, to: uuid.UUID, *, now: datetime
) -> None:
    left = repository.balances(session, budget.id)["available"]
    if left <= 0:
        return
    reference = f"{closing.id.hex}:{budget.id.hex}"
    kind = "withdraw" if closing.surplus == "withdraw" else "carry_out"
    ledger.move(session, budget.id, kind, "available", "appropriation", left, f"{reference}:out", now=now)
    if closing.surplus == "carry":
        ledger.move(session, to, "carry_in", "appropriation", "available", left, f"{reference}:in", now=now)


def _line(session: Session, budget: Budget) -> ClosingLine:
    pockets = repository.balances(session, budget.id)
    came_late = repository.moved_by_kind(session, budget.id, (late.WITHDRAWN, late.CARRIED_OUT))
    held, waiting = payment_rows.count_held_and_waiting(session, budget.id)
    return ClosingLine(
        budget_id=budget.id,
        policy_id=budget.policy_id,
        appropriation=budget.appropriation,
        appropriated_fen=-pockets["appropriation"],
        paid_fen=pockets["paid"],
        instructed_fen=pockets["instructed"],
        carried_fen=pockets["reserved"],
        carried_count=held,
        waiting_count=waiting,
        surplus_fen=pockets["available"],
        is_closed=budget.closed_at is not None,
        late_withdrawn_fen=came_late.get(late.WITHDRAWN, 0),
        late_carried_fen=came_late.get(late.CARRIED_OUT, 0),
    )


def _finance_seat(principal: Principal, division: str) -> SeatView:
    if principal.seat is None or not principal.has_duty("payment.approve"):
        raise Forbidden(_("年终结转不属于您所在席位的职责。"))
    if not encloses(principal.seat.division, division):
        raise NotFound(_("没有找到您要的内容。"))
    return principal.seat


def _on_record(
    session: Session, principal: Principal, closing: YearClosing, action: str, *, now: datetime
) -> None:
    audit.record(
        session,
        actor=principal,
        action=f"budget.closing_{action}",
        object_kind="year_closing",
        object_id=closing.id,
        detail={
            "division": closing.division,
            "fund": closing.fund_source,
            "year": closing.year,
            "carried_fen": closing.carried_fen,
            "surplus_fen": closing.surplus_fen,
            "surplus": closing.surplus,
        },
        now=now,
    )
