"""All SQL of notices."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among
from kernel.database import insert_in
from kernel.notices.models import Notice
from kernel.prepared import Prepared

_TABLE = cast(sa.Table, Notice.__table__)
_SAID = (
    "check_number",
    "subject_id",
    "kind",
    "title",
    "body",
    "wording",
    "link",
    "created_at",
    "is_urgent",
    "summon_at",
)
# Built once: every sign-in on a new device runs it.
_GIVEN = sa.select(Notice.check_number).where(
    Notice.check_number.in_(sa.bindparam("numbers", expanding=True))
)


def add(session: Session, values: Mapping[str, Any]) -> int | None:
    """The number of the new notice; none where its check number has been given before."""
    number: int | None = _addition(session.get_bind().dialect.name).scalar(session, values)
    return number


@lru_cache
def _addition(dialect: str) -> Prepared:
    said = {name: sa.bindparam(name, type_=_TABLE.c[name].type) for name in _SAID}
    statement = insert_in(dialect, _TABLE).values(said)
    known = statement.on_conflict_do_nothing(index_elements=["check_number"])
    return Prepared(known.returning(_TABLE.c.number), flushes=False)


def inbox(session: Session, subject_id: int, *, before: int | None = None, limit: int = 30) -> list[Notice]:
    """The newest first; ``before`` is the number of the last one already shown."""
    statement = sa.select(Notice).where(Notice.subject_id == subject_id)
    if before is not None:
        statement = statement.where(Notice.number < before)
    return list(session.scalars(statement.order_by(Notice.number.desc()).limit(limit)))


def since(session: Session, subject_id: int, after: int, *, limit: int = 50) -> list[Notice]:
    """What came after the notice numbered ``after``, oldest first: the replay of a live stream."""
    statement = sa.select(Notice).where(Notice.subject_id == subject_id, Notice.number > after)
    return list(session.scalars(statement.order_by(Notice.number).limit(limit)))


def latest_number(session: Session, subject_id: int) -> int:
    return session.scalar(sa.select(sa.func.max(Notice.number)).where(Notice.subject_id == subject_id)) or 0


def first_number_since(session: Session, subject_id: int, instant: datetime) -> int | None:
    """The number of the oldest notice written at or after an instant."""
    statement = sa.select(sa.func.min(Notice.number))
    return session.scalar(statement.where(Notice.subject_id == subject_id, Notice.created_at >= instant))


def unread_count(session: Session, subject_id: int) -> int:
    statement = sa.select(sa.func.count()).where(Notice.subject_id == subject_id, Notice.read_at.is_(None))
    return session.scalar(statement) or 0


def find(session: Session, subject_id: int, number: int) -> Notice | None:
    return session.scalar(sa.select(Notice).where(Notice.subject_id == subject_id, Notice.number == number))


def check_numbers_among(session: Session, check_numbers: Collection[str]) -> set[str]:
    """Which of these have been given to a notice."""
    if len(check_numbers) > FEW:
        given = sa.select(Notice.check_number).where(among(session, Notice.check_number, check_numbers))
        return set(session.connection().scalars(given))
    return set(session.connection().scalars(_GIVEN, {"numbers": list(check_numbers)}))


def verify_number(session: Session, check_number: str) -> Notice | None:
    """The notice a caller reads out (消息核验); show only that it is ours, its date and kind, never its text."""
    return session.scalar(sa.select(Notice).where(Notice.check_number == check_number))
