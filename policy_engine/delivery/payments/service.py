"""The life of payments inside the house, from falling due to the order that leaves it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.ids import new_id
from kernel.outbox import enqueue
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments.booking import book
from policy_engine.delivery.payments.history import Happened, log, log_all
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.payments.reserving import Due, reserve_all
from policy_engine.delivery.periods import period_label
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import HOLDS_RESERVATION, PAYMENT, PaymentState
from policy_engine.delivery.terms import Terms

S = PaymentState
INSTRUCT: Final = "payment.instruct"
#: Orders that go to the treasury in one message.
MOST_ORDERS = 200


def make_due(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    starts_on: date,
    *,
    now: datetime,
    amount_fen: int | None = None,
) -> Payment | None:
    """The payment of one period, with money reserved for it; nothing when the period has one. Award row is locked.

    ``amount_fen`` where less than the award's amount may be paid.
    """
    label = _free_label(session, award, terms, starts_on)
    if award.amount_fen is None or label is None:
        return None
    amount = award.amount_fen if amount_fen is None else amount_fen
    payment = draft(award, starts_on, label, "regular", amount, now=now)
    make_all(session, ports, [(payment, terms)], now=now)
    return payment


def is_covered(session: Session, award: Award, terms: Terms, starts_on: date) -> bool:
    """Whether the period has its payment already."""
    return _free_label(session, award, terms, starts_on) is None


def make_top_up(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    regular: Payment,
    amount_fen: int,
    *,
    now: datetime,
) -> Payment:
    """补发: what the period of ``regular`` was paid too little, as a payment of its own. Award row is locked."""
    return _make_further(session, ports, award, terms, regular, "top_up", amount_fen, now=now)


def make_refund(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    repaid: Payment,
    amount_fen: int,
    *,
    now: datetime,
) -> Payment:
    """退还: what was asked back of ``repaid`` without a ground, and had come back already. Award row is locked."""
    return _make_further(session, ports, award, terms, repaid, "refund", amount_fen, now=now)


def _make_further(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    beside: Payment,
    kind: str,
    amount_fen: int,
    *,
    now: datetime,
) -> Payment:
    made = repository.count_further(session, award.policy_id, award.unit_id, beside.period, kind)
    label = kind if made == 0 else f"{kind}.{made + 1}"
    payment = draft(award, beside.period_starts_on, beside.period, label, amount_fen, now=now)
    make_all(session, ports, [(payment, terms)], now=now)
    return payment


def lower(session: Session, payment: Payment, by_fen: int, reason: str, *, now: datetime) -> None:
    """Pay less than was set aside; what is left over goes back at once. Before the order has left only."""
    before = payment.state
    if by_fen >= payment.amount_fen:
        cancel(session, payment, reason, now=now)
        return
    reference = f"{payment.id.hex}:lower:{payment.amount_fen}"
    payment.amount_fen -= by_fen  # before the movement is written down: it says what is left to pay
    session.flush()
    if S(before) in HOLDS_RESERVATION and payment.budget_id is not None:
        ledger.move(
            session,
            payment.budget_id,
            "lower",
            "reserved",
            "available",
            by_fen,
            reference,
            payment_id=payment.id,
            payee_account_id=payment.account_id,
            now=now,
        )
        ledger.ask_to_serve_waiting(session, payment.budget_id, now=now)
    log(session, payment, "payment.lowered", SYSTEM, before, now=now, detail={"reason": reason})


def draft(award: Award, starts_on: date, label: str, kind: str, amount_fen: int, *, now: datetime) -> Payment:
    """A payment that is due and not yet kept."""
    return Payment(
        id=new_id(),
        award_id=award.id,
        claim_id=award.claim_id,
        policy_id=award.policy_id,
        policy_version=award.policy_version,
        subject_id=award.subject_id,
        payee_id=award.payee_id,
        unit_id=award.unit_id,
        account_id=award.account_id,
        division=award.division,
        period=label,
        period_starts_on=starts_on,
        kind=kind,
        amount_fen=amount_fen,
        state=S.DUE,
        is_held=False,
        due_on=max(starts_on, business_date(now)),
        decided_at=award.recognised_at,
        order_count=0,
        send_count=0,
        created_at=now,
        updated_at=now,
    )


def make_all(session: Session, ports: Ports, due: Sequence[Due], *, now: datetime) -> None:
    """Keep what is due and set money aside for it, as far as there is any."""
    payments = [payment for payment, _ in due]
    session.add_all(payments)
    log_all(session, [Happened(one, "payment.due", None) for one in payments], SYSTEM, now=now)
    reserve_all(session, ports, due, now=now)


def instruct_all(
    session: Session, payments: Sequence[Payment], batch: PaymentBatch, *, now: datetime
) -> None:
    """Order payments from the treasury, each under a new key; the orders leave after the commit, many in a message."""
    happened = []
    for payment in payments:
        before = payment.state
        payment.state = PAYMENT.move(S(before), "instruct")
        payment.order_count += 1
        payment.instruction_id = f"{payment.id.hex}-{payment.order_count}"
        payment.batch_id, payment.send_count, payment.outside_reference = batch.id, 0, None
        payment.instructed_at = now
        happened.append(Happened(payment, "payment.instructed", before, {"batch": batch.number}))
    log_all(session, happened, SYSTEM, now=now)
    book(session, payments, "instruct", now=now)
    for first in range(0, len(payments), MOST_ORDERS):
        part = payments[first : first + MOST_ORDERS]
        orders = [[str(one.id), one.instruction_id] for one in part]
        enqueue(session, INSTRUCT, f"payment:{part[0].id}", {"orders": orders}, now=now)


def cancel(session: Session, payment: Payment, reason: str, *, now: datetime) -> None:
    """Give up a payment that has not left the house; its reservation goes back once, to whoever waits."""
    before = payment.state
    payment.state = PAYMENT.move(S(before), "cancel")
    payment.state_reason = reason
    if S(before) in HOLDS_RESERVATION and payment.budget_id is not None:
        book(session, [payment], "release", now=now)
        ledger.ask_to_serve_waiting(session, payment.budget_id, now=now)
    log(session, payment, "payment.cancelled", SYSTEM, before, now=now, detail={"reason": reason})
    session.flush()


def _free_label(session: Session, award: Award, terms: Terms, starts_on: date) -> str | None:
    """How the period is called, if it has no payment yet; a benefit granted several times a month is numbered."""
    label = period_label(terms.period, starts_on)
    times = max(one.times for one in terms.held_to) if terms.period == "once" else 1
    labels = [label, *(f"{label}.{number}" for number in range(2, times + 1))]
    free = (one for one in labels if not repository.is_covered(session, award.policy_id, award.unit_id, one))
    return next(free, None)
