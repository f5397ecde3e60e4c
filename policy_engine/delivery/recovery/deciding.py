"""What becomes of an overpayment, decided after the hearing by a named official who did not find it himself."""

import uuid
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.money import format_yuan
from kernel.web.principal import Principal, SeatView
from kernel.wording import worded
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.access import is_concerned
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.numbers import decision_number
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.periods import same_day_months_later
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import repository, undoing
from policy_engine.delivery.recovery.models import Instalment, Overpayment
from policy_engine.delivery.recovery.notices import log, recipients_of
from policy_engine.delivery.states import OVERPAYMENT, OverpaymentState

Outcome = Literal["demand", "drop", "write_off"]

DAYS_TO_REPAY = 30
MOST_INSTALMENTS = 60
LONGEST_REASON = 2000


def decide(
    session: Session,
    ports: Ports,
    *,
    overpayment_id: uuid.UUID,
    principal: Principal,
    outcome: Outcome,
    reason: str,
    is_known_to_payee: bool = False,
    now: datetime,
) -> Overpayment:
    """Demand the money back, let it go, or find that it was due after all; numbered, reasoned, with the ways on.

    An official error is not charged to the payee unless the decider states that the payee knew (``is_known_to_payee``).
    Raises ``Conflict`` for a demand before the hearing has ended, ``Forbidden`` for who found it or is concerned.
    """
    award = _award_first(session, overpayment_id)
    overpayment, seat = _for_seat(session, ports, overpayment_id, principal, now=now)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(_("请写明理由，当事人会看到它。"))
    today = business_date(now)
    if outcome == "demand":
        if today <= overpayment.hearing_until_on and not overpayment.statement:
            raise Conflict(_("当事人的陈述期限未满，期满后才能决定追回。"))
        if overpayment.is_official_error and not is_known_to_payee:
            raise Conflict(_("多发是工作人员的差错造成的，不由当事人承担；除非查明其明知多发，否则请核销。"))
    before = overpayment.state
    overpayment.state = OVERPAYMENT.move(OverpaymentState(before), outcome)
    overpayment.decided_by_id, overpayment.decided_at = principal.subject_id, now
    overpayment.decision_reason = reason.strip()
    overpayment.decision_number = decision_number(session, "追", seat.division, today)
    overpayment.due_on = today + timedelta(days=DAYS_TO_REPAY) if outcome == "demand" else None
    log(
        session,
        overpayment,
        f"overpayment.{overpayment.state}",
        actor_of(principal),
        before,
        reason=reason,
        now=now,
    )
    _on_record(session, principal, overpayment, outcome, now=now)
    refunded = 0
    if outcome == "drop" and award is not None:
        refunded = undoing.give_back(session, ports, overpayment, award, now=now)
    _tell_decision(session, ports, overpayment, refunded, now=now)
    return overpayment


def undo(
    session: Session,
    ports: Ports,
    *,
    overpayment_id: uuid.UUID,
    principal: Principal,
    ground: undoing.Ground,
    reference: str = "",
    reason: str,
    now: datetime,
) -> Overpayment:
    """The decision to recover does not stand: nothing more is owed, and what was repaid is paid out again.

    By another official than who decided. ``reference``: the number of the reconsideration decision or judgment.
    """
    award = _award_first(session, overpayment_id)
    overpayment, _seat = _for_seat(session, ports, overpayment_id, principal, now=now)
    if principal.subject_id == overpayment.decided_by_id:
        raise Forbidden(_("追回由您决定，应由其他人员撤销。"))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(
            _("请写明理由，当事人会看到它。"), errors=[FieldError("reason", _("请写明理由。"))]
        )
    if ground not in undoing.GROUNDS:
        raise InvalidInput(_("请选择撤销的依据。"), errors=[FieldError("ground", _("请选择撤销的依据。"))])
    reference = reference.strip()
    if len(reference) > undoing.LONGEST_REFERENCE or (not reference and ground != "corrected"):
        what = _("请填写复议决定书或判决书的文号（60字以内）。")
        raise InvalidInput(what, errors=[FieldError("reference", what)])
    if award is None:
        raise NotFound(_("没有找到您要的内容。"))
    undoing.set_aside(session, ports, overpayment, award, principal, ground, reference, reason, now=now)
    _on_record(session, principal, overpayment, "undo", now=now)
    return overpayment


def agree_instalments(
    session: Session,
    ports: Ports,
    *,
    overpayment_id: uuid.UUID,
    principal: Principal,
    count: int,
    first_due_on: date,
    now: datetime,
) -> Overpayment:
    """Spread what is still owed over ``count`` months, equal to the fen but for the last."""
    overpayment, _seat = _for_seat(session, ports, overpayment_id, principal, now=now, is_deciding=False)
    if not 2 <= count <= MOST_INSTALMENTS:
        raise InvalidInput(_("分期数应在 2 到 %(count)d 之间。", count=MOST_INSTALMENTS))
    if first_due_on < business_date(now):
        raise InvalidInput(_("首期日期不能早于今天。"))
    left = overpayment.amount_fen - overpayment.repaid_fen
    if left < count:
        raise InvalidInput(_("金额太小，不能分这么多期。"))
    before = overpayment.state
    overpayment.state = OVERPAYMENT.move(OverpaymentState(before), "agree_instalments")
    each = left // count
    session.add_all(
        Instalment(
            overpayment_id=overpayment.id,
            number=number + 1,
            due_on=same_day_months_later(first_due_on, number),
            amount_fen=each if number + 1 < count else left - each * (count - 1),
        )
        for number in range(count)
    )
    overpayment.due_on = same_day_months_later(first_due_on, count - 1)
    log(session, overpayment, "overpayment.instalment", actor_of(principal), before, now=now)
    _on_record(session, principal, overpayment, "agree_instalments", now=now)
    return overpayment


