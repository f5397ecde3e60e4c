"""A recovery that does not stand: what was repaid is owed to the payee again, and is paid like any other money.

行政复议法 and 行政诉讼法 let a decision be set aside after it was obeyed, and an authority corrects its own errors
(国务院《全面推进依法行政实施纲要》: 有错必纠). The money went back into the budget it came from when it was repaid; its
refund is a payment of its own, beside the period's first: money is set aside for it, or it waits in line, and it goes to
the account the right is paid to, never back by the way it came.
"""

from datetime import datetime
from typing import Final, Literal

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.i18n import N_
from kernel.money import format_yuan
from kernel.web.principal import Principal
from kernel.wording import worded
from policy_engine.delivery.awards.heirs import DEATH, keep_for_family
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.numbers import decision_number
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.recovery import repository
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.recovery.notices import log, recipients_of
from policy_engine.delivery.states import OVERPAYMENT, AwardState, OverpaymentState

Ground = Literal["corrected", "reconsideration", "judgment"]
GROUNDS: Final[dict[Ground, str]] = {
    "corrected": N_("自行纠正"),
    "reconsideration": N_("行政复议决定"),
    "judgment": N_("法院判决"),
}
LONGEST_REFERENCE: Final = 60


def set_aside(
    session: Session,
    ports: Ports,
    overpayment: Overpayment,
    award: Award,
    principal: Principal,
    ground: Ground,
    reference: str,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Numbered, reasoned and told; both rows are locked. Raises ``IllegalTransition`` where nothing was decided."""
    before = overpayment.state
    overpayment.state = OVERPAYMENT.move(OverpaymentState(before), "undo")
    overpayment.undone_by_id, overpayment.undone_at = principal.subject_id, now
    overpayment.undone_ground, overpayment.undone_reference = ground, reference
    overpayment.undone_reason, overpayment.due_on = reason.strip(), None
    overpayment.undone_number = decision_number(session, "撤", overpayment.division, business_date(now))
    log(session, overpayment, "overpayment.undone", actor_of(principal), before, reason=reason, now=now)
    refunded = give_back(session, ports, overpayment, award, now=now)
    policy = ports.terms(session, overpayment.policy_id, overpayment.policy_version).named
    money = (
        worded("您已退回的 %(yuan)s元 将退还到原收款账户。", yuan=format_yuan(refunded))
        if refunded
        else worded("您不需要退回任何款项。")
    )
    tell_these(
        session,
        recipients_of(session, ports, overpayment, now=now) | {overpayment.subject_id},
        "overpayment.undone",
        worded("%(policy)s：追回决定已撤销", policy=policy),
        worded(
            "决定书 %(number)s。理由：%(reason)s。",
            number=overpayment.undone_number,
            reason=overpayment.undone_reason,
        )
        + money
        + worded("给您添麻烦了，我们很抱歉。"),
        link=f"/recoveries/{overpayment.id}",
        now=now,
    )


def give_back(
    session: Session, ports: Ports, overpayment: Overpayment, award: Award, *, now: datetime
) -> int:
    """Refund what had come back, period by period, once however often it is asked; how much that was."""
    terms = ports.terms(session, overpayment.policy_id, overpayment.policy_version)
    total = 0
    for period in repository.periods_of(session, overpayment.id):
        owed = period.repaid_fen - period.refunded_fen
        repaid = payment_rows.get_payment(session, period.payment_id)
        if owed <= 0 or repaid is None:
            continue
        payments.make_refund(session, ports, award, terms, repaid, owed, now=now)
        period.refunded_fen += owed
        total += owed
    if total and award.state == AwardState.ENDED and award.end_reason == DEATH:
        keep_for_family(session, award, now=now)
    session.flush()
    return total
