"""All SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.models import Account, LoginEvent, TotpFactor
from kernel.database import UtcDateTime, changed_rows

#: Families share a phone; more accounts than this behind one number are not offered for choice.
MOST_PER_PHONE = 6


class KnownPlace(NamedTuple):
    """Whether a person signed in lately where they are now: from this network or in this browser, or in this browser."""

    place: bool
    device: bool


class Claimed(NamedTuple):
    """The account that somebody says is theirs, what proves it, and whether its owner has been here lately."""

    subject_id: int
    password_hash: str | None
    state: str
    known: KnownPlace


class Arriving(NamedTuple):
    """Who comes in, what is known of them, whether they ever came before, and whether in this browser."""

    state: str
    real_name_at: datetime | None
    in_person_at: datetime | None
    has_ever: bool
    has_here: bool


def _ever(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(LoginEvent.is_success, *conditions)


# Built once: putting these together costs more than running them, and beside the hash of a password little else may.
_SUBJECT, _DEVICE = (
    sa.bindparam("subject", type_=sa.BigInteger()),
    sa.bindparam("device", type_=sa.LargeBinary()),
)
_LATELY = (LoginEvent.subject_id == _SUBJECT, LoginEvent.at >= sa.bindparam("since", type_=UtcDateTime))
_IN_BROWSER = LoginEvent.device_index == _DEVICE
_ON_NETWORK = LoginEvent.address_index == sa.bindparam("address", type_=sa.LargeBinary())
_KNOWN = sa.select(_ever(*_LATELY, sa.or_(_ON_NETWORK, _IN_BROWSER)), _ever(*_LATELY, _IN_BROWSER))
_OF_ACCOUNT = LoginEvent.subject_id == Account.subject_id
_ARRIVING = sa.select(
    Account.state,
    Account.real_name_at,
    Account.in_person_at,
    _ever(_OF_ACCOUNT),
    _ever(_OF_ACCOUNT, _IN_BROWSER),
).where(Account.subject_id == _SUBJECT)
_OF_ACCOUNT_LATELY = (_OF_ACCOUNT, LoginEvent.at >= sa.bindparam("since", type_=UtcDateTime))
_CLAIMED = sa.select(
    Account.subject_id,
    Account.password_hash,
    Account.state,
    _ever(*_OF_ACCOUNT_LATELY, sa.or_(_ON_NETWORK, _IN_BROWSER)),
    _ever(*_OF_ACCOUNT_LATELY, _IN_BROWSER),
).limit(2)
_CLAIMED_BY_NAME = _CLAIMED.where(Account.login_name == sa.bindparam("login"))
_CLAIMED_BY_PHONE = _CLAIMED.where(Account.phone_index == sa.bindparam("phone"))
_BY_LOGIN_NAME = sa.select(Account).where(Account.login_name == sa.bindparam("login"))
_NEW_EVENT = sa.insert(LoginEvent)


def get(session: Session, subject_id: int) -> Account | None:
    return session.get(Account, subject_id)


def arriving(session: Session, subject_id: int, device_index: bytes | None) -> Arriving | None:
    given = {"subject": subject_id, "device": device_index}
    row = session.connection().execute(_ARRIVING, given).first()
    return Arriving._make(row) if row else None


def claimed(
    session: Session,
    *,
    login_name: str = "",
    phone_index: bytes | None = None,
    address_index: bytes,
    device_index: bytes | None,
    since: datetime,
) -> Claimed | None:
    """By phone if an index is given, by login name otherwise; nobody where several share the phone."""
    query = _CLAIMED_BY_NAME if phone_index is None else _CLAIMED_BY_PHONE
    by = {"login": login_name} if phone_index is None else {"phone": phone_index}
    where = {"address": address_index, "device": device_index, "since": since}
    rows = session.connection().execute(query, {**by, **where}).all()
    if len(rows) != 1:
        return None
    subject_id, password_hash, state, place, device = rows[0]
    return Claimed(subject_id, password_hash, state, KnownPlace(bool(place), bool(device)))


def by_login_name(session: Session, login_name: str) -> Account | None:
    return session.scalar(_BY_LOGIN_NAME, {"login": login_name})


def by_phone_index(session: Session, phone_index: bytes) -> Sequence[Account]:
    return session.scalars(
        sa.select(Account).where(Account.phone_index == phone_index).limit(MOST_PER_PHONE)
    ).all()


def add(session: Session, row: Account | TotpFactor) -> None:
    session.add(row)
    session.flush()


def add_event(session: Session, values: dict[str, Any]) -> None:
    """One attempt to sign in, straight into the table: nobody in this transaction looks at it again."""
    session.connection().execute(_NEW_EVENT, values)


def known_place(
    session: Session,
    subject_id: int,
    *,
    address_index: bytes,
    device_index: bytes | None,
    since: datetime,
) -> KnownPlace:
    """``None`` for a browser without a key is like nobody's."""
    given = {"subject": subject_id, "address": address_index, "device": device_index, "since": since}
    return KnownPlace(*map(bool, session.connection().execute(_KNOWN, given).one()))


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
