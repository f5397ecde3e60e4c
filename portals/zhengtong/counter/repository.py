"""All SQL of the counter: offers nobody opened, with whether their owner has a way into the app."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.states import OfferState


def unopened(session: Session, division: str, *, before: datetime, limit: int) -> list[tuple[Offer, bool]]:
    """Offers inside a division unopened since ``before``, the oldest first; true where the owner has an account."""
    has_account = sa.exists().where(Account.subject_id == Offer.subject_id, Account.state == "active")
    statement = (
        sa.select(Offer, has_account)
        .where(
            Offer.state == OfferState.OFFERED,
            Offer.opened_at.is_(None),
            Offer.updated_at < before,
            Offer.division.between(*bounds_of(division)),
        )
        .order_by(Offer.updated_at, Offer.id)
        .limit(limit)
    )
    return [(offer, bool(known)) for offer, known in session.execute(statement)]
