"""All SQL of licences."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.database import Base
from licenses.issuance.models import LicenceCopy, LicenceWallet
from licenses.models import Licence, LicenceBatch, LicenceOperation, LicenceUse

#: Every state but 有效 and, by time alone, 失效.
_ENDED = ("02", "03", "04", "06", "07", "99")


#: Built once: it is asked for at every verification.
_BY_IDENTIFIER = sa.select(Licence).where(Licence.identifier == sa.bindparam("identifier"))


def by_id(session: Session, licence_id: uuid.UUID, *, for_update: bool = False) -> Licence | None:
    statement = sa.select(Licence).where(Licence.id == licence_id)
    return session.scalar(statement.with_for_update() if for_update else statement)


def by_ids(session: Session, licence_ids: Collection[uuid.UUID]) -> list[Licence]:
    """In the order they were made."""
    chosen = sa.select(Licence).where(Licence.id.in_(licence_ids))
    return list(session.scalars(chosen.order_by(Licence.status_index)))


def by_identifier(session: Session, identifier: str) -> Licence | None:
    return session.scalar(_BY_IDENTIFIER, {"identifier": identifier})


def by_source_event(session: Session, source_event: str) -> Licence | None:
    return session.scalar(sa.select(Licence).where(Licence.source_event == source_event))


def current_of(session: Session, holder_id: int, type_id: str) -> Licence | None:
    """The newest licence of a type, whatever its state."""
    statement = sa.select(Licence).where(Licence.holder_id == holder_id, Licence.type_id == type_id)
    return session.scalar(statement.order_by(Licence.status_index.desc()).limit(1))


def current_of_many(session: Session, holder_ids: Collection[int], type_id: str) -> dict[int, Licence]:
    """By holder, the newest licence of a type that no later version replaces."""
    statement = sa.select(Licence).where(
        Licence.holder_id.in_(holder_ids), Licence.type_id == type_id, Licence.superseded_at.is_(None)
    )
    return {one.holder_id: one for one in session.scalars(statement.order_by(Licence.status_index))}


def of_holders(session: Session, holder_ids: Collection[int], *, type_id: str | None = None) -> list[Licence]:
    """Without those that a later version replaces; the valid ones first."""
    statement = sa.select(Licence).where(Licence.holder_id.in_(holder_ids), Licence.superseded_at.is_(None))
    if type_id is not None:
        statement = statement.where(Licence.type_id == type_id)
    return list(session.scalars(statement.order_by(Licence.state, Licence.status_index.desc())))


def reserve(session: Session, count: int) -> list[int]:
    """Places in the status list for the next licences; on PostgreSQL places may stay empty, on SQLite the writer is alone."""
    if session.get_bind().dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence("licence", "status_index")
        series = sa.func.generate_series(1, count).table_valued("value")
        return list(session.scalars(sa.select(sa.func.nextval(sequence)).select_from(series)))
    highest = session.scalar(sa.select(sa.func.max(Licence.status_index))) or 0
    return list(range(highest + 1, highest + 1 + count))


def supersede(session: Session, licence_ids: Collection[uuid.UUID], now: datetime) -> None:
    session.execute(sa.update(Licence).where(Licence.id.in_(licence_ids)).values(superseded_at=now))


def overdue(session: Session, today: date, limit: int) -> list[Licence]:
    """Valid ones whose last day has passed."""
    statement = sa.select(Licence).where(Licence.state == "01", Licence.valid_until < today)
    return list(session.scalars(statement.order_by(Licence.valid_until).limit(limit).with_for_update()))


def ending_soon(session: Session, today: date, days: Sequence[int], limit: int) -> list[Licence]:
    """Valid ones that end within so many days and whose holders were not told of that yet."""
    is_due = sa.or_(
        *(
            sa.and_(
                Licence.valid_until <= today + timedelta(days=one),
                sa.or_(Licence.reminded_days.is_(None), Licence.reminded_days > one),
            )
            for one in days
        )
    )
    statement = sa.select(Licence).where(
        Licence.state == "01",
        Licence.valid_until >= today,
        Licence.valid_until <= today + timedelta(days=max(days)),
        Licence.superseded_at.is_(None),
        is_due,
    )
    return list(session.scalars(statement.order_by(Licence.valid_until).limit(limit).with_for_update()))


def batch_by_key(session: Session, key: str, *, for_update: bool = False) -> LicenceBatch | None:
    statement = sa.select(LicenceBatch).where(LicenceBatch.key == key)
    return session.scalar(statement.with_for_update() if for_update else statement)


def insert_many(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Many rows with the same columns in the same order, as fast as the driver takes them."""
    if rows:
        insert_rows(session, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


def successor_of(session: Session, licence_id: uuid.UUID) -> Licence | None:
    return session.scalar(sa.select(Licence).where(Licence.previous_id == licence_id))


def highest_sequence(session: Session, family: Literal["licences", "wallets"]) -> int:
    """The newest credential of a family, 0 while there is none."""
    column = Licence.status_index if family == "licences" else LicenceCopy.sequence
    return session.scalar(sa.select(sa.func.max(column))) or 0


def status_values(
    session: Session, family: Literal["licences", "wallets"], first: int, end: int
) -> list[tuple[int, str, bool, bool]]:
    """(sequence, state, whether superseded, whether taken back) of every credential from ``first`` up to ``end`` that is
    not plainly valid."""
    is_superseded = Licence.superseded_at.is_not(None)
    if family == "licences":
        columns = sa.select(Licence.status_index, Licence.state, is_superseded, sa.false())
        columns = columns.where(Licence.status_index >= first, Licence.status_index < end)
        parts = [
            columns.where(Licence.state.in_(_ENDED)),
            columns.where(is_superseded, Licence.state == "01"),
        ]
    else:
        is_removed = LicenceWallet.removed_at.is_not(None)
        columns = (
            sa.select(LicenceCopy.sequence, Licence.state, is_superseded, is_removed)
            .join(LicenceWallet, LicenceWallet.id == LicenceCopy.wallet_id)
            .join(Licence, Licence.id == LicenceWallet.licence_id)
            .where(LicenceCopy.sequence >= first, LicenceCopy.sequence < end)
        )
        has_ended = sa.or_(Licence.state.in_(_ENDED), is_superseded)
        parts = [columns.where(has_ended, sa.not_(is_removed)), columns.where(is_removed)]
    rows = session.execute(sa.union_all(*parts))
    return [(row[0], row[1], bool(row[2]), bool(row[3])) for row in rows]


def operations(session: Session, licence_id: uuid.UUID) -> list[LicenceOperation]:
    statement = sa.select(LicenceOperation).where(LicenceOperation.licence_id == licence_id)
    return list(session.scalars(statement.order_by(LicenceOperation.recorded_at)))


def uses(session: Session, licence_id: uuid.UUID, limit: int = 50) -> list[LicenceUse]:
    statement = sa.select(LicenceUse).where(LicenceUse.licence_id == licence_id)
    return list(session.scalars(statement.order_by(LicenceUse.used_at.desc()).limit(limit)))


def count_uses(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(LicenceUse)) or 0


def latest(session: Session, *, type_id: str | None = None, limit: int = 50) -> list[Licence]:
    """The newest first, for the office's list."""
    statement = sa.select(Licence)
    if type_id:
        statement = statement.where(Licence.type_id == type_id)
    return list(session.scalars(statement.order_by(Licence.status_index.desc()).limit(limit)))
