"""What happens to a right whose limit leaves less of a payment, or nothing: told to the person, written in its history."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.money import format_yuan
from kernel.wording import worded
from policy_engine.delivery.awards.allowance import Allowance
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.periods import period_label
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, AwardState
from policy_engine.delivery.terms import Limit, Terms

LIMIT_REACHED = "limit_reached"


def keep_back(
    session: Session,
    ports: Ports,
    award: Award,
    terms: Terms,
    starts_on: date,
    allowed: Allowance,
    *,
    now: datetime,
) -> None:
    """Say why a period is paid less or not; a single payment that cannot be made ends the right."""
    reached = allowed.reached
    if reached is None:
        raise ValueError("nothing was kept back")
    before = award.state
    if isinstance(reached.limit, Limit):
        kind = "award.limit_reached"
    else:
        kind = "award.cap_lowers" if allowed.amount_fen else "award.cap_reached"
    if terms.period == "once" and not allowed.amount_fen:
        award.state = AWARD.move(AwardState(before), "end")
        award.end_reason, award.ends_on, award.next_due_on = LIMIT_REACHED, business_date(now), None
    period = period_label(terms.period, starts_on)
    detail = {"period": period, "reason": str(reached.reason), "amount_fen": allowed.amount_fen}
    log(session, award, kind, SYSTEM, before, now=now, detail=detail)
    paid = (
        worded("本期发放 %(yuan)s元", yuan=format_yuan(allowed.amount_fen))
        if allowed.amount_fen
        else worded("本期不发")
    )
    tell(
        session,
        ports,
        award.subject_id,
        kind,
        worded("%(policy)s：已到上限", policy=terms.named),
        worded(
            "%(period)s：%(reason)s。%(paid)s。如有疑问，请拨打 %(phone)s。",
            period=period,
            reason=reached.reason,
            paid=paid,
            phone=terms.phone or "12345",
        ),
        link=f"/claims/{award.claim_id}",
        now=now,
    )
