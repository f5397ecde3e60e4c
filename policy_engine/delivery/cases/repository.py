"""All SQL of events, holds and numbers."""

import uuid
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert_in
from kernel.prepared import Prepared
from policy_engine.delivery.cases.models import CaseEvent, Hold, NumberSeries


def next_in_series(session: Session, name: str) -> int:
    """The next number of a series: no gap, no double, whoever asks at the same time."""
    return int(_next(session.get_bind().dialect.name).scalar(session, {"name": name}))


@lru_cache
def _next(dialect: str) -> Prepared:
    series = cast(sa.Table, NumberSeries.__table__)
    statement = insert_in(dialect, series).values(name=sa.bindparam("name"), last=1)
    raised = statement.on_conflict_do_update(index_elements=["name"], set_={"last": series.c.last + 1})
    return Prepared(raised.returning(series.c.last), flushes=False)


def events_of_claim(session: Session, claim_id: uuid.UUID, *, public_only: bool) -> list[CaseEvent]:
    """The thread of a claim with its award and payments, oldest first."""
    statement = sa.select(CaseEvent).where(CaseEvent.claim_id == claim_id)
    if public_only:
        statement = statement.where(CaseEvent.is_public)
    return list(session.scalars(statement.order_by(CaseEvent.happened_at, CaseEvent.id)))


def events_of(session: Session, object_kind: str, object_id: uuid.UUID) -> list[CaseEvent]:
    statement = sa.select(CaseEvent).where(
        CaseEvent.object_kind == object_kind, CaseEvent.object_id == object_id
    )
    return list(session.scalars(statement.order_by(CaseEvent.happened_at, CaseEvent.id)))


def open_holds(session: Session, object_kind: str, object_ids: Iterable[uuid.UUID]) -> list[Hold]:
    statement = sa.select(Hold).where(
        Hold.object_kind == object_kind, Hold.object_id.in_(list(object_ids)), Hold.released_at.is_(None)
    )
    return list(session.scalars(statement.order_by(Hold.set_at, Hold.id)))


def holds_of_each(
    session: Session, object_kind: str, object_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Hold]]:
    """Those of many at once; of things that nobody holds nothing is asked."""
    found: dict[uuid.UUID, list[Hold]] = {}
    for hold in open_holds(session, object_kind, object_ids) if object_ids else ():
        found.setdefault(hold.object_id, []).append(hold)
    return found