def write_off(
    session: Session,
    ports: Ports,
    *,
    overpayment_id: uuid.UUID,
    principal: Principal,
    reason: str,
    now: datetime,
) -> Overpayment:
    """Finance gives up what is left of a demand; not the person who decided that it is owed."""
    overpayment = repository.lock_overpayment(session, overpayment_id)
    seat = principal.seat
    if overpayment is None or seat is None or not encloses(seat.division, overpayment.division):
        raise NotFound(_("没有找到您要的内容。"))
    if not principal.has_duty("payment.approve"):
        raise Forbidden(_("核销不属于您所在席位的职责。"))
    _not_concerned(session, ports, overpayment, principal, now=now)
    if principal.subject_id in (overpayment.decided_by_id, overpayment.found_by_id):
        raise Forbidden(_("您参与过这笔多发的认定，应由其他人员核销。"))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(_("请写明核销的理由。"))
    if overpayment.state == OverpaymentState.NOTICED:
        raise Conflict(_("尚未作出书面决定，请由审定席位先作出决定。"))
    before = overpayment.state
    overpayment.state = OVERPAYMENT.move(OverpaymentState(before), "write_off")
    overpayment.decision_reason = f"{overpayment.decision_reason or ''}\n{reason.strip()}".strip()
    log(session, overpayment, "overpayment.written_off", actor_of(principal), before, reason=reason, now=now)
    _on_record(session, principal, overpayment, "write_off", now=now)
    _tell_decision(session, ports, overpayment, 0, now=now)
    return overpayment


def _award_first(session: Session, overpayment_id: uuid.UUID) -> Award | None:
    """The award's row, locked before the overpayment's, as everywhere."""
    found = repository.get_overpayment(session, overpayment_id)
    return None if found is None else award_rows.lock_award(session, found.award_id)


def _for_seat(
    session: Session,
    ports: Ports,
    overpayment_id: uuid.UUID,
    principal: Principal,
    *,
    now: datetime,
    is_deciding: bool = True,
) -> tuple[Overpayment, SeatView]:
    overpayment = repository.lock_overpayment(session, overpayment_id)
    seat = principal.seat
    if overpayment is None or seat is None or not encloses(seat.division, overpayment.division):
        raise NotFound(_("没有找到您要的内容。"))
    if not principal.has_duty("claim.decide"):
        raise Forbidden(_("追回或核销多发的款项不属于您所在席位的职责。"))
    if is_deciding and principal.subject_id == overpayment.found_by_id:
        raise Forbidden(_("这笔多发由您发现，应由其他人员作出决定。"))
    _not_concerned(session, ports, overpayment, principal, now=now)
    return overpayment, seat


def _not_concerned(
    session: Session, ports: Ports, overpayment: Overpayment, principal: Principal, *, now: datetime
) -> None:
    award = award_rows.get_award(session, overpayment.award_id)
    concerned = {overpayment.subject_id} | recipients_of(session, ports, overpayment, now=now)
    if award is not None:
        concerned |= {one for one in (award.applicant_id, award.payee_id, award.unit_id) if one is not None}
    if is_concerned(principal.subject_id, concerned):
        raise Forbidden(_("您与这项待遇有利害关系，应当回避。"))


def _on_record(
    session: Session, principal: Principal, overpayment: Overpayment, action: str, *, now: datetime
) -> None:
    audit.record(
        session,
        actor=principal,
        action=f"overpayment.{action}",
        object_kind="overpayment",
        object_id=overpayment.id,
        detail={"amount_fen": overpayment.amount_fen, "repaid_fen": overpayment.repaid_fen},
        now=now,
    )


def _tell_decision(
    session: Session, ports: Ports, overpayment: Overpayment, refunded_fen: int, *, now: datetime
) -> None:
    policy = ports.terms(session, overpayment.policy_id, overpayment.policy_version).named
    left = format_yuan(overpayment.amount_fen - overpayment.repaid_fen)
    closed = worded("经核实款项应当发放，这件事已经了结。")
    if refunded_fen:
        closed = closed + worded("您已退回的 %(yuan)s元 将退还给您。", yuan=format_yuan(refunded_fen))
    words, body = {
        OverpaymentState.OWED: (
            worded("请退回多发的款项"),
            worded(
                "请于 %(due)s 前退回 %(yuan)s元；有困难的可以申请分期。"
                "您可在六十日内申请行政复议、六个月内提起行政诉讼。",
                due=overpayment.due_on,
                yuan=left,
            ),
        ),
        OverpaymentState.WRITTEN_OFF: (
            worded("多发的款项已核销"),
            worded("%(yuan)s元 不再向您追回。", yuan=left),
        ),
        OverpaymentState.DROPPED: (
            worded("没有多发"),
            closed,
        ),
    }[OverpaymentState(overpayment.state)]
    tell_these(
        session,
        recipients_of(session, ports, overpayment, now=now),
        f"overpayment.{overpayment.state}",
        worded("%(policy)s：%(outcome)s", policy=policy, outcome=words),
        worded(
            "决定书 %(number)s。理由：%(reason)s。",
            number=overpayment.decision_number,
            reason=overpayment.decision_reason or "",
        )
        + body,
        link=f"/recoveries/{overpayment.id}",
        now=now,
    )
