"""All SQL of offers."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among
from kernel.database import lock
from kernel.prepared import PreparedObjects
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.states import OfferState

Key = tuple[str, int, int]


_OFFERS = sa.select(Offer).order_by(Offer.id).with_for_update().execution_options(populate_existing=True)
# Built once: every match of one family, and every confirmation, asks them.
_FEW_OFFERS = PreparedObjects(
    _OFFERS.where(
        Offer.policy_id == sa.bindparam("policy_id"),
        Offer.subject_id.in_(sa.bindparam("subject_ids", expanding=True)),
    ),
)
_RIVALS = PreparedObjects(
    sa.select(Offer)
    .where(
        Offer.policy_id == sa.bindparam("policy_id"),
        Offer.unit_id == sa.bindparam("unit_id"),
        Offer.id != sa.bindparam("id"),
        Offer.state.in_((OfferState.OFFERED, OfferState.MATCHED)),
    )
    .order_by(Offer.id)
    .with_for_update(skip_locked=True),
)
_STANDING = (OfferState.OFFERED, OfferState.MATCHED, OfferState.UNKNOWN)
_OFFER = PreparedObjects(
    sa.select(Offer).where(
        Offer.policy_id == sa.bindparam("policy_id"),
        Offer.subject_id == sa.bindparam("subject_id"),
        Offer.unit_id == sa.bindparam("unit_id"),
    ),
)


def lock_offer(session: Session, offer_id: uuid.UUID) -> Offer | None:
    """The offer, ours until the transaction ends: a second tap waits here and then sees what the first one did."""
    return lock(session, Offer, offer_id)


def get_offer(session: Session, offer_id: uuid.UUID) -> Offer | None:
    return session.get(Offer, offer_id)


def lock_offers_of(session: Session, keys: Collection[Key]) -> dict[Key, Offer]:
    """The offers of (policy, subject, unit) keys, locked in one order for everybody."""
    found: dict[Key, Offer] = {}
    for policy_id in sorted({key[0] for key in keys}):
        subject_ids = {key[1] for key in keys if key[0] == policy_id}
        if len(subject_ids) <= FEW:
            rows = _FEW_OFFERS.all(session, {"policy_id": policy_id, "subject_ids": list(subject_ids)})
        else:
            whose = among(session, Offer.subject_id, subject_ids)
            rows = list(session.scalars(_OFFERS.where(Offer.policy_id == policy_id, whose)))
        found |= {(one.policy_id, one.subject_id, one.unit_id): one for one in rows}
    return found


def find_offer(session: Session, policy_id: str, subject_id: int, unit_id: int) -> Offer | None:
    return _OFFER.one(session, {"policy_id": policy_id, "subject_id": subject_id, "unit_id": unit_id})


def units_awarded(session: Session, policy_ids: Collection[str], unit_ids: Collection[int]) -> set[int]:
    """Which of the units have, or had, a right under any of the policies."""
    statement = sa.select(Award.unit_id).where(
        Award.policy_id.in_(sorted(policy_ids)), among(session, Award.unit_id, unit_ids)
    )
    return set(session.scalars(statement))


def lock_rival_offers(session: Session, offer: Offer) -> list[Offer]:
    """Other people's live offers for the same unit: the other parent's."""
    same = {"policy_id": offer.policy_id, "unit_id": offer.unit_id, "id": offer.id}
    return _RIVALS.all(session, same)


def offers_of(session: Session, subject_ids: Iterable[int], states: Iterable[str]) -> list[Offer]:
    """The newest first."""
    statement = sa.select(Offer).where(Offer.subject_id.in_(list(subject_ids)), Offer.state.in_(list(states)))
    return list(session.scalars(statement.order_by(Offer.updated_at.desc(), Offer.id.desc())))


class Row(NamedTuple):
    """What work on many offers needs of one."""

    id: uuid.UUID
    policy_version: int
    subject_id: int
    state: str
    amount_fen: int | None


def lock_page(
    session: Session, policy_id: str, states: Collection[str], *, after: uuid.UUID | None, limit: int
) -> list[Row]:
    """A page of a policy's offers in order of id, for work that goes through all of them."""
    pages = []
    for state in states:  # the index gives each state in order of id; together they would have to be sorted
        page = sa.select(Offer.id).where(Offer.policy_id == policy_id, Offer.state == state)
        if after is not None:
            page = page.where(Offer.id > after)
        pages.append(sa.select(page.order_by(Offer.id).limit(limit).subquery()))
    among = sa.union_all(*pages).subquery()
    ids = sa.select(among.c.id).order_by(among.c.id).limit(limit)
    wanted = sa.select(*(getattr(Offer, name) for name in Row._fields)).where(
        Offer.id.in_(ids),
        Offer.state.in_(states),  # asked again of a row that somebody else held: it may have been answered
    )
    return [Row(*row) for row in session.execute(wanted.order_by(Offer.id).with_for_update())]


def lock_offers(session: Session, offer_ids: Collection[uuid.UUID]) -> list[Offer]:
    """These offers as objects, in order of id."""
    statement = sa.select(Offer).where(among(session, Offer.id, offer_ids)).order_by(Offer.id)
    return list(session.scalars(statement.with_for_update().execution_options(populate_existing=True)))


def lock_open_of_subjects(session: Session, subject_ids: Collection[int]) -> list[Offer]:
    """What these may still take up, in the order of numbers."""
    statement = sa.select(Offer).where(
        among(session, Offer.subject_id, subject_ids), Offer.state.in_(_STANDING)
    )
    return list(session.scalars(statement.order_by(Offer.id).with_for_update()))


def change_all(session: Session, offer_ids: Collection[uuid.UUID], **values: object) -> None:
    """The same change of many offers that the session holds no objects of."""
    session.execute(
        sa.update(Offer).where(among(session, Offer.id, offer_ids)).values(values),
        execution_options={"synchronize_session": False},
    )


def lock_lapsed(session: Session, on: date, limit: int) -> list[Offer]:
    statement = sa.select(Offer).where(Offer.state == OfferState.OFFERED, Offer.lapses_on < on)
    ordered = statement.order_by(Offer.lapses_on, Offer.id).limit(limit)  # as the index has them
    return list(session.scalars(ordered.with_for_update(skip_locked=True)))


def count_by_state(session: Session, policy_id: str) -> dict[str, int]:
    rows = session.execute(
        sa.select(Offer.state, sa.func.count().label("number"))
        .where(Offer.policy_id == policy_id)
        .group_by(Offer.state)
    )
    return {row.state: row.number for row in rows}
