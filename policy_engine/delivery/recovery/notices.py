"""Finding that too much was paid, and telling and hearing the payee before anything is owed.

Nothing is debited by itself, and no later payment is set off: practice and 民法典 Art. 985 leave that to a decision.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import format_yuan
from kernel.web.principal import Principal
from kernel.wording import Wording, as_said, listed, worded
from kernel.working_days import add_working_days
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.timeline import Actor, actor_of, record_event
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import repository
from policy_engine.delivery.recovery.models import OverpaidPeriod, Overpayment
from policy_engine.delivery.states import OverpaymentState, PaymentState

HEARING_WORKING_DAYS = 10
LONGEST_STATEMENT = 2000
NOTHING = as_said("")

Cause = Literal["death", "lost_right", "adjusted", "other"]


def paid_from(session: Session, award_id: uuid.UUID, first_unpaid: date) -> list[tuple[Payment, int]]:
    """What was paid for periods in which the right no longer stood, less what is asked back already."""
    paid = [
        payment
        for payment in payment_rows.payments_of_award(session, award_id)
        if payment.state == PaymentState.PAID and payment.period_starts_on >= first_unpaid
    ]
    asked = repository.claimed_back(session, [payment.id for payment in paid])
    left = [(payment, payment.amount_fen - asked.get(payment.id, 0)) for payment in paid]
    return [(payment, amount) for payment, amount in left if amount > 0]


def give_notice(
    session: Session,
    ports: Ports,
    award: Award,
    too_much: Sequence[tuple[Payment, int]],
    *,
    cause: Cause,
    is_official_error: bool,
    reason: str,
    actor: Actor,
    recipients: frozenset[int],
    due_to_family: Wording = NOTHING,
    now: datetime,
) -> Overpayment:
    """Tell ``recipients`` what was paid too much, why, and until when they are heard. The award's row is locked.

    Raises ``Conflict`` when a payment is not paid, or more is asked back than it was.
    """
    asked = repository.claimed_back(session, [payment.id for payment, _amount in too_much])
    for payment, amount in too_much:
        if payment.state != PaymentState.PAID or amount + asked.get(payment.id, 0) > payment.amount_fen:
            raise Conflict(_("这一期没有这么多可以退回的款项，请核对。"))
    until = add_working_days(business_date(now), HEARING_WORKING_DAYS)
    overpayment = Overpayment(
        id=new_id(),
        award_id=award.id,
        claim_id=award.claim_id,
        policy_id=award.policy_id,
        policy_version=award.policy_version,
        subject_id=award.subject_id,
        division=award.division,
        cause=cause,
        is_official_error=is_official_error,
        reason=str(reason),
        amount_fen=sum(amount for _payment, amount in too_much),
        state=OverpaymentState.NOTICED,
        hearing_until_on=until,
        found_by_id=actor.subject_id,
        found_at=now,
        updated_at=now,
    )
    session.add(overpayment)
    session.flush()
    session.add_all(
        OverpaidPeriod(overpayment_id=overpayment.id, payment_id=payment.id, amount_fen=amount)
        for payment, amount in too_much
    )
    session.flush()
    log(session, overpayment, "overpayment.noticed", actor, None, reason=str(reason), now=now)
    policy = ports.terms(session, award.policy_id, award.policy_version).named
    body = due_to_family + worded(
        "%(periods)s 的款项中有 %(yuan)s元 可能多发。理由：%(reason)s。"
        "您可在 %(until)s 前说明情况；在作出书面决定之前，您不需要退回任何款项，也不会自动扣款。",
        periods=listed(sorted(payment.period for payment, _amount in too_much)),
        yuan=format_yuan(overpayment.amount_fen),
        reason=reason,
        until=until,
    )
    tell_these(
        session,
        recipients,
        "overpayment.noticed",
        worded("%(policy)s：有款项需要核实", policy=policy),
        body,
        link=f"/recoveries/{overpayment.id}",
        now=now,
    )
    return overpayment


def state_ones_view(
    session: Session,
    overpayment_id: uuid.UUID,
    *,
    principal: Principal,
    statement: str,
    now: datetime,
) -> Overpayment:
    """What the payee, or a dead payee's family, has to say; read by whoever decides. Access is judged by the caller."""
    overpayment = repository.lock_overpayment(session, overpayment_id)
    if overpayment is None:
        raise NotFound(_("没有找到您要的内容。"))
    if overpayment.state != OverpaymentState.NOTICED:
        raise Conflict(_("这件事已经作出决定，不能再补充说明；您仍可以申诉或申请行政复议。"))
    if not statement.strip() or len(statement) > LONGEST_STATEMENT:
        raise InvalidInput(_("请写明情况，不超过 %(count)d 字。", count=LONGEST_STATEMENT))
    said = f"{overpayment.statement}\n" if overpayment.statement else ""
    overpayment.statement = said + statement.strip()
    log(session, overpayment, "overpayment.stated", actor_of(principal), overpayment.state, now=now)
    return overpayment


def recipients_of(
    session: Session, ports: Ports, overpayment: Overpayment, *, now: datetime
) -> frozenset[int]:
    """Whom letters about it reach: the family of the dead, else whoever follows the subject's affairs."""
    on = business_date(now)
    if overpayment.cause == "death":
        return ports.people.family_of(session, overpayment.subject_id, on)
    return ports.people.recipients_of(session, [overpayment.subject_id], on)[overpayment.subject_id]


def log(
    session: Session,
    overpayment: Overpayment,
    kind: str,
    actor: Actor,
    before: str | None,
    *,
    reason: str = "",
    amount_fen: int | None = None,
    now: datetime,
) -> None:
    overpayment.updated_at = now
    record_event(
        session,
        "overpayment",
        overpayment.id,
        kind,
        claim_id=overpayment.claim_id,
        subject_id=overpayment.subject_id,
        actor=actor,
        now=now,
        moved=(before, overpayment.state),
        detail={"reason": reason, "amount_fen": amount_fen or overpayment.amount_fen},
    )
