"""All SQL of addresses besides the phone."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.contacts.models import ContactAddress
from kernel.database import changed_rows


def get(session: Session, subject_id: int, channel: str) -> ContactAddress | None:
    return session.get(ContactAddress, (subject_id, channel))


def of_subject(session: Session, subject_id: int) -> Sequence[ContactAddress]:
    return session.scalars(sa.select(ContactAddress).where(ContactAddress.subject_id == subject_id)).all()


def others_behind(session: Session, channel: str, address_index: bytes, subject_id: int) -> int:
    """How many other people are reached at the same address."""
    statement = sa.select(sa.func.count()).where(
        ContactAddress.address_index == address_index,
        ContactAddress.channel == channel,
        ContactAddress.subject_id != subject_id,
    )
    return session.scalar(statement) or 0


def add(session: Session, row: ContactAddress) -> None:
    session.add(row)
    session.flush()


def delete(session: Session, subject_id: int, channel: str) -> bool:
    statement = sa.delete(ContactAddress).where(
        ContactAddress.subject_id == subject_id, ContactAddress.channel == channel
    )
    return changed_rows(session, statement) == 1
