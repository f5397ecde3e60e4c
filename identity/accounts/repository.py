"""All SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account, LoginEvent, TotpFactor
from kernel.database import changed_rows

#: Families share a phone; more accounts than this behind one number are not offered for choice.
MOST_PER_PHONE = 6


def get(session: Session, subject_id: int) -> Account | None:
    return session.get(Account, subject_id)


def by_login_name(session: Session, login_name: str) -> Account | None:
    return session.scalar(sa.select(Account).where(Account.login_name == login_name))


def by_phone_index(session: Session, phone_index: bytes) -> Sequence[Account]:
    return session.scalars(
        sa.select(Account).where(Account.phone_index == phone_index).limit(MOST_PER_PHONE)
    ).all()


def add(session: Session, row: Account | LoginEvent | TotpFactor) -> None:
    session.add(row)
    session.flush()


def is_known(
    session: Session,
    subject_id: int,
    *,
    address_index: bytes,
    device_index: bytes | None,
    since: datetime,
) -> bool:
    """Whether this person signed in lately from this network, or in this very browser."""
    place = LoginEvent.address_index == address_index
    if device_index is not None:
        place = sa.or_(place, LoginEvent.device_index == device_index)
    return (
        session.scalar(
            sa.select(LoginEvent.event_id)
            .where(LoginEvent.subject_id == subject_id, LoginEvent.at >= since, place, LoginEvent.is_success)
            .limit(1)
        )
        is not None
    )


def has_signed_in(session: Session, subject_id: int, device_index: bytes | None = None) -> bool:
    """Whether this person ever came in, or ever in this browser."""
    statement = sa.select(LoginEvent.event_id).where(
        LoginEvent.subject_id == subject_id, LoginEvent.is_success
    )
    if device_index is not None:
        statement = statement.where(LoginEvent.device_index == device_index)
    return session.scalar(statement.limit(1)) is not None


def totp_of(session: Session, subject_id: int) -> TotpFactor | None:
    return session.get(TotpFactor, subject_id, populate_existing=True)


def use_totp_step(session: Session, subject_id: int, step: int) -> bool:
    """Mark a time step as used, in one statement: of two equal codes at once exactly one succeeds."""
    changed = session.execute(
        sa.update(TotpFactor)
        .where(TotpFactor.subject_id == subject_id, TotpFactor.last_step < step)
        .values(last_step=step)
        .returning(TotpFactor.subject_id)
    )
    return changed.first() is not None


def delete(session: Session, row: Account | TotpFactor) -> None:
    session.delete(row)
    session.flush()


def events_of(session: Session, subject_id: int, limit: int) -> Sequence[LoginEvent]:
    return session.scalars(
        sa.select(LoginEvent)
        .where(LoginEvent.subject_id == subject_id)
        .order_by(LoginEvent.at.desc())
        .limit(limit)
    ).all()


def purge_events(session: Session, *, before: datetime, limit: int) -> int:
    """Delete some attempts to sign in from before; how many."""
    old = sa.select(LoginEvent.event_id).where(LoginEvent.at < before).limit(limit)
    return changed_rows(session, sa.delete(LoginEvent).where(LoginEvent.event_id.in_(old)))
