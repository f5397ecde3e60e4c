"""A right has ended: what it stood in the way of is offered to those who still qualify."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from policy_engine.delivery.offers.service import Reconciled, reconcile
from policy_engine.delivery.ports import Ports
from policy_engine.matching import repository as matches
from policy_engine.matching.effects import MatchEffect


class Ended(msgspec.Struct, frozen=True):
    """A right that is over."""

    policy_id: str
    unit_id: int
    subject_id: int


def offer_what_was_kept_away(
    session: Session, ports: Ports, ended: Sequence[Ended], *, now: datetime
) -> Reconciled:
    """Offers for the rivals of ended rights, by the latest matches kept of their units and those who act for them."""
    effects = {
        (one.policy_id, one.subject_id, one.unit_id): one
        for right in ended
        for one in _kept_away(session, ports, right, now=now)
    }
    return reconcile(session, ports, list(effects.values()), now=now)


def _kept_away(session: Session, ports: Ports, ended: Ended, *, now: datetime) -> list[MatchEffect]:
    rivals = ports.terms(session, ended.policy_id).rivals
    guardians = ports.people.guardians_of(session, ended.unit_id, business_date(now))
    kept = matches.matches_of(session, {ended.subject_id, ended.unit_id} | guardians)
    return [
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
        if row.unit_id == ended.unit_id and row.policy_id in rivals and row.verdict == "eligible"
    ]
