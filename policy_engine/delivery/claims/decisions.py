"""The written decision: numbered, reasoned, signed by a named official, with the ways on."""

from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from kernel.bulk import insert_object
from kernel.clock import business_date
from kernel.i18n import N_
from kernel.web.principal import Principal, SeatView
from policy_engine.decisions.record import Deed
from policy_engine.decisions.service import Matter
from policy_engine.delivery.cases.numbers import DecisionKind, decision_number
from policy_engine.delivery.claims.models import Claim, WrittenDecision
from policy_engine.delivery.periods import same_day_months_later
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import Terms

Outcome = Literal["granted", "refused", "upheld", "overturned"]

#: 行政复议法 Art. 20 and 行政诉讼法 Art. 46, counted from the day the decision was known.
RECONSIDERATION_DAYS = 60
LAWSUIT_MONTHS = 6

#: What every refusal names as ways on, in this order.
WAYS_ON = (
    N_("可在本系统提出申诉，由未参与本次审定的人员重新审查。"),
    N_("可自收到本决定之日起六十日内依法申请行政复议。"),
    N_("可自收到本决定之日起六个月内依法提起行政诉讼。"),
)

_SERIES: dict[Outcome, DecisionKind] = {
    "granted": "准",
    "refused": "不准",
    "upheld": "复",
    "overturned": "复",
}


def write_decision(
    session: Session,
    ports: Ports,
    claim: Claim,
    terms: Terms,
    outcome: Outcome,
    reasons: str,
    *,
    official: Principal,
    seat: SeatView,
    now: datetime,
) -> WrittenDecision:
    """Number, serve and put on record a decision; a negative one carries the days until which the ways on are open."""
    today = business_date(now)
    is_negative = outcome in ("refused", "upheld")
    decision = WrittenDecision(
        claim_id=claim.id,
        number=decision_number(session, _SERIES[outcome], seat.division, today),
        outcome=outcome,
        reasons=reasons,
        legal_basis=terms.legal_basis,
        official_id=official.subject_id,
        official_name=official.name,
        seat_title=seat.title,
        department=seat.department,
        decided_on=today,
        served_at=now,
        reconsideration_until_on=today + timedelta(days=RECONSIDERATION_DAYS) if is_negative else None,
        lawsuit_until_on=same_day_months_later(today, LAWSUIT_MONTHS) if is_negative else None,
    )
    insert_object(session, decision, refers=False)  # the claim stands already
    deed = Deed(
        outcome=outcome,
        amount_fen=claim.amount_fen if outcome == "granted" else None,
        offer=None if claim.offer_id is None else str(claim.offer_id),
        claim=str(claim.id),
        case_number=claim.case_number,
        number=decision.number,
        official=official.name,
        seat=seat.title,
        department=seat.department,
    )
    ports.records.issue(session, matter_of(claim), deed, reasons, now=now)
    return decision


def matter_of(claim: Claim) -> Matter:
    """The version and the facts that a claim was pinned to, on which it is decided."""
    return Matter(
        policy_id=claim.policy_id,
        policy_version=claim.policy_version,
        subject_id=claim.subject_id,
        unit_id=claim.unit_id,
        facts_sequence=claim.facts_sequence,
        as_of=date.fromisoformat(claim.facts["as_of"]),
        offer_id=claim.offer_id,
        claim_id=claim.id,
    )
