"""One bad feed must not stop a city: beyond one in two hundred rights of a policy a day, all wait for a person.

The first losses of a day are suspected one by one, as they come. When they become too many, those of the day are lifted
again, no further one is begun, and an official of the deciding authority looks: the feed is right, and each is then
heard in its turn; or it is wrong, and nobody was stopped.
"""

import uuid
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award, LossDay
from policy_engine.delivery.cases.holds import place_hold, release_holds
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, AwardState

#: Of a policy's live awards, what a day's feeds may put in doubt by themselves: 0.5 %.
SHARE_PERMILLE = 5
#: Of few awards one is more than that share already; so many a day are ordinary.
ORDINARY = 5
LONGEST_REASON = 500
HEARING_WORKING_DAYS = 10

LIFT: Final = "award.lift_losses"
HEAR: Final = "award.hear_losses"

Outcome = Literal["carried_out", "dismissed"]


def is_within_measure(session: Session, award: Award, reason: str, *, now: datetime) -> bool:
    """Count one more loss of the day; False when it must wait for a person. The award's row is locked."""
    day = repository.lock_loss_day(session, award.policy_id, business_date(now))
    if repository.note_loss(session, day, award.id, reason):
        day.loss_count += 1
    if day.state == "flowing" and day.loss_count > measure(day.live_count):
        _hold(session, day, now=now)
    return day.state in ("flowing", "carried_out")


def measure(live_count: int) -> int:
    """How many losses a day are ordinary for a policy with so many live awards."""
    return max(ORDINARY, live_count * SHARE_PERMILLE // 1000)


def clear_suspicion(session: Session, award: Award, *, now: datetime) -> None:
    """The feed took it back: the system lifts its own suspicion, never a person's pause."""
    if award.state != AwardState.SUSPECTED:
        return
    before, award.state = award.state, AWARD.move(AwardState(award.state), "restore")
    award.state_reason, award.hearing_until_on = None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        release_holds(session, payment, released_by_id=None, now=now)
    log(session, award, "award.restored", SYSTEM, before, now=now)


def doubt(session: Session, ports: Ports, award: Award, reason: str, *, now: datetime) -> None:
    """The same without asking how many others of the day there are. The award's row is locked."""
    before, award.state = award.state, AWARD.move(AwardState(award.state), "suspect")
    award.state_reason = reason
    award.hearing_until_on = add_working_days(business_date(now), HEARING_WORKING_DAYS)
    hold_payments(session, award, "suspected_loss", reason, now=now)
    log(session, award, "award.suspected", SYSTEM, before, now=now, detail={"reason": reason})
    terms = ports.terms(session, award.policy_id, award.policy_version)
    tell(
        session,
        ports,
        award.subject_id,
        "award.suspected",
        worded("%(policy)s：资格需要核实", policy=terms.named),
        worded(
            "有关部门的信息显示您可能不再符合条件，款项暂缓发放。您可在 %(until)s 前说明情况，核实前不会终止您的待遇。",
            until=award.hearing_until_on,
        ),
        link=f"/claims/{award.claim_id}",
        now=now,
    )


def hold_payments(
    session: Session, award: Award, cause: Literal["suspected_loss", "death"], reason: str, *, now: datetime
) -> None:
    for payment in payment_rows.lock_not_instructed(session, award.id):
        place_hold(session, payment, cause, reason, set_by_id=None, now=now)
        payments.log(
            session, payment, "payment.held", SYSTEM, payment.state, now=now, detail={"reason": reason}
        )


def decide_losses(
    session: Session,
    *,
    policy_id: str,
    day: date,
    principal: Principal,
    outcome: Outcome,
    reason: str,
    now: datetime,
) -> None:
    """A deciding seat says whether the feed is right: then each is heard in its turn; or it is wrong, and that is all.

    Raises ``Conflict`` when nothing is held, ``Forbidden`` for another seat.
    """
    seat = principal.seat
    if seat is None or not principal.has_duty("claim.decide"):
        raise Forbidden(_("批量核查不属于您所在席位的职责。"))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(_("请写明理由。"))
    held = repository.lock_loss_day(session, policy_id, day)
    if held.state != "held":
        raise Conflict(_("这一天没有等待核查的批量变动。"))
    held.state, held.decided_by_id, held.reason, held.decided_at = outcome, principal.subject_id, reason, now
    audit.record(
        session,
        actor=principal,
        action=f"award.losses_{outcome}",
        object_kind="policy",
        object_id=policy_id,
        detail={"day": day.isoformat(), "losses": held.loss_count, "live": held.live_count},
        now=now,
    )
    if outcome == "carried_out":
        _ask(session, HEAR, held, now=now)


def lift_next(
    session: Session, policy_id: str, day: date, after: uuid.UUID | None, *, now: datetime
) -> uuid.UUID | None:
    """Lift the suspicion of the next award of a held day; its id, none when all have been."""
    award = _next(session, policy_id, day, after)
    if award is not None and award.state_reason is not None:
        clear_suspicion(session, award, now=now)
    return award.id if award is not None else None


def hear_next(
    session: Session, ports: Ports, policy_id: str, day: date, after: uuid.UUID | None, *, now: datetime
) -> uuid.UUID | None:
    """Begin the hearing of the next award of a day, if today's facts still say that the right is lost."""
    award = _next(session, policy_id, day, after)
    if award is None:
        return None
    on = business_date(now)
    recheck = ports.reevaluate(
        session, award.policy_id, award.policy_version, award.subject_id, award.unit_id, on
    )
    if recheck.verdict == "ineligible" and AWARD.may(AwardState(award.state), "suspect"):
        doubt(session, ports, award, repository.loss_reason(session, policy_id, day, award.id), now=now)
    return award.id


def _next(session: Session, policy_id: str, day: date, after: uuid.UUID | None) -> Award | None:
    award_id = repository.next_loss(session, policy_id, day, after)
    return None if award_id is None else repository.lock_award(session, award_id)


def _hold(session: Session, day: LossDay, *, now: datetime) -> None:
    """Wait for a person: what the day began is lifted after the commit, one award at a time."""
    day.state = "held"
    _ask(session, LIFT, day, now=now)
    audit.record(
        session,
        actor="delivery",
        action="award.losses_held",
        object_kind="policy",
        object_id=day.policy_id,
        detail={"day": day.day.isoformat(), "losses": day.loss_count, "live": day.live_count},
        now=now,
    )


def _ask(session: Session, topic: str, day: LossDay, *, now: datetime) -> None:
    payload = {"policy_id": day.policy_id, "day": day.day.isoformat()}
    enqueue(session, topic, f"losses:{day.policy_id}:{day.day}", payload, now=now)
