"""All SQL of the counter: offers nobody opened, with whether their owner has a way into the app."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account
from kernel.bulk import among
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.states import OfferState


def unopened(
    session: Session,
    division: str,
    *,
    before: datetime,
    limit: int,
    offset: int = 0,
    policy_id: str = "",
    subjects: Collection[int] | None = None,
) -> list[tuple[Offer, bool]]:
    """Offers inside a division unopened since ``before``, the oldest first; true where the owner has an account.

    ``subjects`` are the only ones whom it may concern.
    """
    has_account = sa.exists().where(Account.subject_id == Offer.subject_id, Account.state == "active")
    conditions = _is_unopened(division, before, policy_id)
    if subjects is not None:
        conditions.append(among(session, Offer.subject_id, sorted(subjects)))
    statement = sa.select(Offer, has_account).where(*conditions).order_by(Offer.updated_at, Offer.id)
    rows = session.execute(statement.limit(limit).offset(offset))
    return [(offer, bool(known)) for offer, known in rows]


def subjects_unopened(
    session: Session, division: str, *, before: datetime, limit: int, policy_id: str = ""
) -> list[int]:
    """Whose the longest unopened offers are, each once."""
    statement = sa.select(Offer.subject_id).where(*_is_unopened(division, before, policy_id))
    ordered = statement.order_by(Offer.updated_at, Offer.id).limit(limit)
    return list(dict.fromkeys(session.scalars(ordered)))


def policies_unopened(session: Session, division: str, *, before: datetime) -> list[tuple[str, int]]:
    """How many of each policy."""
    statement = sa.select(Offer.policy_id, sa.func.count()).where(*_is_unopened(division, before, ""))
    rows = session.execute(statement.group_by(Offer.policy_id).order_by(Offer.policy_id))
    return [(policy_id, int(count)) for policy_id, count in rows]


def _is_unopened(division: str, before: datetime, policy_id: str) -> list[sa.ColumnElement[bool]]:
    found = [
        Offer.state == OfferState.OFFERED,
        Offer.opened_at.is_(None),
        Offer.updated_at < before,
        Offer.division.between(*bounds_of(division)),
    ]
    return [*found, Offer.policy_id == policy_id] if policy_id else found
