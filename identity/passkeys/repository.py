"""All SQL of passkeys."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.passkeys.models import Passkey
from kernel.database import changed_rows


def get(session: Session, passkey_id: uuid.UUID) -> Passkey | None:
    return session.get(Passkey, passkey_id)


def by_credential(session: Session, credential_id: bytes) -> Passkey | None:
    return session.scalar(sa.select(Passkey).where(Passkey.credential_id == credential_id))


def of_subject(session: Session, subject_id: int) -> Sequence[Passkey]:
    """Newest first, barred ones too."""
    statement = sa.select(Passkey).where(Passkey.subject_id == subject_id)
    return session.scalars(statement.order_by(Passkey.created_at.desc())).all()


def add(session: Session, row: Passkey) -> None:
    session.add(row)
    session.flush()


def delete(session: Session, row: Passkey) -> None:
    session.delete(row)
    session.flush()


def delete_of(session: Session, subject_id: int) -> int:
    return changed_rows(session, sa.delete(Passkey).where(Passkey.subject_id == subject_id))


def count_on(session: Session, passkey_id: uuid.UUID, sign_count: int, now: datetime) -> bool:
    """Take the counter forward, in one statement; False when it did not grow (zero: an authenticator that counts not)."""
    grows = sa.or_(
        Passkey.sign_count < sign_count, sa.and_(Passkey.sign_count == 0, sa.literal(sign_count) == 0)
    )
    statement = sa.update(Passkey).where(Passkey.passkey_id == passkey_id, Passkey.barred_at.is_(None), grows)
    return changed_rows(session, statement.values(sign_count=sign_count, used_at=now)) == 1
