"""All SQL of wallets and the copies in them."""

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import changed_rows
from licenses.issuance.models import LicenceCopy, LicenceWallet
from licenses.models import Licence


def wallets_of(session: Session, licence_id: uuid.UUID) -> list[tuple[LicenceWallet, int]]:
    """Each with the number of its copies, the newest first."""
    count = sa.select(sa.func.count()).where(LicenceCopy.wallet_id == LicenceWallet.id).scalar_subquery()
    statement = sa.select(LicenceWallet, count).where(LicenceWallet.licence_id == licence_id)
    rows = session.execute(statement.order_by(LicenceWallet.added_at.desc(), LicenceWallet.id).limit(100))
    return [(row[0], row[1]) for row in rows]


def count_active(session: Session, licence_id: uuid.UUID) -> int:
    statement = sa.select(sa.func.count()).where(
        LicenceWallet.licence_id == licence_id, LicenceWallet.removed_at.is_(None)
    )
    return session.scalar(statement) or 0


def by_grant(session: Session, grant_key: bytes) -> LicenceWallet | None:
    return session.scalar(sa.select(LicenceWallet).where(LicenceWallet.grant_key == grant_key))


def by_notification(session: Session, notification_hash: bytes) -> LicenceWallet | None:
    statement = sa.select(LicenceWallet).where(LicenceWallet.notification_hash == notification_hash)
    return session.scalar(statement)


def remove(session: Session, wallet_id: uuid.UUID, licence_id: uuid.UUID, state: str, now: datetime) -> bool:
    """Whether it was there and had not been removed before."""
    statement = sa.update(LicenceWallet).where(
        LicenceWallet.id == wallet_id,
        LicenceWallet.licence_id == licence_id,
        LicenceWallet.removed_at.is_(None),
    )
    return changed_rows(session, statement.values(removed_at=now, state=state)) == 1


def count_copies(session: Session, wallet_id: uuid.UUID) -> int:
    statement = sa.select(sa.func.count()).where(LicenceCopy.wallet_id == wallet_id)
    return session.scalar(statement) or 0


def reserve(session: Session, count: int) -> list[int]:
    """Sequence numbers for the next copies; on SQLite the writer is alone."""
    if session.get_bind().dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence("licence_copy", "sequence")
        series = sa.func.generate_series(1, count).table_valued("value")
        return list(session.scalars(sa.select(sa.func.nextval(sequence)).select_from(series)))
    highest = session.scalar(sa.select(sa.func.max(LicenceCopy.sequence))) or 0
    return list(range(highest + 1, highest + 1 + count))


#: Built once: it is asked for twice at every presentation.
_IN_WALLET = (
    sa.select(LicenceCopy, LicenceWallet, Licence)
    .join(LicenceWallet, LicenceWallet.id == LicenceCopy.wallet_id)
    .join(Licence, Licence.id == LicenceWallet.licence_id)
    .where(LicenceCopy.sequence == sa.bindparam("sequence"))
)


def copy_in_wallet(session: Session, sequence: int) -> tuple[LicenceCopy, LicenceWallet, Licence] | None:
    row = session.execute(_IN_WALLET, {"sequence": sequence}).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def sequences_of(session: Session, licence_ids: Collection[uuid.UUID]) -> list[int]:
    """The copies of these licences, whoever holds them."""
    statement = (
        sa.select(LicenceCopy.sequence)
        .join(LicenceWallet, LicenceWallet.id == LicenceCopy.wallet_id)
        .where(LicenceWallet.licence_id.in_(licence_ids))
    )
    return list(session.scalars(statement))


def sequences_in(session: Session, wallet_id: uuid.UUID) -> list[int]:
    return list(session.scalars(sa.select(LicenceCopy.sequence).where(LicenceCopy.wallet_id == wallet_id)))
