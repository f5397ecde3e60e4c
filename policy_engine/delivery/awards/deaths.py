"""A death: payments stop at once, a second source confirms it, the family is told first what is due to it.

One word of one register stops money but ends nothing. Two departments that say the same end the right from the month
after the death; a death that was none is undone in one action, with every period that was missed.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.money import format_yuan
from kernel.web.principal import Principal
from kernel.wording import Month, as_said, listed, worded
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.hearing import award_for_seat, end_from
from policy_engine.delivery.awards.heirs import give_back, keep_for_family
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.losses import hold_payments
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.awards.service import pay_due
from policy_engine.delivery.cases.holds import release_holds
from policy_engine.delivery.cases.letters import tell, tell_these
from policy_engine.delivery.cases.timeline import SYSTEM, actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.periods import add_months, month_of, next_start
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import notices as recovery
from policy_engine.delivery.recovery import repository as recovery_rows
from policy_engine.delivery.recovery import undoing
from policy_engine.delivery.states import (
    AWARD,
    NOT_YET_INSTRUCTED,
    OVERPAYMENT,
    AwardState,
    OverpaymentState,
    PaymentState,
)
from policy_engine.delivery.terms import Terms
from policy_engine.profiles import repository as profiles

DEATH = "death"
SOURCES_NEEDED = 2
IS_DECEASED = "person.is_deceased"
_ATTRIBUTES = (IS_DECEASED, "person.death_date")


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """The latest that one department said of somebody's death; ``died_on`` is none where it does not say."""

    source: str
    is_dead: bool
    died_on: date | None


def words_about(session: Session, subject_id: int) -> list[Word]:
    """What each department last said, also where another's word counts for the fact itself."""
    said: dict[str, dict[str, object]] = {}
    for attribute in _ATTRIBUTES:
        for row in profiles.history_of(session, subject_id, attribute):
            if row.standing == "verified" and row.new and row.outcome in ("applied", "outranked"):
                said.setdefault(row.source, {})[attribute] = row.new[0]
    for attribute in _ATTRIBUTES:
        known = profiles.load_subjects(session, [subject_id]).get(subject_id)
        fact = known.facts.get(attribute.partition(".")[2]) if known is not None else None
        if fact is not None and fact.standing == "verified":
            said.setdefault(fact.source, {})[attribute] = fact.value
    return [
        Word(source=source, is_dead=word.get(_ATTRIBUTES[0]) is True, died_on=_day(word.get(_ATTRIBUTES[1])))
        for source, word in sorted(said.items())
        if _ATTRIBUTES[0] in word
    ]


def suspend_for_death(session: Session, ports: Ports, *, subject_id: int, source: str, now: datetime) -> int:
    """Future payments of the dead stop at once; the family is told, and nothing is ended before it is confirmed."""
    awards = repository.lock_live_of_subject(session, subject_id)
    stopped = [award for award in awards if AWARD.may(AwardState(award.state), "suspend")]
    for award in stopped:
        before, award.state = award.state, AWARD.move(AwardState(award.state), "suspend")
        award.state_reason, award.updated_at = DEATH, now
        hold_payments(session, award, "death", "死亡信息待核实", now=now)
        log(session, award, "award.suspended", SYSTEM, before, now=now, detail={"source": source})
        terms = ports.terms(session, award.policy_id, award.policy_version)
        title, link = worded("%(policy)s：暂停发放", policy=terms.named), f"/claims/{award.claim_id}"
        body = worded(
            "收到需要核实的信息，后续款项暂停。如信息有误，请联系社区或拨打 12345，核实后一次补发。"
        )
        tell(session, ports, award.subject_id, "award.suspended", title, body, link=link, now=now)
        family = ports.people.family_of(session, subject_id, business_date(now))
        tell_these(session, family, "award.suspended", title, body, link="/recoveries", now=now)
    return len(stopped)


def stop_for_deaths(session: Session, ports: Ports, *, subject_ids: Collection[int], now: datetime) -> int:
    """Of those whose facts just changed, suspend the awards of those now known as dead; how many awards that were."""
    stopped = 0
    for subject_id, known in profiles.load_subjects(session, subject_ids).items():
        death = known.facts.get("is_deceased")
        if death is not None and death.value is True:
            stopped += suspend_for_death(session, ports, subject_id=subject_id, source=death.source, now=now)
            confirm_death(session, ports, subject_id=subject_id, now=now)
    return stopped


def confirm_deaths(
    session: Session, ports: Ports, *, now: datetime, after: int = 0, limit: int = 50
) -> int | None:
    """Look at the next ``limit`` subjects suspended for a death; the last one looked at, none when all have been."""
    subjects = repository.suspended_subjects(session, DEATH, after, limit)
    for subject_id in subjects:
        confirm_death(session, ports, subject_id=subject_id, now=now)
    return subjects[-1] if subjects else None


def confirm_death(session: Session, ports: Ports, *, subject_id: int, now: datetime) -> int:
    """End what is suspended for a death that two departments report; how many awards ended.

    Where they differ about the day, the later one counts until a person has looked: nothing due is lost by it.
    """
    words = words_about(session, subject_id)
    died = [word.died_on for word in words if word.is_dead and word.died_on is not None]
    if len(died) < SOURCES_NEEDED or any(not word.is_dead for word in words):
        return 0
    ended = 0
    for award in repository.lock_live_of_subject(session, subject_id):
        if award.state == AwardState.SUSPENDED and award.state_reason == DEATH:
            _end(session, ports, award, max(died), now=now)
            ended += 1
    return ended


