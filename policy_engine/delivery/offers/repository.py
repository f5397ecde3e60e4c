"""All SQL of offers."""

import uuid
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.states import OfferState

Key = tuple[str, int, int]


def lock_offer(session: Session, offer_id: uuid.UUID) -> Offer | None:
    """The offer, ours until the transaction ends: a second tap waits here and then sees what the first one did."""
    return session.get(Offer, offer_id, with_for_update=True, populate_existing=True)


def get_offer(session: Session, offer_id: uuid.UUID) -> Offer | None:
    return session.get(Offer, offer_id)


def lock_offers_of(session: Session, keys: Iterable[Key]) -> dict[Key, Offer]:
    """The offers of (policy, subject, unit) keys, locked in one order for everybody."""
    statement = (
        sa.select(Offer)
        .where(sa.tuple_(Offer.policy_id, Offer.subject_id, Offer.unit_id).in_(list(keys)))
        .order_by(Offer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(offer.policy_id, offer.subject_id, offer.unit_id): offer for offer in session.scalars(statement)}


def find_offer(session: Session, policy_id: str, subject_id: int, unit_id: int) -> Offer | None:
    return session.scalar(
        sa.select(Offer).where(
            Offer.policy_id == policy_id, Offer.subject_id == subject_id, Offer.unit_id == unit_id
        )
    )


def lock_rival_offers(session: Session, offer: Offer) -> list[Offer]:
    """Other people's live offers for the same unit: the other parent's."""
    statement = (
        sa.select(Offer)
        .where(
            Offer.policy_id == offer.policy_id,
            Offer.unit_id == offer.unit_id,
            Offer.id != offer.id,
            Offer.state.in_((OfferState.OFFERED, OfferState.MATCHED)),
        )
        .order_by(Offer.id)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(statement))


def offers_of(session: Session, subject_ids: Iterable[int], states: Iterable[str]) -> list[Offer]:
    """The newest first."""
    statement = sa.select(Offer).where(Offer.subject_id.in_(list(subject_ids)), Offer.state.in_(list(states)))
    return list(session.scalars(statement.order_by(Offer.updated_at.desc(), Offer.id.desc())))


def lock_page(
    session: Session, policy_id: str, states: Iterable[str], *, after: uuid.UUID | None, limit: int
) -> list[Offer]:
    """A page of a policy's offers in order of id, for work that goes through all of them."""
    statement = sa.select(Offer).where(Offer.policy_id == policy_id, Offer.state.in_(list(states)))
    if after is not None:
        statement = statement.where(Offer.id > after)
    return list(session.scalars(statement.order_by(Offer.id).limit(limit).with_for_update()))


def lock_lapsed(session: Session, on: date, limit: int) -> list[Offer]:
    statement = sa.select(Offer).where(Offer.state == OfferState.OFFERED, Offer.lapses_on < on)
    return list(session.scalars(statement.order_by(Offer.id).limit(limit).with_for_update(skip_locked=True)))


def count_by_state(session: Session, policy_id: str) -> dict[str, int]:
    rows = session.execute(
        sa.select(Offer.state, sa.func.count().label("number"))
        .where(Offer.policy_id == policy_id)
        .group_by(Offer.state)
    )
    return {row.state: row.number for row in rows}
