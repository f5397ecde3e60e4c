"""Awards and payments as their people see them, and as a finance seat does."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.ledger.schemas import BudgetView
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.models import PaymentBatch
from policy_engine.delivery.payments.schemas import BatchView, PaymentView, ReadyGroup
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import PaymentState
from policy_engine.delivery.views.parts import award_views, payment_views

#: Of a large batch so many payments are shown; the counts are of all.
MOST_SHOWN = 500


def my_awards(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[AwardView]:
    awards = award_rows.awards_of(session, subjects_of(session, ports, principal, now))
    return award_views(session, ports, awards, now)


def my_payments(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[PaymentView]:
    payments = payment_rows.payments_of(session, subjects_of(session, ports, principal, now))
    return payment_views(session, ports, payments, now)


def payments_at(
    session: Session,
    ports: Ports,
    principal: Principal,
    states: Iterable[PaymentState],
    *,
    now: datetime,
    limit: int = 500,
) -> list[PaymentView]:
    """Payments in the finance seat's division in the given states, the oldest first (``RESERVED``: to approve)."""
    seat = _money_seat(principal)
    payments = payment_rows.in_division(session, seat.division, states, limit)
    return payment_views(session, ports, payments, now)


def batches(session: Session, principal: Principal, *, limit: int = 50) -> list[BatchView]:
    seat = _money_seat(principal)
    return [_batch_view(session, batch) for batch in payment_rows.batches(session, seat.division, limit)]


def batch_payments(
    session: Session, ports: Ports, batch_id: uuid.UUID, principal: Principal, *, now: datetime
) -> tuple[BatchView, list[PaymentView]]:
    seat = _money_seat(principal)
    batch = payment_rows.get_batch(session, batch_id)
    if batch is None or not encloses(seat.division, batch.division):
        raise NotFound(_("没有找到您要的内容。"))
    payments = payment_rows.payments_of_batch(session, batch_id, MOST_SHOWN)
    return _batch_view(session, batch), payment_views(session, ports, payments, now)


def ready_groups(session: Session, ports: Ports, principal: Principal) -> list[ReadyGroup]:
    """What a finance seat could pay in one go, by policy and period, the largest first."""
    seat = _money_seat(principal)
    return [
        ReadyGroup(
            policy_id=policy_id,
            title=ports.terms(session, policy_id).named.said,
            period=period,
            count=count,
            total_fen=total_fen,
        )
        for policy_id, period, count, total_fen in payment_rows.groups_ready(session, seat.division, 100)
    ]


def budgets(session: Session, principal: Principal) -> list[BudgetView]:
    """The books of the seat's division: what was appropriated and where it stands."""
    seat = _money_seat(principal)
    rows = [budget for budget in ledger_rows.budgets(session) if encloses(seat.division, budget.division)]
    return [_budget_view(session, budget) for budget in rows]


def _money_seat(principal: Principal) -> SeatView:
    seat = principal.seat
    if seat is None or not seat.duties & {"payment.approve", "audit.read"}:
        raise Forbidden(_("查看资金不属于您所在席位的职责。"))
    return seat


def _batch_view(session: Session, batch: PaymentBatch) -> BatchView:
    settled, returned = payment_rows.settled_of_batch(session, batch.id)
    return BatchView(
        id=batch.id,
        number=batch.number,
        approved_by_name=batch.approved_by_name,
        approved_at=batch.approved_at,
        payment_count=batch.payment_count,
        total_fen=batch.total_fen,
        held_count=batch.held_count,
        paid_count=settled - returned,
        returned_count=returned,
        state=batch.state,
        planned_count=batch.planned_count,
        planned_fen=batch.planned_fen,
        tried_count=batch.tried_count,
        part=batch.part,
        window_until_at=batch.window_until_at,
        stop_reason=batch.stop_reason or "",
    )


def _budget_view(session: Session, budget: Budget) -> BudgetView:
    pockets = ledger_rows.balances(session, budget.id)
    return BudgetView(
        id=budget.id,
        policy_id=budget.policy_id,
        division=budget.division,
        fund_source=budget.fund_source,
        year=budget.year,
        appropriation=budget.appropriation,
        kind=budget.kind,
        appropriated_fen=-pockets["appropriation"],
        available_fen=pockets["available"],
        reserved_fen=pockets["reserved"],
        instructed_fen=pockets["instructed"],
        paid_fen=pockets["paid"],
    )
