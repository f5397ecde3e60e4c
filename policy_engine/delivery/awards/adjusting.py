"""An award's amount changes: coming periods pay the new sum, what past ones lack is paid as arrears (补发).

The engine only proposes (``rematched_amount_fen``); a person adjusts, one award or all that a new standard raised.
Each past period is worked out anew as of its own day, so a standard published late reaches exactly the months it is
in force for. What was paid too much is the matter of ``recovery``: told, heard, decided, never set off.
"""

import uuid
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, DongchuError
from kernel.i18n import gettext as _
from kernel.money import format_yuan
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.awards import allowance, repository
from policy_engine.delivery.awards.hearing import award_for_seat
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import notices as recovery
from policy_engine.delivery.recovery import repository as recovery_rows
from policy_engine.delivery.states import NOT_YET_INSTRUCTED, AwardState, PaymentState
from policy_engine.delivery.terms import Terms

LARGEST_BATCH = 200


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """``arrears_fen`` and ``overpaid_fen`` are sums over the past periods; ``problem`` where nothing was done."""

    award_id: uuid.UUID
    amount_fen: int
    arrears_fen: int = 0
    overpaid_fen: int = 0
    problem: str = ""


def adjust_award(
    session: Session, ports: Ports, *, award_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Adjusted:
    """Bring an active award to what its pinned version gives today, and settle its past periods.

    Raises ``Conflict`` when the right is not in force, or is not certain on today's facts.
    """
    award = award_for_seat(session, ports, award_id, principal, reason, now=now)
    if award.state != AwardState.ACTIVE or award.amount_fen is None or award.period == "once":
        raise Conflict(_("这项待遇现在不能调整金额。"))
    terms = ports.terms(session, award.policy_id, award.policy_version)
    allowance.hold(session, ports, [(terms, award.subject_id, award.unit_id)])
    today = business_date(now)
    present = _amount_on(session, ports, award, today)
    if present is None:
        raise Conflict(_("按今天的信息不能确定金额，请先核实资格。"))
    before, award.amount_fen, award.rematched_amount_fen = award.amount_fen, present, None
    arrears, overpaid = _settle_past(
        session, ports, award, terms, today, actor_of(principal), reason, now=now
    )
    detail = {"before_fen": before, "amount_fen": present, "reason": reason}
    log(session, award, "award.adjusted", actor_of(principal), award.state, now=now, detail=detail)
    audit.record(
        session,
        actor=principal,
        action="award.adjust",
        object_kind="award",
        object_id=award.id,
        detail={
            "before_fen": before,
            "amount_fen": present,
            "arrears_fen": arrears,
            "overpaid_fen": overpaid,
        },
        now=now,
    )
    _tell(session, ports, award, terms, before, arrears, reason, now=now)
    return Adjusted(award_id=award.id, amount_fen=present, arrears_fen=arrears, overpaid_fen=overpaid)


def adjust_raised(
    session: Session, ports: Ports, *, principal: Principal, policy_id: str, reason: str, now: datetime
) -> list[Adjusted]:
    """The same for up to 200 awards of a policy that today's facts and standards raise, each by its own rules."""
    done = []
    for award_id in repository.lock_raised(session, policy_id, LARGEST_BATCH):
        try:
            with session.begin_nested():
                done.append(
                    adjust_award(
                        session, ports, award_id=award_id, principal=principal, reason=reason, now=now
                    )
                )
        except DongchuError as problem:
            done.append(Adjusted(award_id=award_id, amount_fen=0, problem=problem.detail))
    return done


def _settle_past(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    today: date,
    actor: Actor,
    reason: str,
    *,
    now: datetime,
) -> tuple[int, int]:
    """Arrears for periods that were paid too little, and one notice about all that were paid too much."""
    arrears = 0
    payment_rows.lock_not_instructed(session, award.id)  # who waits for money may be getting it just now
    too_much: list[tuple[Payment, int]] = []
    for payment, kept_fen in _periods(session, award):
        right = _amount_on(session, ports, award, min(payment.period_starts_on, today))
        if right is None or right == kept_fen:
            continue
        if right > kept_fen:
            arrears += _top_up(session, ports, award, terms, payment, right - kept_fen, now=now)
            continue
        excess = min(kept_fen - right, payment.amount_fen)
        if PaymentState(payment.state) in NOT_YET_INSTRUCTED:
            payments.lower(session, payment, excess, reason, now=now)
        elif payment.state == PaymentState.PAID:
            too_much.append((payment, excess))
    if too_much:
        recipients = ports.people.recipients_of(session, [award.subject_id], today)[award.subject_id]
        recovery.give_notice(
            session,
            ports,
            award,
            too_much,
            cause="adjusted",
            is_official_error=False,
            reason=reason,
            actor=actor,
            recipients=recipients,
            now=now,
        )
    return arrears, sum(amount for _payment, amount in too_much)


def _top_up(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    payment: Payment,
    lacking_fen: int,
    *,
    now: datetime,
) -> int:
    """What a period lacks, as far as the cap of its year leaves it; how much that was."""
    start = payment.period_starts_on
    allowed = allowance.within_caps(session, ports, award, terms, start, lacking_fen)
    if allowed.amount_fen:
        payments.make_top_up(session, ports, award, terms, payment, allowed.amount_fen, now=now)
    if allowed.reached is not None:
        detail = {
            "period": payment.period,
            "reason": str(allowed.reached.reason),
            "amount_fen": allowed.amount_fen,
        }
        kind = "award.cap_lowers" if allowed.amount_fen else "award.cap_reached"
        log(session, award, kind, SYSTEM, award.state, now=now, detail=detail)
    return allowed.amount_fen


def _periods(session: Session, award: Award) -> list[tuple[Payment, int]]:
    """Each period's regular payment with all that its payee keeps for the period, the oldest first."""
    made = [
        payment
        for payment in payment_rows.payments_of_award(session, award.id)
        if payment.state != PaymentState.CANCELLED
    ]
    asked = recovery_rows.claimed_back(session, [payment.id for payment in made])
    kept: dict[str, int] = {}
    for payment in made:
        kept[payment.period] = kept.get(payment.period, 0) + payment.amount_fen - asked.get(payment.id, 0)
    regular = sorted((one for one in made if one.kind == "regular"), key=lambda one: one.period_starts_on)
    return [(payment, kept[payment.period]) for payment in regular]


def _amount_on(session: Session, ports: Ports, award: Award, day: date) -> int | None:
    """What the pinned version pays as of a day; none where the right is not certain then."""
    recheck = ports.reevaluate(
        session, award.policy_id, award.policy_version, award.subject_id, award.unit_id, day
    )
    return recheck.amount_fen if recheck.verdict == "eligible" else None


def _tell(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    before: int,
    arrears: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    present = award.amount_fen or 0
    body = worded(
        "由 %(before)s元 调整为 %(after)s元。理由：%(reason)s。",
        before=format_yuan(before),
        after=format_yuan(present),
        reason=reason,
    )
    if arrears:
        body = body + worded("以前各期补发 %(yuan)s元。", yuan=format_yuan(arrears))
    if present < before:
        body = body + worded("您可在六十日内申请行政复议、六个月内提起行政诉讼。")
    title, link = worded("%(policy)s：金额调整", policy=terms.named), f"/claims/{award.claim_id}"
    tell(session, ports, award.subject_id, "award.adjusted", title, body, link=link, now=now)
