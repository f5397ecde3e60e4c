"""The life of one payment inside the house: due, reserved, instructed, and what an answer from outside does to it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.ids import new_id
from kernel.money import format_yuan
from kernel.outbox import enqueue
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM, TREASURY, Actor, record_event
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.periods import period_label
from policy_engine.delivery.ports import Ports, TreasuryAnswer
from policy_engine.delivery.states import AWARD, HOLDS_RESERVATION, PAYMENT, AwardState, PaymentState
from policy_engine.delivery.terms import Terms

S = PaymentState

#: Which command an answer of the treasury means, and the state it leads to.
_ANSWERS = {
    "accepted": ("treasury_accept", S.TREASURY_ACCEPTED),
    "sent_to_bank": ("bank_send", S.BANK_SENT),
    "paid": ("pay", S.PAID),
    "returned": ("return", S.RETURNED),
    "refused": ("return", S.RETURNED),
}


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
    return _make(session, ports, award, terms, starts_on, label, "regular", amount, now=now)


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
    made = repository.count_top_ups(session, award.policy_id, award.unit_id, regular.period)
    kind = "top_up" if made == 0 else f"top_up.{made + 1}"
    start = regular.period_starts_on
    return _make(session, ports, award, terms, start, regular.period, kind, amount_fen, now=now)


def lower(session: Session, payment: Payment, by_fen: int, reason: str, *, now: datetime) -> None:
    """Pay less than was set aside; what is left over goes back at once. Before the order has left only."""
    before = payment.state
    if by_fen >= payment.amount_fen:
        cancel(session, payment, reason, now=now)
        return
    if S(before) in HOLDS_RESERVATION and payment.budget_id is not None:
        reference = f"{payment.id.hex}:lower:{payment.amount_fen}"
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
    payment.amount_fen -= by_fen
    log(session, payment, "payment.lowered", SYSTEM, before, now=now, detail={"reason": reason})


def _make(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    starts_on: date,
    label: str,
    kind: str,
    amount_fen: int,
    *,
    now: datetime,
) -> Payment:
    payment = Payment(
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
    session.add(payment)
    session.flush()
    log(session, payment, "payment.due", SYSTEM, None, now=now)
    reserve(session, ports, payment, terms, now=now)
    return payment


def reserve(
    session: Session, ports: Ports, payment: Payment, terms: Terms, *, now: datetime, is_in_turn: bool = False
) -> bool:
    """Set money aside. An entitlement without money waits and alarms finance; a quota's line keeps its order."""
    year = payment.due_on.year
    budget = ledger_rows.find_budget(session, payment.policy_id, payment.division, terms.fund_source, year)
    before = payment.state
    if budget is not None:
        payment.budget_id = budget.id
        if _book_reservation(
            session, payment, budget, is_quota=terms.funding == "quota", is_in_turn=is_in_turn, now=now
        ):
            target = S.RESERVED if payment.account_id is not None else S.ACCOUNT_MISSING
            payment.state = PAYMENT.move(S(before), "reserve", target)
            log(session, payment, f"payment.{payment.state}", SYSTEM, before, now=now)
            if target == S.ACCOUNT_MISSING:
                _ask_for_account(session, ports, payment, terms, now=now)
            return True
    command = "waitlist" if terms.funding == "quota" else "await_funds"
    payment.state = PAYMENT.move(S(before), command)
    if terms.funding == "entitlement":
        ledger.raise_alarm(session, payment.policy_id, payment.division, year, now=now)
    if payment.state != before:
        log(session, payment, f"payment.{payment.state}", SYSTEM, before, now=now)
    session.flush()
    return False


def reserve_waiting(
    session: Session, ports: Ports, budget: Budget, *, now: datetime, limit: int = 500
) -> int:
    """Serve those who wait for a budget, in the order of decision, until its money ends; how many were served."""
    served = 0
    for payment in repository.lock_waiting(session, budget, limit):
        terms = ports.terms(session, payment.policy_id, payment.policy_version)
        if not reserve(session, ports, payment, terms, now=now, is_in_turn=True):
            break
        ledger.clear_alarm(session, payment.policy_id, payment.division, payment.due_on.year, now=now)
        served += 1
    return served


def instruct(session: Session, payment: Payment, batch: PaymentBatch, *, now: datetime) -> None:
    """Order the payment from the treasury under a new key; the order leaves after the commit."""
    before = payment.state
    payment.state = PAYMENT.move(S(before), "instruct")
    payment.order_count += 1
    payment.instruction_id = f"{payment.id.hex}-{payment.order_count}"
    payment.batch_id, payment.send_count, payment.outside_reference = batch.id, 0, None
    payment.instructed_at = now
    _book(session, payment, "instruct", now=now)
    log(session, payment, "payment.instructed", SYSTEM, before, now=now, detail={"batch": batch.number})
    enqueue(session, "payment.instruct", f"payment:{payment.id}", _order_reference(payment), now=now)


def apply_answer(
    session: Session, ports: Ports, payment: Payment, answer: TreasuryAnswer, *, now: datetime
) -> bool:
    """Bring the payment to where the treasury says it is. An old or repeated answer changes nothing."""
    command, target = _ANSWERS[answer.status]
    before = payment.state
    if before == target or not PAYMENT.may(S(before), command):
        return False
    payment.state = PAYMENT.move(S(before), command)
    payment.outside_reference = answer.reference or payment.outside_reference
    payment.state_reason = answer.reason or None
    if target == S.PAID:
        payment.paid_at = now
        _book(session, payment, "pay", now=now)
    elif target == S.RETURNED:
        payment.paid_at = None
        _book(session, payment, "return" if before != S.PAID else "return_paid", now=now)
    log(
        session,
        payment,
        f"payment.{payment.state}",
        TREASURY,
        before,
        now=now,
        detail={"reason": answer.reason},
    )
    if target in (S.PAID, S.RETURNED):
        _tell_outcome(session, ports, payment, answer, now=now)
    if target == S.PAID:
        _complete_single(session, payment, now=now)
    return True


