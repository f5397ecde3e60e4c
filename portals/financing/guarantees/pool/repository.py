"""All SQL of the pool."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert
from kernel.ids import new_id
from portals.financing.guarantees.pool.models import (
    BankCap,
    Compensation,
    CompensationEvent,
    Pool,
    PoolAccount,
    PoolEntry,
    PoolTransaction,
)


def pool_named(session: Session, code: str) -> Pool | None:
    return session.scalar(sa.select(Pool).where(Pool.code == code))


def pools(session: Session) -> Sequence[Pool]:
    return session.scalars(sa.select(Pool).order_by(Pool.code)).all()


def lock_accounts(session: Session, pool_id: uuid.UUID, names: Iterable[str]) -> dict[str, PoolAccount]:
    """Accounts locked in one order for everybody."""
    statement = (
        sa.select(PoolAccount)
        .where(PoolAccount.pool_id == pool_id, PoolAccount.name.in_(list(names)))
        .order_by(PoolAccount.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {account.name: account for account in session.scalars(statement)}


def add_transaction(
    session: Session,
    pool_id: uuid.UUID,
    kind: str,
    reference: str,
    object_id: uuid.UUID | None,
    note: str,
    by_id: int | None,
    now: datetime,
) -> uuid.UUID | None:
    """A new transaction, or nothing when ``reference`` was booked before."""
    statement = insert(session, PoolTransaction).values(
        id=new_id(),
        pool_id=pool_id,
        kind=kind,
        reference=reference,
        object_id=object_id,
        note=note,
        booked_by_id=by_id,
        booked_at=now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["reference"]).returning(PoolTransaction.id)
    added: uuid.UUID | None = session.execute(statement).scalar()
    return added


def is_booked(session: Session, reference: str) -> bool:
    return session.scalar(sa.select(sa.exists().where(PoolTransaction.reference == reference))) or False


def balances(session: Session, pool_id: uuid.UUID) -> dict[str, int]:
    rows = session.execute(
        sa.select(PoolAccount.name, PoolAccount.balance_fen).where(PoolAccount.pool_id == pool_id)
    )
    return {row.name: row.balance_fen for row in rows}


def entry_sums(session: Session, pool_id: uuid.UUID) -> dict[str, int]:
    """What the balances must be: the entries of each account added up."""
    rows = session.execute(
        sa.select(PoolAccount.name, sa.func.coalesce(sa.func.sum(PoolEntry.amount_fen), 0))
        .outerjoin(PoolEntry, PoolEntry.account_id == PoolAccount.id)
        .where(PoolAccount.pool_id == pool_id)
        .group_by(PoolAccount.name)
    )
    return {name: int(total) for name, total in rows}


def unbalanced_transactions(session: Session) -> Sequence[uuid.UUID]:
    """Transactions whose entries do not sum to nothing: there must never be one."""
    statement = (
        sa.select(PoolEntry.transaction_id)
        .group_by(PoolEntry.transaction_id)
        .having(sa.func.sum(PoolEntry.amount_fen) != 0)
    )
    return session.scalars(statement).all()


def transactions(
    session: Session, pool_id: uuid.UUID, *, limit: int
) -> Sequence[tuple[PoolTransaction, Mapping[str, int]]]:
    """The latest movements with their entries by account."""
    found = session.scalars(
        sa.select(PoolTransaction)
        .where(PoolTransaction.pool_id == pool_id)
        .order_by(PoolTransaction.booked_at.desc(), PoolTransaction.id.desc())
        .limit(limit)
    ).all()
    rows = session.execute(
        sa.select(PoolEntry.transaction_id, PoolAccount.name, PoolEntry.amount_fen)
        .join(PoolAccount, PoolAccount.id == PoolEntry.account_id)
        .where(PoolEntry.transaction_id.in_([one.id for one in found]))
    )
    entries: dict[uuid.UUID, dict[str, int]] = {one.id: {} for one in found}
    for transaction_id, name, amount_fen in rows:
        entries[transaction_id][name] = amount_fen
    return [(one, entries[one.id]) for one in found]


def lock_cap(session: Session, pool_id: uuid.UUID, bank_code: str, year: int) -> BankCap | None:
    return session.scalar(
        sa.select(BankCap)
        .where(BankCap.pool_id == pool_id, BankCap.bank_code == bank_code, BankCap.year == year)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def lock_cap_by_id(session: Session, cap_id: uuid.UUID) -> BankCap:
    return session.scalars(
        sa.select(BankCap)
        .where(BankCap.id == cap_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def caps(session: Session, pool_id: uuid.UUID | None = None) -> Sequence[BankCap]:
    statement = sa.select(BankCap).order_by(BankCap.year.desc(), BankCap.bank_code)
    return session.scalars(
        statement if pool_id is None else statement.where(BankCap.pool_id == pool_id)
    ).all()


def lock_compensation(session: Session, compensation_id: uuid.UUID) -> Compensation | None:
    return session.scalar(
        sa.select(Compensation)
        .where(Compensation.id == compensation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def compensations(
    session: Session, *, institution: str | None = None, states: Sequence[str] | None = None, limit: int = 200
) -> Sequence[Compensation]:
    """The newest first; those of one institution, as lender or as guarantor, where it is named."""
    statement = sa.select(Compensation).order_by(Compensation.requested_at.desc(), Compensation.id.desc())
    if institution is not None:
        statement = statement.where(
            (Compensation.bank_code == institution) | (Compensation.guarantor_code == institution)
        )
    if states is not None:
        statement = statement.where(Compensation.state.in_(states))
    return session.scalars(statement.limit(limit)).all()


def events_of(session: Session, compensation_id: uuid.UUID) -> Sequence[CompensationEvent]:
    return session.scalars(
        sa.select(CompensationEvent)
        .where(CompensationEvent.compensation_id == compensation_id)
        .order_by(CompensationEvent.at, CompensationEvent.id)
    ).all()
