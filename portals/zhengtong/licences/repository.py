"""All SQL of the licence list."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from licenses.models import Licence


def of_type(session: Session, type_id: str, *, before: int | None, limit: int) -> Sequence[Licence]:
    """Licences of a type, the newest first, below ``before`` in the order of issue."""
    statement = sa.select(Licence).where(Licence.type_id == type_id)
    if before is not None:
        statement = statement.where(Licence.status_index < before)
    return session.scalars(statement.order_by(Licence.status_index.desc()).limit(limit)).all()


def counts(session: Session) -> dict[str, int]:
    """How many licences of each type."""
    rows = session.execute(sa.select(Licence.type_id, sa.func.count()).group_by(Licence.type_id))
    return {row[0]: row[1] for row in rows}