def undo_death(
    session: Session, ports: Ports, *, award_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Award:
    """The person lives: the right is as it was, every period missed is due, and what was asked back is dropped.

    For an award suspended or ended for a death. Raises ``Conflict`` for any other.
    """
    award = award_for_seat(session, ports, award_id, principal, reason, now=now)
    is_suspended = award.state == AwardState.SUSPENDED and award.state_reason == DEATH
    is_ended = award.state == AwardState.ENDED and award.end_reason == DEATH
    if not (is_suspended or is_ended):
        raise Conflict(_("这项待遇不是因死亡信息停发的。"))
    if is_ended and repository.live_on(session, award.policy_id, award.unit_id) is not None:
        raise Conflict(_("同一对象已有新的同类待遇在发放，不能恢复这一项。"))
    terms = ports.terms(session, award.policy_id, award.policy_version)
    before = award.state
    award.state = AWARD.move(AwardState(before), "revive" if is_ended else "restore")
    award.state_reason, award.end_reason = None, None
    if is_ended:
        award.ends_on = None
        award.next_due_on = _first_missing(session, award, terms)
        give_back(session, award)
    for payment in payment_rows.lock_not_instructed(session, award.id):
        release_holds(session, payment, released_by_id=principal.subject_id, now=now)
    made = pay_due(session, ports, award, terms, until=business_date(now), now=now)
    _drop_what_was_asked(session, ports, award, principal, reason, now=now)
    detail = {"reason": reason, "periods": made}
    log(session, award, "award.restored", actor_of(principal), before, now=now, detail=detail)
    audit.record(
        session, actor=principal, action="award.undo_death", object_kind="award", object_id=award.id, now=now
    )
    title = worded("%(policy)s：恢复发放", policy=terms.named)
    body = worded(
        "经核实信息有误，待遇已经恢复，停发的各期一并补发。给您添麻烦了，我们很抱歉。理由：%(reason)s",
        reason=reason,
    )
    link = f"/claims/{award.claim_id}"
    tell(session, ports, award.subject_id, "award.restored", title, body, link=link, now=now)
    return award


def due_to_family(session: Session, award_id: uuid.UUID, died_on: date) -> Mapping[str, int]:
    """What was still due to the dead for periods up to the month of the death, in fen by period."""
    last = month_of(died_on)
    return {
        payment.period: payment.amount_fen
        for payment in reversed(payment_rows.payments_of_award(session, award_id))
        if PaymentState(payment.state) in NOT_YET_INSTRUCTED and payment.period_starts_on <= last
    }


def _end(session: Session, ports: Ports, award: Award, died_on: date, *, now: datetime) -> None:
    """From the month after the death; the family hears what is due to it before what may be asked back."""
    terms = ports.terms(session, award.policy_id, award.policy_version)
    first_unpaid = add_months(month_of(died_on), 1)
    payment_rows.lock_not_instructed(session, award.id)  # before any money moves
    if award.next_due_on is not None and award.next_due_on < first_unpaid:
        pay_due(session, ports, award, terms, until=month_of(died_on), now=now)
    end_from(session, award, terms, first_unpaid, DEATH, actor=SYSTEM, now=now)
    keep_for_family(session, award, now=now)
    family = ports.people.family_of(session, award.subject_id, business_date(now))
    due = due_to_family(session, award.id, died_on)
    words = (
        worded(
            "%(periods)s 应发未发的 %(yuan)s元 归家属，请在“款项核实”里提出领取，或到社区窗口办理。",
            periods=listed(list(due)),
            yuan=format_yuan(sum(due.values())),
        )
        if due
        else as_said("")
    )
    too_much = recovery.paid_from(session, award.id, first_unpaid)
    if too_much:
        recovery.give_notice(
            session,
            ports,
            award,
            too_much,
            cause="death",
            is_official_error=False,
            reason=worded("去世次月起的款项已经发出"),
            actor=SYSTEM,
            recipients=family,
            due_to_family=words,
            now=now,
        )
    elif family:
        body = (
            worded("待遇发放到 %(month)s 为止。", month=Month.of(died_on))
            + words
            + worded("如信息有误，请联系社区或拨打 12345。")
        )
        title = worded("%(policy)s：待遇终止", policy=terms.named)
        tell_these(session, family, "award.ended", title, body, link="/recoveries", now=now)


def _first_missing(session: Session, award: Award, terms: Terms) -> date | None:
    """The first period after the last one that was or will be paid."""
    kept = [
        payment.period_starts_on
        for payment in payment_rows.payments_of_award(session, award.id)
        if payment.state != PaymentState.CANCELLED and payment.kind == "regular"
    ]
    return next_start(terms.period, max(kept)) if kept else award.starts_on


def _drop_what_was_asked(
    session: Session, ports: Ports, award: Award, principal: Principal, reason: str, *, now: datetime
) -> None:
    """A demand that was decided already does not stand either; what came back goes to the living again."""
    for overpayment in recovery_rows.overpayments_of_award(session, award.id):
        state = OverpaymentState(overpayment.state)
        if overpayment.cause != DEATH or state == OverpaymentState.DROPPED:
            continue
        if OVERPAYMENT.may(state, "drop"):
            overpayment.state = OVERPAYMENT.move(state, "drop")
            overpayment.decision_reason = reason
            recovery.log(
                session,
                overpayment,
                "overpayment.dropped",
                actor_of(principal),
                state,
                reason=reason,
                now=now,
            )
            undoing.give_back(session, ports, overpayment, award, now=now)
        else:
            undoing.set_aside(session, ports, overpayment, award, principal, "corrected", "", reason, now=now)


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
