"""What the treasury and the bank say of orders, brought into the house: states, books, history and the people's letters."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.ids import new_id
from kernel.money import format_yuan
from kernel.wording import as_said, worded
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases.letters import Letter, tell_all
from policy_engine.delivery.cases.timeline import SYSTEM, TREASURY, NewEvent, record_events
from policy_engine.delivery.payments.booking import Step, book_steps, carry_over
from policy_engine.delivery.payments.history import Happened, log_all
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.reserving import TermsInForce
from policy_engine.delivery.ports import Ports, TreasuryAnswer
from policy_engine.delivery.states import AWARD, PAYMENT, AwardState, PaymentState
from policy_engine.delivery.terms import Terms

S = PaymentState
Answered: TypeAlias = tuple[Payment, TreasuryAnswer]

#: Which command an answer of the treasury means, and the state it leads to.
_ANSWERS = {
    "accepted": ("treasury_accept", S.TREASURY_ACCEPTED),
    "sent_to_bank": ("bank_send", S.BANK_SENT),
    "paid": ("pay", S.PAID),
    "returned": ("return", S.RETURNED),
    "refused": ("return", S.RETURNED),
}


def apply_answer(
    session: Session, ports: Ports, payment: Payment, answer: TreasuryAnswer, *, now: datetime
) -> bool:
    """Bring the payment to where the treasury says it is. An old or repeated answer changes nothing."""
    return apply_answers(session, ports, [(payment, answer)], now=now) == 1


def apply_answers(session: Session, ports: Ports, answers: Sequence[Answered], *, now: datetime) -> int:
    """The same for many at once; how many moved. Award and payment rows are locked."""
    moved: list[Answered] = []
    happened: list[Happened] = []
    steps: defaultdict[Step, list[Payment]] = defaultdict(list)
    for payment, answer in answers:
        command, target = _ANSWERS[answer.status]
        before = payment.state
        if before == target or not PAYMENT.may(S(before), command):
            continue
        payment.state = PAYMENT.move(S(before), command)
        payment.outside_reference = answer.reference or payment.outside_reference
        payment.state_reason = answer.reason or None
        if target == S.PAID:
            payment.paid_at = now
            steps["pay"].append(payment)
        elif target == S.RETURNED:
            payment.paid_at = None
            steps["return" if before != S.PAID else "return_paid"].append(payment)
        moved.append((payment, answer))
        happened.append(Happened(payment, f"payment.{payment.state}", before, {"reason": answer.reason}))
    log_all(session, happened, TREASURY, now=now)
    terms = TermsInForce(session, ports)
    _tell(session, ports, terms, moved, now=now)
    _complete_singles(session, terms, [payment for payment, _ in moved if payment.state == S.PAID], now=now)
    book_steps(session, steps, now=now)
    returned = [one for step in ("return", "return_paid") for one in steps.get(step, ())]
    if returned:
        carry_over(session, returned, now=now)
    return len(moved)


def _complete_singles(
    session: Session, terms: TermsInForce, paid: Sequence[Payment], *, now: datetime
) -> None:
    """A one-off benefit has done its work with its one payment."""
    events = []
    paid_once = {one.award_id for one in paid if terms.of(one.policy_id, one.policy_version).period == "once"}
    for award in award_rows.singles_not_ended(session, paid_once) if paid_once else ():
        before = award.state
        award.state = AWARD.move(AwardState(before), "end")
        award.end_reason, award.ends_on, award.updated_at = "completed", business_date(now), now
        events.append(
            NewEvent(
                id=new_id(),
                object_kind="award",
                object_id=award.id,
                claim_id=award.claim_id,
                subject_id=award.subject_id,
                kind="award.completed",
                from_state=before,
                to_state=award.state,
                actor_kind=SYSTEM.kind,
                actor_id=SYSTEM.subject_id,
                actor_name=SYSTEM.name,
                detail={},
                is_public=True,
                happened_at=now,
            )
        )
    record_events(session, events)


def _tell(
    session: Session, ports: Ports, terms: TermsInForce, moved: Sequence[Answered], *, now: datetime
) -> None:
    letters = [
        _letter(payment, terms.of(payment.policy_id, payment.policy_version), answer)
        for payment, answer in moved
        if payment.state in (S.PAID, S.RETURNED)
    ]
    if letters:
        tell_all(session, ports, letters, now=now)


def _letter(payment: Payment, terms: Terms, answer: TreasuryAnswer) -> Letter:
    policy, period, yuan = terms.named, payment.period, format_yuan(payment.amount_fen)
    if payment.state == S.PAID:
        title = worded("%(policy)s：已到账", policy=policy)
        body = worded("%(period)s 的 %(yuan)s元 已汇入您的收款账户。", period=period, yuan=yuan)
    else:
        title = worded("%(policy)s：银行退回", policy=policy)
        body = worded(
            "%(period)s 的 %(yuan)s元 未能汇入（%(reason)s）。款项仍为您保留，请核对或更换收款账户。",
            period=period,
            yuan=yuan,
            reason=as_said(answer.reason) if answer.reason else worded("原因待查"),
        )
    return Letter(payment.subject_id, f"payment.{payment.state}", title, body, f"/claims/{payment.claim_id}")