def cancel(session: Session, payment: Payment, reason: str, *, now: datetime) -> None:
    """Give up a payment that has not left the house; its reservation goes back once, to whoever waits."""
    before = payment.state
    payment.state = PAYMENT.move(S(before), "cancel")
    payment.state_reason = reason
    if S(before) in HOLDS_RESERVATION and payment.budget_id is not None:
        _book(session, payment, "release", now=now)
        ledger.ask_to_serve_waiting(session, payment.budget_id, now=now)
    log(session, payment, "payment.cancelled", SYSTEM, before, now=now, detail={"reason": reason})
    session.flush()


def log(
    session: Session,
    payment: Payment,
    kind: str,
    actor: Actor,
    before: str | None,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    payment.updated_at = now
    record_event(
        session,
        "payment",
        payment.id,
        kind,
        claim_id=payment.claim_id,
        subject_id=payment.subject_id,
        actor=actor,
        now=now,
        moved=(before, payment.state),
        detail={"period": payment.period, "amount_fen": payment.amount_fen} | (detail or {}),
    )


def _free_label(session: Session, award: Award, terms: Terms, starts_on: date) -> str | None:
    """How the period is called, if it has no payment yet; a benefit granted several times a month is numbered."""
    label = period_label(terms.period, starts_on)
    times = max(one.times for one in terms.held_to) if terms.period == "once" else 1
    labels = [label, *(f"{label}.{number}" for number in range(2, times + 1))]
    free = (one for one in labels if not repository.is_covered(session, award.policy_id, award.unit_id, one))
    return next(free, None)


_MOVES: dict[str, tuple[ledger.Pocket, ledger.Pocket]] = {
    "reserve": ("available", "reserved"),
    "instruct": ("reserved", "instructed"),
    "pay": ("instructed", "paid"),
    "return": ("instructed", "reserved"),
    "return_paid": ("paid", "reserved"),
    "release": ("reserved", "available"),
}


def _book(session: Session, payment: Payment, kind: str, *, now: datetime) -> None:
    """One movement in the books, once per payment (reserve, release) or per order (the rest)."""
    if payment.budget_id is None:
        raise RuntimeError(f"payment {payment.id} has no budget to book {kind} in")
    source, target = _MOVES[kind]
    scope = payment.id.hex if kind in ("reserve", "release") else payment.instruction_id
    ledger.move(
        session,
        payment.budget_id,
        kind,
        source,
        target,
        payment.amount_fen,
        f"{scope}:{kind}",
        payment_id=payment.id,
        payee_account_id=payment.account_id,
        now=now,
    )


def _book_reservation(
    session: Session, payment: Payment, budget: Budget, *, is_quota: bool, is_in_turn: bool, now: datetime
) -> bool:
    ledger_rows.lock_accounts(session, budget.id, ("available", "reserved"))
    if is_quota and not is_in_turn and repository.has_waiting(session, budget.id, besides=payment.id):
        return False
    try:
        _book(session, payment, "reserve", now=now)
    except ledger.ShortOfFunds:
        return False
    return True


def _order_reference(payment: Payment) -> dict[str, str]:
    return {"payment_id": str(payment.id), "instruction_id": payment.instruction_id or ""}


def _complete_single(session: Session, payment: Payment, *, now: datetime) -> None:
    """A one-off benefit has done its work with its one payment."""
    award = award_rows.get_award(session, payment.award_id)
    if award is None or award.period != "once" or award.state == AwardState.ENDED:
        return
    before = award.state
    award.state = AWARD.move(AwardState(before), "end")
    award.end_reason, award.ends_on, award.updated_at = "completed", business_date(now), now
    record_event(
        session,
        "award",
        award.id,
        "award.completed",
        claim_id=award.claim_id,
        subject_id=award.subject_id,
        actor=SYSTEM,
        now=now,
        moved=(before, award.state),
    )


def _ask_for_account(
    session: Session, ports: Ports, payment: Payment, terms: Terms, *, now: datetime
) -> None:
    tell(
        session,
        ports,
        payment.subject_id,
        "payment.account_missing",
        f"{terms.title}：请补充收款账户",
        "款项已为您预留，补充收款账户后即可发放；也可由社区工作人员上门协助。",
        link=f"/claims/{payment.claim_id}",
        now=now,
    )


def _tell_outcome(
    session: Session, ports: Ports, payment: Payment, answer: TreasuryAnswer, *, now: datetime
) -> None:
    terms = ports.terms(session, payment.policy_id, payment.policy_version)
    amount = f"{format_yuan(payment.amount_fen)}元"
    if payment.state == S.PAID:
        title, body = f"{terms.title}：已到账", f"{payment.period} 的 {amount} 已汇入您的收款账户。"
    else:
        title = f"{terms.title}：银行退回"
        body = f"{payment.period} 的 {amount} 未能汇入（{answer.reason or '原因待查'}）。款项仍为您保留，请核对或更换收款账户。"
    tell(
        session,
        ports,
        payment.subject_id,
        f"payment.{payment.state}",
        title,
        body,
        link=f"/claims/{payment.claim_id}",
        now=now,
    )
