"""The life of an award: recognised by a decision, paid period by period, never lost without being heard."""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from kernel.working_days import add_working_days
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.access import is_concerned
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.holds import place_hold, release_holds
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM, Actor, actor_of, record_event
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.periods import add_months, first_month, month_of, next_start, starts_due
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, PAYMENT, AwardState, PaymentState
from policy_engine.delivery.terms import Period, Terms
from policy_engine.profiles import repository as profiles

HEARING_WORKING_DAYS = 10
_MONTHS_OF: dict[Period, int] = {"month": 1, "quarter": 3, "year": 12}


def recognise(session: Session, ports: Ports, claim: Claim, terms: Terms, *, now: datetime) -> Award:
    """The right that a granted claim gives, active at once, with the payments that are due by today."""
    today = business_date(now)
    starts_on = first_month(
        terms.accrual,
        qualified_on=claim.qualified_on,
        applied_on=business_date(claim.submitted_at or now),
        decided_on=today,
    )
    award = Award(
        id=new_id(),
        claim_id=claim.id,
        policy_id=claim.policy_id,
        policy_version=claim.policy_version,
        subject_id=claim.subject_id,
        applicant_id=claim.applicant_id,
        payee_id=claim.payee_id,
        unit_id=claim.unit_id,
        account_id=claim.account_id,
        division=claim.division,
        state=AWARD.move(AwardState.RECOGNISED, "activate"),
        amount_fen=claim.amount_fen if terms.period != "none" else None,
        period=terms.period,
        starts_on=starts_on,
        ends_on=_last_start(session, ports, claim, terms, starts_on, on=today),
        next_due_on=starts_on if terms.period != "none" else None,
        facts=claim.facts,
        sequence=claim.facts_sequence,
        recognised_at=now,
        updated_at=now,
    )
    session.add(award)
    session.flush()
    _log(session, award, "award.recognised", SYSTEM, AwardState.RECOGNISED, now=now)
    pay_due(session, ports, award, terms, until=today, now=now)
    return award


def pay_due(session: Session, ports: Ports, award: Award, terms: Terms, *, until: date, now: datetime) -> int:
    """Payments for every period that has begun by ``until`` and has none yet; the award's row is locked."""
    made = 0
    start = award.next_due_on
    for start in starts_due(terms.period, award.next_due_on, until=until, ends_on=award.ends_on):
        made += payments.make_due(session, ports, award, terms, start, now=now) is not None
        award.next_due_on = next_start(terms.period, start)
    if award.ends_on is not None and award.next_due_on is not None and award.next_due_on > award.ends_on:
        award.next_due_on = None
    award.updated_at = now
    session.flush()
    return made


def create_due_payments(
    session: Session, ports: Ports, *, until: date, now: datetime, limit: int = 200
) -> int:
    """The next ``limit`` awards whose period has begun get their payment, without a tap; 0 when all have. Idempotent."""
    awards = repository.lock_due(session, until, limit)
    for award in awards:
        terms = ports.terms(session, award.policy_id, award.policy_version)
        pay_due(session, ports, award, terms, until=until, now=now)
    return len(awards)


def suspect(session: Session, ports: Ports, award: Award, reason: str, *, now: datetime) -> None:
    """A feed says the right is lost: hold what has not left, tell the person, and hear them before anything ends."""
    if not AWARD.may(AwardState(award.state), "suspect"):
        return
    before, award.state = award.state, AWARD.move(AwardState(award.state), "suspect")
    award.state_reason = reason
    award.hearing_until_on = add_working_days(business_date(now), HEARING_WORKING_DAYS)
    _hold_payments(session, award, "suspected_loss", reason, now=now)
    _log(session, award, "award.suspected", SYSTEM, before, now=now, detail={"reason": reason})
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
    _log(session, award, "award.restored", SYSTEM, before, now=now)


