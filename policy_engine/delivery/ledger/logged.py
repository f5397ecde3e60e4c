"""Movements of money in the transparency log: each with its two entries, what it pays and to which account, as they must
stay. Of the account's number there is a digest that only the store can open, and the digits that everybody is shown."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.bulk import FEW, among
from kernel.prepared import Prepared
from kernel.transparency import Content
from kernel.transparency.sources import Source
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.ledger.models import Budget, LedgerAccount, LedgerEntry, LedgerTransaction
from policy_engine.delivery.payments.models import Payment

KIND = "payment"
LOWERED = "lower"
_MOVED = (
    LedgerTransaction.id,
    LedgerTransaction.kind.label("movement"),
    LedgerTransaction.reference,
    LedgerTransaction.payment_id,
    LedgerTransaction.booked_at,
    Budget.appropriation,
)
_PAID_FOR = (
    Payment.policy_id,
    Payment.policy_version,
    Payment.subject_id,
    Payment.unit_id,
    Payment.period,
    Payment.kind,
    Payment.amount_fen,
)
_PAID_TO = (
    PayeeAccount.id.label("account_id"),
    PayeeAccount.subject_id.label("holder_id"),
    PayeeAccount.number_index,
    PayeeAccount.bank,
    PayeeAccount.masked,
)


_LOWERING = aliased(LedgerTransaction)
_WAS_LOWERED = sa.exists().where(_LOWERING.payment_id == Payment.id, _LOWERING.kind == LOWERED)
_MOVEMENTS = (
    sa.select(*_MOVED, *_PAID_FOR, *_PAID_TO, _WAS_LOWERED.label("was_lowered"))
    .join(Budget, Budget.id == LedgerTransaction.budget_id)
    .outerjoin(Payment, Payment.id == LedgerTransaction.payment_id)
    .outerjoin(PayeeAccount, PayeeAccount.id == LedgerTransaction.payee_account_id)
)
# Built once: every movement of money runs it.
_FEW_MOVEMENTS = Prepared(_MOVEMENTS.where(LedgerTransaction.id.in_(sa.bindparam("ids", expanding=True))))


def contents(session: Session, transaction_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Content]:
    """What these movements say, from the books and the payments as they stand."""
    booked = _entries(session, transaction_ids)
    return contents_of(session, {one: booked.get(one, []) for one in transaction_ids})


def contents_of(session: Session, entries: Mapping[uuid.UUID, list[str]]) -> Mapping[uuid.UUID, Content]:
    """The same where the entries of each movement are known: it was booked just now."""
    rows = _rows(session, entries.keys())
    lowered = _lowered(session, {row.payment_id for row in rows if row.was_lowered})
    return {
        row.id: {**_content(row, entries[row.id], _amount_then(row, lowered)), **_account(row)}
        for row in rows
    }


def entry_of(pocket: str, amount_fen: int) -> str:
    """One side of a movement as the log has it."""
    return f"{pocket} {amount_fen:+d}"


def _rows(session: Session, transaction_ids: Collection[uuid.UUID]) -> Sequence[Any]:
    if len(transaction_ids) <= FEW:
        return _FEW_MOVEMENTS.rows(session, {"ids": list(transaction_ids)})
    return session.execute(_MOVEMENTS.where(among(session, LedgerTransaction.id, transaction_ids))).all()


def _lowered(
    session: Session, payment_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, list[tuple[uuid.UUID, int]]]:
    """(movement, fen) by which each payment was lowered before it left."""
    found: dict[uuid.UUID, list[tuple[uuid.UUID, int]]] = defaultdict(list)
    if not payment_ids:
        return found
    booked = (
        sa.select(LedgerTransaction.payment_id, LedgerTransaction.id, LedgerEntry.amount_fen)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(
            among(session, LedgerTransaction.payment_id, payment_ids),
            LedgerTransaction.kind == LOWERED,
            LedgerEntry.amount_fen > 0,
        )
    )
    for payment_id, transaction_id, amount_fen in session.execute(booked):
        if payment_id is not None:
            found[payment_id].append((transaction_id, amount_fen))
    return found


def _amount_then(row: Any, lowered: Mapping[uuid.UUID, list[tuple[uuid.UUID, int]]]) -> int | None:
    """What the payment was for once this had moved: numbers of movements ascend, and a payment is only ever lowered."""
    if row.amount_fen is None:
        return None
    later = (by_fen for transaction_id, by_fen in lowered.get(row.payment_id, ()) if transaction_id > row.id)
    return row.amount_fen + sum(later)


def _entries(session: Session, transaction_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    booked = (
        sa.select(LedgerEntry.transaction_id, LedgerAccount.name, LedgerEntry.amount_fen)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id.in_(transaction_ids))
    )
    for transaction_id, name, amount_fen in session.execute(booked):
        found[transaction_id].append(entry_of(name, amount_fen))
    return found


def _content(row: Any, entries: list[str], amount_fen: int | None) -> Content:
    said: dict[str, str | int | None] = {
        "movement": row.movement,
        "reference": row.reference,
        "entries": ", ".join(sorted(entries)),
        "appropriation": row.appropriation,
        "booked_at": row.booked_at.isoformat(),
        "payment": None if row.payment_id is None else str(row.payment_id),
    }
    if row.policy_id is not None:
        said |= {
            "policy": row.policy_id,
            "version": row.policy_version,
            "subject_id": row.subject_id,
            "unit_id": row.unit_id,
            "period": row.period,
            "kind": row.kind,
            "amount_fen": amount_fen,
        }
    return said


def _account(row: Any) -> Content:
    """Where the money was to go. Nothing for what moves within the books, and for what moved before accounts were kept."""
    if row.account_id is None:
        return {}
    bound = f"{row.id}/{row.account_id}/{row.holder_id}/{row.number_index.hex()}"
    digest = hashlib.sha256(bound.encode()).hexdigest()
    return {"payee_bank": row.bank, "payee_account": row.masked, "payee_account_sha256": digest}


def _every(session: Session) -> Iterator[uuid.UUID]:
    yield from session.scalars(sa.select(LedgerTransaction.id).execution_options(yield_per=1000))


SOURCE = Source(KIND, contents, _every)
