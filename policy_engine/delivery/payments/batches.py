"""A finance seat approves what is reserved; each payment is judged once more on today's facts before it leaves."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.bulk import insert_object
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.access import is_concerned, may_approve_payments
from policy_engine.delivery.awards import hearing as awards
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.cases.holds import holds_of, place_hold, release_holds
from policy_engine.delivery.cases.numbers import batch_number
from policy_engine.delivery.cases.timeline import SYSTEM, actor_of
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.history import log
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.payments.reserving import TermsInForce
from policy_engine.delivery.periods import next_start
from policy_engine.delivery.ports import Ports, Question, Recheck
from policy_engine.delivery.terms import Terms

LARGEST_BATCH = 2000


def approve_batch(
    session: Session,
    ports: Ports,
    *,
    principal: Principal,
    payment_ids: Sequence[uuid.UUID] | None = None,
    period: str | None = None,
    now: datetime,
) -> PaymentBatch:
    """Instruct the reserved payments of the seat's division (those named, or a period's); losses are held, not paid.

    Raises ``Forbidden`` when the approver decided every one of them, ``Conflict`` when none is ready.
    """
    seat = _finance_seat(principal)
    if payment_ids is not None and len(payment_ids) > LARGEST_BATCH:
        raise InvalidInput(_("一批最多 %(count)d 笔。", count=LARGEST_BATCH))
    ready = repository.lock_ready(
        session, seat.division, payment_ids=payment_ids, period=period, limit=LARGEST_BATCH
    )
    if not ready:
        raise Conflict(_("没有可以支付的款项，可能已由他人办理。"))
    mine = _without_own(session, ports, ready, principal, now=now)
    if not mine:
        raise Forbidden(_("这些款项由您审核过或与您有关，应由其他人员批准支付。"))
    standing = those_that_stand(session, ports, mine, now=now)
    batch = PaymentBatch(
        id=new_id(),
        number=batch_number(session, seat.division, business_date(now)),
        division=seat.division,
        approved_by_id=principal.subject_id,
        approved_by_name=principal.name,
        seat_id=seat.id,
        approved_at=now,
        payment_count=len(standing),
        total_fen=sum(one.amount_fen for one in standing),
        held_count=len(mine) - len(standing),
    )
    insert_object(session, batch, refers=False)  # payments refer to it, and it to nothing
    payments.instruct_all(session, standing, batch, now=now)
    _audit(session, principal, batch, now=now)
    return batch


def release_payment(
    session: Session, *, payment_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Payment:
    """A person looked at a held payment and lets it go on; the next batch does not hold it for the same cause.

    Raises ``Conflict`` for what is held because of a death: it would leave for the account of the dead.
    """
    payment = repository.lock_payment(session, payment_id)
    if payment is None or not may_approve_payments(principal, payment.division):
        raise NotFound(_("没有找到您要的内容。"))
    if is_concerned(principal.subject_id, {payment.subject_id, payment.payee_id, payment.unit_id}):
        raise Forbidden(_("您与这笔款项有利害关系，应当回避。"))
    if not reason.strip():
        raise InvalidInput(_("请写明放行的理由。"))
    if any(hold.cause == "death" for hold in holds_of(session, payment)):
        raise Conflict(
            _("收到过死亡信息，这笔款项不能放行：信息有误的，请恢复待遇；属实的，等家属登记收款账户。")
        )
    release_holds(session, payment, released_by_id=principal.subject_id, now=now)
    payment.recheck = {
        **(payment.recheck or {}),
        "released_by": principal.subject_id,
        "reason": reason.strip(),
    }
    log(
        session,
        payment,
        "payment.released",
        actor_of(principal),
        payment.state,
        now=now,
        detail={"reason": reason},
    )
    audit.record(
        session,
        actor=principal,
        action="payment.release",
        object_kind="payment",
        object_id=payment.id,
        now=now,
    )
    return payment


def those_that_stand(
    session: Session, ports: Ports, asked: Sequence[Payment], *, now: datetime
) -> list[Payment]:
    """The pinned versions on today's facts: a loss holds the payment with its reason and opens a hearing.

    The others are given back, in their order; what a person let go on is not asked again.
    """
    terms, today = TermsInForce(session, ports), business_date(now)
    questions = {
        payment.id: Question(
            policy_id=payment.policy_id,
            version=payment.policy_version,
            subject_id=payment.subject_id,
            unit_id=payment.unit_id,
            on=_judged_on(terms.of(payment.policy_id, payment.policy_version), payment, today),
        )
        for payment in asked
        if "released_by" not in (payment.recheck or {})
    }
    rechecks = ports.reevaluate_many(session, list(questions.values()))
    found = dict(zip(questions, rechecks, strict=True))
    standing = [
        payment
        for payment in asked
        if payment.id not in found or _stands(session, ports, payment, found[payment.id], now=now)
    ]
    return [payment for payment in standing if not payment.is_held]  # a loss holds the award's others too


def _stands(session: Session, ports: Ports, payment: Payment, recheck: Recheck, *, now: datetime) -> bool:
    payment.recheck = msgspec.to_builtins(recheck)
    reason = _why_held(recheck, payment)
    if reason is None:
        return True
    place_hold(session, payment, "recheck", reason, set_by_id=None, now=now)
    log(session, payment, "payment.held", SYSTEM, payment.state, now=now, detail={"reason": reason})
    if recheck.verdict == "ineligible":
        award = award_rows.get_award(session, payment.award_id)
        if award is not None:
            awards.suspect(session, ports, award, reason, now=now)
    return False


def _judged_on(terms: Terms, payment: Payment, today: date) -> date:
    """Today for the running period; for arrears the first day of the period they are for."""
    following = next_start(terms.period, payment.period_starts_on)
    is_past = following is not None and following <= today
    return payment.period_starts_on if is_past else today


def _why_held(recheck: Recheck, payment: Payment) -> str | None:
    if recheck.verdict == "ineligible":
        return "按今天的信息复核：不再符合条件"
    if recheck.verdict == "unknown":
        return "按今天的信息复核：有信息缺失，无法确认"
    if recheck.amount_fen is not None and recheck.amount_fen < payment.amount_fen:
        return "按今天的信息复核：金额低于原核定金额"
    return None


def _without_own(
    session: Session, ports: Ports, ready: Sequence[Payment], principal: Principal, *, now: datetime
) -> list[Payment]:
    """Without those the approver reviewed, receives or entered: who decides does not pay."""
    officials = claim_rows.officials_of(session, {payment.claim_id for payment in ready})
    wards = ports.people.wards_of(session, principal.subject_id, business_date(now))
    own = wards | {principal.subject_id}
    return [
        payment
        for payment in ready
        if principal.subject_id not in officials.get(payment.claim_id, set())
        and not own & {payment.subject_id, payment.payee_id, payment.unit_id}
    ]


def _finance_seat(principal: Principal) -> SeatView:
    if principal.seat is None or not principal.has_duty("payment.approve"):
        raise Forbidden(_("批准支付不属于您所在席位的职责。"))
    return principal.seat


def _audit(session: Session, principal: Principal, batch: PaymentBatch, *, now: datetime) -> None:
    audit.record(
        session,
        actor=principal,
        action="payment.approve_batch",
        object_kind="payment_batch",
        object_id=batch.id,
        detail={"payments": batch.payment_count, "total_fen": batch.total_fen, "held": batch.held_count},
        now=now,
    )