def suspend_for_death(session: Session, ports: Ports, *, subject_id: int, source: str, now: datetime) -> int:
    """Future payments of the dead stop at once; the family is told, and nothing is ended before it is confirmed."""
    awards = repository.lock_live_of_subject(session, subject_id)
    stopped = [award for award in awards if AWARD.may(AwardState(award.state), "suspend")]
    for award in stopped:
        before, award.state = award.state, AWARD.move(AwardState(award.state), "suspend")
        award.state_reason, award.updated_at = "death", now
        _hold_payments(session, award, "death", "死亡信息待核实", now=now)
        _log(session, award, "award.suspended", SYSTEM, before, now=now, detail={"source": source})
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


def stop_for_deaths(
    session: Session, ports: Ports, *, subject_ids: Collection[int], source: str, now: datetime
) -> int:
    """Of those whose facts just changed, suspend the awards of those now known as dead; how many awards that were."""
    known = profiles.load_subjects(session, subject_ids)
    dead = [one.subject_id for one in known.values() if one.values().get("person.is_deceased") is True]
    return sum(
        suspend_for_death(session, ports, subject_id=subject_id, source=source, now=now)
        for subject_id in dead
    )


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
    _log(session, award, "award.restored", actor_of(principal), before, now=now, detail={"reason": reason})
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
    _log(session, award, "award.ended", actor_of(principal), before, now=now, detail={"reason": reason})
    body = f"自 {first_unpaid:%Y年%m月} 起终止。理由：{reason}。您可在六十日内申请行政复议、六个月内提起行政诉讼。"
    _tell_seat_act(session, ports, award, terms, "ended", "待遇终止", body, principal, now=now)
    return award


def name_account(
    session: Session,
    ports: Ports,
    *,
    award_id: uuid.UUID,
    principal: Principal,
    account_id: uuid.UUID,
    now: datetime,
) -> Award:
    """Set where the award is paid; what waits for an account, or came back from the bank, can then be paid again."""
    award = repository.lock_award(session, award_id)
    if award is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, award.subject_id, award.division, now)
    if relation == "proxy" and award.account_id is not None:
        raise Forbidden(_("代办人不能更改收款账户，请由本人办理。"))
    account = accounts.choose(
        session,
        ports,
        award.subject_id,
        account_id,
        relation=relation,
        reader_id=principal.subject_id,
        now=now,
    )
    if account is None:
        raise InvalidInput(_("请先选择收款账户。"))
    award.account_id, award.payee_id, award.updated_at = account.id, account.subject_id, now
    accounts.flag_if_crowded(session, account, now=now)
    for payment in payment_rows.lock_not_instructed(session, award.id):
        before = payment.state
        payment.account_id, payment.payee_id = account.id, account.subject_id
        if PAYMENT.may(PaymentState(before), "name_account"):
            payment.state = PAYMENT.move(PaymentState(before), "name_account")
            payment.state_reason = None
            payments.log(session, payment, "payment.reserved", actor_of(principal, relation), before, now=now)
    _log(session, award, "award.account_named", actor_of(principal, relation), award.state, now=now)
    audit.record(
        session,
        actor=principal,
        action="award.name_account",
        object_kind="award",
        object_id=award.id,
        now=now,
    )
    return award


def _last_start(
    session: Session, ports: Ports, claim: Claim, terms: Terms, starts_on: date, *, on: date
) -> date | None:
    """The first day of the last period where the policy limits how many there are."""
    if terms.period not in _MONTHS_OF:
        return None
    recheck = ports.reevaluate(
        session, claim.policy_id, claim.policy_version, claim.subject_id, claim.unit_id, on
    )
    if recheck.periods is None:
        return None
    return add_months(starts_on, (max(recheck.periods, 1) - 1) * _MONTHS_OF[terms.period])


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


def _log(
    session: Session,
    award: Award,
    kind: str,
    actor: Actor,
    before: str,
    *,
    now: datetime,
    detail: dict[str, str] | None = None,
) -> None:
    award.updated_at = now
    record_event(
        session,
        "award",
        award.id,
        kind,
        claim_id=award.claim_id,
        subject_id=award.subject_id,
        actor=actor,
        now=now,
        moved=(before, award.state),
        detail=detail,
    )
