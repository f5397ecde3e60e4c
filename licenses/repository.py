"""All SQL of licences."""

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from licenses.models import Licence, LicenceOperation, LicenceUse


def by_id(session: Session, licence_id: uuid.UUID, *, for_update: bool = False) -> Licence | None:
    statement = sa.select(Licence).where(Licence.id == licence_id)
    return session.scalar(statement.with_for_update() if for_update else statement)


def by_identifier(session: Session, identifier: str) -> Licence | None:
    return session.scalar(sa.select(Licence).where(Licence.identifier == identifier))


def by_source_event(session: Session, source_event: str) -> Licence | None:
    return session.scalar(sa.select(Licence).where(Licence.source_event == source_event))


def current_of(session: Session, holder_id: int, type_id: str) -> Licence | None:
    """The newest licence of a type, whatever its state."""
    statement = sa.select(Licence).where(Licence.holder_id == holder_id, Licence.type_id == type_id)
    return session.scalar(statement.order_by(Licence.status_index.desc()).limit(1))


def of_holders(session: Session, holder_ids: Collection[int]) -> list[Licence]:
    successor = aliased(Licence)
    is_superseded = sa.exists().where(successor.previous_id == Licence.id)
    statement = sa.select(Licence).where(Licence.holder_id.in_(holder_ids), ~is_superseded)
    return list(session.scalars(statement.order_by(Licence.state, Licence.status_index.desc())))


def successor_of(session: Session, licence_id: uuid.UUID) -> Licence | None:
    return session.scalar(sa.select(Licence).where(Licence.previous_id == licence_id))


def status_values(session: Session) -> tuple[list[tuple[int, str]], int]:
    """(index, state) of every licence that is not plainly valid, and the highest index."""
    statement = sa.select(Licence.status_index, Licence.state).where(Licence.state != "01")
    highest = session.scalar(sa.select(sa.func.max(Licence.status_index))) or 0
    return [(index, state) for index, state in session.execute(statement)], highest


def operations(session: Session, licence_id: uuid.UUID) -> list[LicenceOperation]:
    statement = sa.select(LicenceOperation).where(LicenceOperation.licence_id == licence_id)
    return list(session.scalars(statement.order_by(LicenceOperation.recorded_at)))


def uses(session: Session, licence_id: uuid.UUID, limit: int = 50) -> list[LicenceUse]:
    statement = sa.select(LicenceUse).where(LicenceUse.licence_id == licence_id)
    return list(session.scalars(statement.order_by(LicenceUse.used_at.desc()).limit(limit)))


def latest(session: Session, *, type_id: str | None = None, limit: int = 50) -> list[Licence]:
    """The newest first, for the office's list."""
    statement = sa.select(Licence)
    if type_id:
        statement = statement.where(Licence.type_id == type_id)
    return list(session.scalars(statement.order_by(Licence.status_index.desc()).limit(limit)))
