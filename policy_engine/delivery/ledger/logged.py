"""Movements of money in the transparency log: each with its two entries, what it pays and to which account, as they must
stay. Of the account's number there is a digest that only the store can open, and the digits that everybody is shown."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.transparency import Content
from kernel.transparency.examination import Source
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.ledger.models import Budget, LedgerAccount, LedgerEntry, LedgerTransaction
from policy_engine.delivery.payments.models import Payment

KIND = "payment"


def contents(session: Session, transaction_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Content]:
    """What these movements say, from the books and the payments as they stand."""
    entries = _entries(session, transaction_ids)
    rows = (
        sa.select(LedgerTransaction, Budget, Payment, PayeeAccount)
        .join(Budget, Budget.id == LedgerTransaction.budget_id)
        .outerjoin(Payment, Payment.id == LedgerTransaction.payment_id)
        .outerjoin(PayeeAccount, PayeeAccount.id == LedgerTransaction.payee_account_id)
        .where(LedgerTransaction.id.in_(transaction_ids))
    )
    return {
        moved.id: {**_content(moved, budget, payment, entries[moved.id]), **_account(moved, account)}
        for moved, budget, payment, account in session.execute(rows)
    }


def _entries(session: Session, transaction_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    booked = (
        sa.select(LedgerEntry.transaction_id, LedgerAccount.name, LedgerEntry.amount_fen)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id.in_(transaction_ids))
    )
    for transaction_id, name, amount_fen in session.execute(booked):
        found[transaction_id].append(f"{name} {amount_fen:+d}")
    return found


def _content(
    moved: LedgerTransaction, budget: Budget, payment: Payment | None, entries: list[str]
) -> Content:
    said: dict[str, str | int | None] = {
        "movement": moved.kind,
        "reference": moved.reference,
        "entries": ", ".join(sorted(entries)),
        "appropriation": budget.appropriation,
        "booked_at": moved.booked_at.isoformat(),
        "payment": None if moved.payment_id is None else str(moved.payment_id),
    }
    if payment is not None:
        said |= {
            "policy": payment.policy_id,
            "version": payment.policy_version,
            "subject_id": payment.subject_id,
            "unit_id": payment.unit_id,
            "period": payment.period,
            "kind": payment.kind,
            "amount_fen": payment.amount_fen,
        }
    return said


def _account(moved: LedgerTransaction, account: PayeeAccount | None) -> Content:
    """Where the money was to go. Nothing for what moves within the books, and for what moved before accounts were kept."""
    if account is None:
        return {}
    bound = f"{moved.id}/{account.id}/{account.subject_id}/{account.number_index.hex()}"
    digest = hashlib.sha256(bound.encode()).hexdigest()
    return {"payee_bank": account.bank, "payee_account": account.masked, "payee_account_sha256": digest}


def _every(session: Session) -> Iterator[uuid.UUID]:
    yield from session.scalars(sa.select(LedgerTransaction.id).execution_options(yield_per=1000))


SOURCE = Source(KIND, contents, _every)
