"""All SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account, LoginEvent


def get(session: Session, subject_id: int) -> Account | None:
    return session.get(Account, subject_id)


def by_login_name(session: Session, login_name: str) -> Account | None:
    return session.scalar(sa.select(Account).where(Account.login_name == login_name))


def by_phone_index(session: Session, phone_index: bytes) -> Sequence[Account]:
    return session.scalars(sa.select(Account).where(Account.phone_index == phone_index).limit(2)).all()


def add(session: Session, row: Account | LoginEvent) -> None:
    session.add(row)
    session.flush()


def has_signed_in_from(session: Session, subject_id: int, address_index: bytes, since: datetime) -> bool:
    return (
        session.scalar(
            sa.select(LoginEvent.event_id)
            .where(
                LoginEvent.subject_id == subject_id,
                LoginEvent.at >= since,
                LoginEvent.address_index == address_index,
                LoginEvent.is_success,
            )
            .limit(1)
        )
        is not None
    )


def events_of(session: Session, subject_id: int, limit: int) -> Sequence[LoginEvent]:
    return session.scalars(
        sa.select(LoginEvent)
        .where(LoginEvent.subject_id == subject_id)
        .order_by(LoginEvent.at.desc())
        .limit(limit)
    ).all()
