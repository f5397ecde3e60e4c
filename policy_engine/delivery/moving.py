"""A subject is dealt with at another place from now on: its open claims, its rights and its offers go there."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from policy_engine.delivery.awards.moving import move_awards
from policy_engine.delivery.claims.moving import has_moved, move_claims
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.ports import Ports
from policy_engine.profiles.layout import DIVISION_KEYS

#: A change of one of these may send somebody's affairs to another office.
PLACES = frozenset(f"{kind}.{key}" for kind, keys in DIVISION_KEYS.items() for key in keys)


def move_affairs(session: Session, ports: Ports, *, subject_ids: Collection[int], now: datetime) -> int:
    """Offers, claims and awards are locked in this order, as everywhere. How many claims and rights moved."""
    places = ports.people.divisions_of(session, subject_ids)
    if not places:
        return 0
    for offer in offers.lock_open_of_subjects(session, places):
        if has_moved(offer.division, places[offer.subject_id]):
            offer.division, offer.updated_at = places[offer.subject_id], now
    return move_claims(session, ports, places, now=now) + move_awards(session, ports, places, now=now)
