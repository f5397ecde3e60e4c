"""Losing a right, only after being heard: suspicion, restoring and ending. Deaths are in ``awards.deaths``."""

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from kernel.wording import Month, Wording, worded
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.access import is_concerned
from policy_engine.delivery.awards import losses, repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.awards.service import pay_due
from policy_engine.delivery.cases.holds import release_holds
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import Actor, actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.periods import add_months, month_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import notices as recovery
from policy_engine.delivery.states import AWARD, AwardState
from policy_engine.delivery.terms import Terms

RIGHT_ENDED = "award.ended"


def suspect(session: Session, ports: Ports, award: Award, reason: str, *, now: datetime) -> None:
    """A feed says the right is lost: hold what has not left, tell the person, and hear them before anything ends."""
    if not AWARD.may(AwardState(award.state), "suspect"):
        return
    if losses.is_within_measure(session, award, reason, now=now):
        losses.doubt(session, ports, award, reason, now=now)


def restore_award(
    session: Session, ports: Ports, *, award_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Award:
    """The right stands after all: holds are lifted and every period missed meanwhile becomes due, in one action."""
    award = award_for_seat(session, ports, award_id, principal, reason, now=now)
    before, award.state = award.state, AWARD.move(AwardState(award.state), "restore")
    award.state_reason, award.hearing_until_on = None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        release_holds(session, payment, released_by_id=principal.subject_id, now=now)
    terms = ports.terms(session, award.policy_id, award.policy_version)
    pay_due(session, ports, award, terms, until=business_date(now), now=now)
    log(session, award, "award.restored", actor_of(principal), before, now=now, detail={"reason": reason})
    _tell_seat_act(
        session,
        ports,
        award,
        terms,
        "restored",
        worded("恢复发放"),
        worded("经核实恢复：%(reason)s", reason=reason),
        principal,
        now=now,
    )
    return award


def end_award(
    session: Session,
    ports: Ports,
    *,
    award_id: uuid.UUID,
    principal: Principal,
    from_month: date,
    reason: str,
    now: datetime,
) -> Award:
    """End a right from a month on, after the hearing; payments of earlier months stay due, later ones are given up."""
    award = award_for_seat(session, ports, award_id, principal, reason, now=now)
    if (
        award.state == AwardState.SUSPECTED
        and award.hearing_until_on
        and business_date(now) <= award.hearing_until_on
    ):
        raise Conflict(_("当事人的陈述期限未满，期满后才能终止。"))
    first_unpaid = month_of(from_month)
    terms = ports.terms(session, award.policy_id, award.policy_version)
    end_from(session, award, terms, first_unpaid, reason, actor=actor_of(principal), now=now)
    too_much = recovery.paid_from(session, award.id, first_unpaid)
    if too_much:
        recovery.give_notice(
            session,
            ports,
            award,
            too_much,
            cause="lost_right",
            is_official_error=False,
            reason=reason,
            actor=actor_of(principal),
            recipients=ports.people.recipients_of(session, [award.subject_id], business_date(now))[
                award.subject_id
            ],
            now=now,
        )
    body = worded(
        "自 %(month)s 起终止。理由：%(reason)s。您可在六十日内申请行政复议、六个月内提起行政诉讼。",
        month=Month.of(first_unpaid),
        reason=reason,
    )
    _tell_seat_act(session, ports, award, terms, "ended", worded("待遇终止"), body, principal, now=now)
    return award


def end_from(
    session: Session,
    award: Award,
    terms: Terms,
    first_unpaid: date,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """No period from ``first_unpaid`` on is paid; what is due for earlier ones goes on. The award's row is locked."""
    before, award.state = award.state, AWARD.move(AwardState(award.state), "end")
    award.ends_on = add_months(first_unpaid, -1)
    award.end_reason, award.next_due_on, award.state_reason = reason, None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        if payment.period_starts_on >= first_unpaid:
            payments.cancel(session, payment, reason, now=now)
        else:
            release_holds(session, payment, released_by_id=actor.subject_id, now=now)
    log(session, award, "award.ended", actor, before, now=now, detail={"reason": reason})
    if terms.rivals:
        freed = {"policy_id": award.policy_id, "unit_id": award.unit_id, "subject_id": award.subject_id}
        enqueue(session, RIGHT_ENDED, f"unit:{award.unit_id}", freed, now=now)


def award_for_seat(
    session: Session, ports: Ports, award_id: uuid.UUID, principal: Principal, reason: str, *, now: datetime
) -> Award:
    """The award, locked, for a deciding seat of its division that is not concerned itself."""
    award = repository.lock_award(session, award_id)
    seat = principal.seat
    if award is None or seat is None or not encloses(seat.division, award.division):
        raise NotFound(_("没有找到您要的内容。"))
    if not principal.has_duty("claim.decide"):
        raise Forbidden(_("恢复或终止待遇不属于您所在席位的职责。"))
    guardians = ports.people.guardians_of(session, award.subject_id, business_date(now))
    if is_concerned(
        principal.subject_id,
        {award.subject_id, award.applicant_id, award.payee_id, award.unit_id} | guardians,
    ):
        raise Forbidden(_("您与这项待遇有利害关系，应当回避。"))
    if not reason.strip():
        raise InvalidInput(_("请写明理由，当事人会看到它。"))
    return award


def _tell_seat_act(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    kind: str,
    words: Wording,
    body: Wording,
    principal: Principal,
    *,
    now: datetime,
) -> None:
    audit.record(
        session, actor=principal, action=f"award.{kind}", object_kind="award", object_id=award.id, now=now
    )
    tell(
        session,
        ports,
        award.subject_id,
        f"award.{kind}",
        worded("%(policy)s：%(outcome)s", policy=terms.named, outcome=words),
        body,
        link=f"/claims/{award.claim_id}",
        now=now,
    )
