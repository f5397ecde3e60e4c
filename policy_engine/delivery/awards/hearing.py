"""Losing a right, only after being heard: suspicion, death, restoring and ending."""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from kernel.working_days import add_working_days
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.access import is_concerned
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.awards.service import pay_due
from policy_engine.delivery.cases.holds import place_hold, release_holds
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM, actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.periods import add_months, month_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, AwardState
from policy_engine.delivery.terms import Terms
from policy_engine.profiles import repository as profiles

HEARING_WORKING_DAYS = 10
RIGHT_ENDED = "award.ended"


def suspect(session: Session, ports: Ports, award: Award, reason: str, *, now: datetime) -> None:
    """A feed says the right is lost: hold what has not left, tell the person, and hear them before anything ends."""
    if not AWARD.may(AwardState(award.state), "suspect"):
        return
    before, award.state = award.state, AWARD.move(AwardState(award.state), "suspect")
    award.state_reason = reason
    award.hearing_until_on = add_working_days(business_date(now), HEARING_WORKING_DAYS)
    _hold_payments(session, award, "suspected_loss", reason, now=now)
    log(session, award, "award.suspected", SYSTEM, before, now=now, detail={"reason": reason})
    terms = ports.terms(session, award.policy_id, award.policy_version)
    tell(
        session,
        ports,
        award.subject_id,
        "award.suspected",
        f"{terms.title}：资格需要核实",
        f"有关部门的信息显示您可能不再符合条件，款项暂缓发放。您可在 {award.hearing_until_on:%Y-%m-%d} "
        "前说明情况，核实前不会终止您的待遇。",
        link=f"/claims/{award.claim_id}",
        now=now,
    )


def clear_suspicion(session: Session, award: Award, *, now: datetime) -> None:
    """The feed took it back: the system lifts its own suspicion, never a person's pause."""
    if award.state != AwardState.SUSPECTED:
        return
    before, award.state = award.state, AWARD.move(AwardState(award.state), "restore")
    award.state_reason, award.hearing_until_on = None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        release_holds(session, payment, released_by_id=None, now=now)
    log(session, award, "award.restored", SYSTEM, before, now=now)


def suspend_for_death(session: Session, ports: Ports, *, subject_id: int, source: str, now: datetime) -> int:
    """Future payments of the dead stop at once; the family is told, and nothing is ended before it is confirmed."""
    awards = repository.lock_live_of_subject(session, subject_id)
    stopped = [award for award in awards if AWARD.may(AwardState(award.state), "suspend")]
    for award in stopped:
        before, award.state = award.state, AWARD.move(AwardState(award.state), "suspend")
        award.state_reason, award.updated_at = "death", now
        _hold_payments(session, award, "death", "死亡信息待核实", now=now)
        log(session, award, "award.suspended", SYSTEM, before, now=now, detail={"source": source})
        terms = ports.terms(session, award.policy_id, award.policy_version)
        tell(
            session,
            ports,
            award.subject_id,
            "award.suspended",
            f"{terms.title}：暂停发放",
            "收到需要核实的信息，后续款项暂停。如信息有误，请联系社区或拨打 12345，核实后一次补发。",
            link=f"/claims/{award.claim_id}",
            now=now,
        )
    return len(stopped)


def stop_for_deaths(session: Session, ports: Ports, *, subject_ids: Collection[int], now: datetime) -> int:
    """Of those whose facts just changed, suspend the awards of those now known as dead; how many awards that were."""
    stopped = 0
    for subject_id, known in profiles.load_subjects(session, subject_ids).items():
        death = known.facts.get("is_deceased")
        if death is not None and death.value is True:
            stopped += suspend_for_death(session, ports, subject_id=subject_id, source=death.source, now=now)
    return stopped


def restore_award(
    session: Session, ports: Ports, *, award_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Award:
    """The right stands after all: holds are lifted and every period missed meanwhile becomes due, in one action."""
    award = _award_for_seat(session, ports, award_id, principal, reason, now=now)
    before, award.state = award.state, AWARD.move(AwardState(award.state), "restore")
    award.state_reason, award.hearing_until_on = None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        release_holds(session, payment, released_by_id=principal.subject_id, now=now)
    terms = ports.terms(session, award.policy_id, award.policy_version)
    pay_due(session, ports, award, terms, until=business_date(now), now=now)
    log(session, award, "award.restored", actor_of(principal), before, now=now, detail={"reason": reason})
    _tell_seat_act(
        session, ports, award, terms, "restored", "恢复发放", f"经核实恢复：{reason}", principal, now=now
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
    award = _award_for_seat(session, ports, award_id, principal, reason, now=now)
    if (
        award.state == AwardState.SUSPECTED
        and award.hearing_until_on
        and business_date(now) <= award.hearing_until_on
    ):
        raise Conflict(_("当事人的陈述期限未满，期满后才能终止。"))
    before, award.state = award.state, AWARD.move(AwardState(award.state), "end")
    first_unpaid = month_of(from_month)
    award.ends_on = add_months(first_unpaid, -1)
    award.end_reason, award.next_due_on, award.state_reason = reason, None, None
    for payment in payment_rows.lock_not_instructed(session, award.id):
        if payment.period_starts_on >= first_unpaid:
            payments.cancel(session, payment, reason, now=now)
        else:
            release_holds(session, payment, released_by_id=principal.subject_id, now=now)
    terms = ports.terms(session, award.policy_id, award.policy_version)
    log(session, award, "award.ended", actor_of(principal), before, now=now, detail={"reason": reason})
    if terms.rivals:
        freed = {"policy_id": award.policy_id, "unit_id": award.unit_id, "subject_id": award.subject_id}
        enqueue(session, RIGHT_ENDED, f"unit:{award.unit_id}", freed, now=now)
    body = f"自 {first_unpaid:%Y年%m月} 起终止。理由：{reason}。您可在六十日内申请行政复议、六个月内提起行政诉讼。"
    _tell_seat_act(session, ports, award, terms, "ended", "待遇终止", body, principal, now=now)
    return award


def _hold_payments(
    session: Session, award: Award, cause: Literal["suspected_loss", "death"], reason: str, *, now: datetime
) -> None:
    for payment in payment_rows.lock_not_instructed(session, award.id):
        place_hold(session, payment, cause, reason, set_by_id=None, now=now)
        payments.log(
            session, payment, "payment.held", SYSTEM, payment.state, now=now, detail={"reason": reason}
        )


def _award_for_seat(
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
    words: str,
    body: str,
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
        f"{terms.title}：{words}",
        body,
        link=f"/claims/{award.claim_id}",
        now=now,
    )
