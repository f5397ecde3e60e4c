"""A right has ended: what it stood in the way of is offered to those who still qualify."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from policy_engine.delivery.offers.service import Reconciled, reconcile
from policy_engine.delivery.ports import Ports
from policy_engine.matching import repository as matches
from policy_engine.matching.effects import MatchEffect


def offer_what_was_kept_away(
    session: Session, ports: Ports, *, policy_id: str, unit_id: int, subject_id: int, now: datetime
) -> Reconciled:
    """Offers for the rivals of an ended right, by the latest matches kept of the unit and those who act for it."""
    rivals = ports.terms(session, policy_id).rivals
    around = {subject_id, unit_id} | ports.people.guardians_of(session, unit_id, business_date(now))
    kept = matches.matches_of(session, around)
    effects = [
        MatchEffect(
            policy_id=row.policy_id,
            version=row.version,
            subject_id=row.subject_id,
            unit_id=row.unit_id,
            verdict="eligible",
            amount_fen=row.amount_fen,
            sequence=row.sequence,
            as_of=row.as_of,
        )
        for row in kept.values()
        if row.unit_id == unit_id and row.policy_id in rivals and row.verdict == "eligible"
    ]
    return reconcile(session, ports, effects, now=now)
