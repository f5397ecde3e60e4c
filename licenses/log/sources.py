"""What of licences is in the log, and how each record reads: acts on a licence, and uses of its data."""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.database import Base
from kernel.transparency import Content
from kernel.transparency.sources import Source
from licenses.models import Licence, LicenceOperation, LicenceUse

ACT = "licence.act"
USE = "licence.use"


_OF_ACT = ("operation", "state", "reason", "effective_on", "recorded_at", "actor")
_OF_LICENCE = ("identifier", "type_id", "schema_version", "holder_id", "issued_on", "valid_until")


def act_content(act: Mapping[str, Any], licence: Mapping[str, Any]) -> Content:
    """An act and what it was done to, from the columns of both; the SM2 seal covers every field of the licence."""
    said = {name: _plain(act[name]) for name in _OF_ACT}
    said |= {name: _plain(licence[name]) for name in _OF_LICENCE}
    return {**said, "seal": hashlib.sha256(licence["seal"]).hexdigest()}


def use_content(use: LicenceUse) -> Content:
    """Everything the holder reads of a use."""
    return {
        "licence": str(use.licence_id),
        "use": use.kind,
        "verifier": use.verifier,
        "is_verifier_known": use.is_verifier_known,
        "purpose": use.purpose,
        "basis": use.basis,
        "fields": use.fields,
        "grant": None if use.grant_id is None else str(use.grant_id),
        "used_at": use.used_at.isoformat(),
    }


def columns(row: Base) -> dict[str, Any]:
    """What a row says, by column."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _plain(value: Any) -> str | int | bool | None:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _acts(session: Session, record_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Content]:
    acts = (
        sa.select(LicenceOperation, Licence)
        .join(Licence, Licence.id == LicenceOperation.licence_id)
        .where(LicenceOperation.id.in_(record_ids))
    )
    return {row[0].id: act_content(columns(row[0]), columns(row[1])) for row in session.execute(acts)}


def _every_act(session: Session) -> Iterator[uuid.UUID]:
    yield from session.scalars(sa.select(LicenceOperation.id).execution_options(yield_per=1000))


def _uses(session: Session, record_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Content]:
    uses = session.scalars(sa.select(LicenceUse).where(LicenceUse.id.in_(record_ids)))
    return {one.id: use_content(one) for one in uses}


def _every_use(session: Session) -> Iterator[uuid.UUID]:
    yield from session.scalars(sa.select(LicenceUse.id).execution_options(yield_per=1000))


SOURCES = (Source(ACT, _acts, _every_act), Source(USE, _uses, _every_use))


def contradictions(session: Session) -> Iterator[str]:
    """Licences whose state is not the one their last act led to: somebody changed it without an act."""
    act, later = LicenceOperation, aliased(LicenceOperation)
    is_later = sa.or_(
        later.recorded_at > act.recorded_at,
        sa.and_(later.recorded_at == act.recorded_at, later.id > act.id),
    )
    is_last = ~sa.exists().where(later.licence_id == act.licence_id, is_later)
    wrong = (
        sa.select(Licence.identifier, Licence.state, act.state)
        .join(act, act.licence_id == Licence.id)
        .where(is_last, Licence.state != act.state)
    )
    for identifier, state, told in session.execute(wrong):
        yield f"licence {identifier} is in state {state}, its last act led to {told}"
