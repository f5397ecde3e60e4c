"""All SQL of the books."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among, insert_rows
from kernel.ids import new_id
from kernel.prepared import Prepared, PreparedObjects
from policy_engine.catalogue.divisions import encloses, prefix_of
from policy_engine.delivery.ledger.models import (
    Budget,
    FundingAlarm,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    YearClosing,
)
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import HOLDS_RESERVATION, IN_FLIGHT

_POCKET = cast(sa.Table, LedgerAccount.__table__)
_BOOKS = cast(sa.Table, LedgerTransaction.__table__)
# Built once: every movement of money runs these.
_POCKETS = Prepared(
    sa.select(_POCKET.c.id, _POCKET.c.name, _POCKET.c.balance_fen)
    .where(
        _POCKET.c.budget_id == sa.bindparam("budget_id"),
        _POCKET.c.name.in_(sa.bindparam("names", expanding=True)),
    )
    .order_by(_POCKET.c.id)
    .with_for_update(),
    flushes=False,
)
_POCKETS_OF_MANY = Prepared(
    sa.select(_POCKET.c.id)
    .where(
        _POCKET.c.budget_id.in_(sa.bindparam("budget_ids", expanding=True)),
        _POCKET.c.name.in_(sa.bindparam("names", expanding=True)),
    )
    .order_by(_POCKET.c.budget_id, _POCKET.c.id)
    .with_for_update(),
    flushes=False,
)
_CLOSED_AT = Prepared(
    sa.select(Budget.closed_at).where(Budget.id == sa.bindparam("budget_id")), flushes=False
)
_BOOKED = Prepared(
    sa.select(_BOOKS.c.reference).where(_BOOKS.c.reference.in_(sa.bindparam("references", expanding=True))),
    flushes=False,
)
_SOURCE, _TARGET = (sa.bindparam(name, type_=_POCKET.c.id.type) for name in ("source", "target"))
_TOTAL = sa.bindparam("total", type_=sa.BigInteger)
_MOVE = Prepared(
    sa.update(_POCKET)
    .where(sa.or_(_POCKET.c.id == _SOURCE, _POCKET.c.id == _TARGET))
    .values(balance_fen=_POCKET.c.balance_fen + sa.case((_POCKET.c.id == _SOURCE, -_TOTAL), else_=_TOTAL)),
    flushes=False,
)
_APPROPRIATIONS = sa.select(Budget.id, Budget.appropriation).where(
    Budget.id.in_(sa.bindparam("budget_ids", expanding=True))
)
_BUDGETS = PreparedObjects(
    sa.select(Budget)
    .where(
        Budget.policy_id == sa.bindparam("policy_id"),
        Budget.fund_source == sa.bindparam("fund_source"),
        Budget.year == sa.bindparam("year"),
    )
    .execution_options(autoflush=False),
    flushes=False,
)


def find_budget(
    session: Session, policy_id: str, division: str, fund_source: str, year: int
) -> Budget | None:
    """The budget of the nearest fiscal authority around ``division``: a county's before the city's.

    Of a year that was closed the one it was carried to.
    """
    budgets = _BUDGETS.all(session, {"policy_id": policy_id, "fund_source": fund_source, "year": year})
    around = [budget for budget in budgets if encloses(budget.division, division)]
    nearest = max(around, key=lambda budget: len(prefix_of(budget.division)), default=None)
    return None if nearest is None else open_successor(session, nearest)


def open_successor(session: Session, budget: Budget) -> Budget:
    """The budget that a closed one was carried to, over as many years as were closed; an open one itself."""
    while budget.closed_at is not None and budget.carried_to_id is not None:
        budget = session.get_one(Budget, budget.carried_to_id)
    return budget


def get_budget(session: Session, budget_id: uuid.UUID) -> Budget | None:
    return session.get(Budget, budget_id)


def appropriations(session: Session, budget_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers under which fiscal authorities keep these budgets."""
    rows = session.execute(_APPROPRIATIONS, {"budget_ids": list(budget_ids)})
    return {row.id: row.appropriation for row in rows}


class Pocket(NamedTuple):
    """An account of a budget as it stands, locked."""

    id: uuid.UUID
    name: str
    balance_fen: int


def lock_accounts(session: Session, budget_id: uuid.UUID, names: Collection[str]) -> dict[str, Pocket]:
    """The pockets of a budget, locked in one order for everybody."""
    rows = _POCKETS.rows(session, {"budget_id": budget_id, "names": list(names)})
    return {row.name: Pocket(*row) for row in rows}


def lock_pockets(session: Session, budget_ids: Collection[uuid.UUID], names: Collection[str]) -> None:
    """All pockets that will be booked in before the transaction ends, in the order in which budgets are booked."""
    _POCKETS_OF_MANY.rows(session, {"budget_ids": list(budget_ids), "names": list(names)})


def is_closed(session: Session, budget_id: uuid.UUID) -> bool:
    """As it is now, whatever was read of it before."""
    return _CLOSED_AT.scalar(session, {"budget_id": budget_id}) is not None


def booked_among(session: Session, references: Collection[str]) -> set[str]:
    """Which of these movements stand in the books already."""
    if len(references) <= FEW:
        return set(_BOOKED.scalars(session, {"references": list(references)}))
    known = sa.select(_BOOKS.c.reference).where(among(session, _BOOKS.c.reference, references))
    return set(session.connection().scalars(known))  # movements are never held back


class NewTransaction(NamedTuple):
    """Its columns in order."""

    id: uuid.UUID
    budget_id: uuid.UUID
    kind: str
    reference: str
    payment_id: uuid.UUID | None
    payee_account_id: uuid.UUID | None
    booked_at: datetime


def add_transactions(
    session: Session, source: Pocket, target: Pocket, booked: Sequence[tuple[NewTransaction, int]]
) -> None:
    """New transactions with their sums, each from one pocket to the other; both are locked."""
    insert_rows(session, LedgerTransaction, NewTransaction._fields, [one for one, _ in booked])
    entries = (
        entry
        for one, amount_fen in booked
        for entry in (
            (new_id(), one.id, source.id, -amount_fen),
            (new_id(), one.id, target.id, amount_fen),
        )
    )
    columns = ("id", "transaction_id", "account_id", "amount_fen")
    insert_rows(session, LedgerEntry, columns, entries, refers=False)
    total = sum(amount_fen for _, amount_fen in booked)
    _MOVE.change(session, {"source": source.id, "target": target.id, "total": total})


def movements_of(session: Session, payment_id: uuid.UUID) -> list[tuple[LedgerTransaction, int]]:
    """Everything that moved for a payment, the oldest first, each with its sum."""
    sums = sa.select(sa.func.sum(LedgerEntry.amount_fen)).where(
        LedgerEntry.transaction_id == LedgerTransaction.id, LedgerEntry.amount_fen > 0
    )
    moved = sa.select(LedgerTransaction, sums.scalar_subquery()).where(
        LedgerTransaction.payment_id == payment_id
    )
    rows = session.execute(moved.order_by(LedgerTransaction.booked_at, LedgerTransaction.id))
    return [(row[0], int(row[1])) for row in rows]


def balances(session: Session, budget_id: uuid.UUID) -> dict[str, int]:
    rows = session.execute(
        sa.select(LedgerAccount.name, LedgerAccount.balance_fen).where(LedgerAccount.budget_id == budget_id)
    )
    return {row.name: row.balance_fen for row in rows}


def balances_of_each(session: Session) -> dict[uuid.UUID, dict[str, int]]:
    """The pockets of every budget."""
    found: dict[uuid.UUID, dict[str, int]] = {}
    columns = sa.select(LedgerAccount.budget_id, LedgerAccount.name, LedgerAccount.balance_fen)
    for row in session.execute(columns):
        found.setdefault(row.budget_id, {})[row.name] = row.balance_fen
    return found


def entry_sums(session: Session, budget_id: uuid.UUID) -> dict[str, int]:
    """What the balances must be: the entries of each pocket added up."""
    rows = session.execute(
        sa.select(LedgerAccount.name, sa.func.coalesce(sa.func.sum(LedgerEntry.amount_fen), 0))
        .outerjoin(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .where(LedgerAccount.budget_id == budget_id)
        .group_by(LedgerAccount.name)
    )
    return {name: int(total) for name, total in rows}


def unbalanced_transactions(session: Session) -> list[uuid.UUID]:
    """Transactions whose entries do not sum to nothing: there must never be one."""
    statement = (
        sa.select(LedgerEntry.transaction_id)
        .group_by(LedgerEntry.transaction_id)
        .having(sa.func.sum(LedgerEntry.amount_fen) != 0)
    )
    return list(session.scalars(statement))


def budgets(session: Session) -> list[Budget]:
    return list(session.scalars(sa.select(Budget).order_by(Budget.policy_id, Budget.division, Budget.year)))


def budgets_of_year(session: Session, division: str, fund_source: str, year: int) -> list[Budget]:
    """One authority's own, whatever the policy; locked in one order for everybody, and not against who books in them."""
    statement = sa.select(Budget).where(
        Budget.division == division, Budget.fund_source == fund_source, Budget.year == year
    )
    return list(session.scalars(statement.order_by(Budget.id).with_for_update(key_share=True)))


def budget_for(session: Session, policy_id: str, division: str, fund_source: str, year: int) -> Budget | None:
    """Exactly this authority's, for exactly this year."""
    statement = sa.select(Budget).where(
        Budget.policy_id == policy_id,
        Budget.division == division,
        Budget.fund_source == fund_source,
        Budget.year == year,
    )
    return session.scalar(statement)


def lock_closing(session: Session, closing_id: uuid.UUID) -> YearClosing | None:
    return session.get(YearClosing, closing_id, with_for_update=True, populate_existing=True)


def closings(session: Session, limit: int = 100) -> list[YearClosing]:
    """The newest first."""
    statement = sa.select(YearClosing).order_by(YearClosing.proposed_at.desc(), YearClosing.id.desc())
    return list(session.scalars(statement.limit(limit)))


def held_by_payments(session: Session) -> dict[tuple[uuid.UUID, str], int]:
    """(budget, pocket) -> what payments say is set aside for them, or on its way."""
    pocket = sa.case(
        (Payment.state.in_([*HOLDS_RESERVATION]), "reserved"), (Payment.state.in_([*IN_FLIGHT]), "instructed")
    )
    statement = (
        sa.select(Payment.budget_id, pocket.label("pocket"), sa.func.sum(Payment.amount_fen))
        .where(Payment.budget_id.is_not(None), Payment.state.in_([*HOLDS_RESERVATION, *IN_FLIGHT]))
        .group_by(Payment.budget_id, pocket)
    )
    return {(row[0], row[1]): int(row[2]) for row in session.execute(statement) if row[0] is not None}


def open_closing(session: Session, division: str, fund_source: str, year: int) -> YearClosing | None:
    return session.scalar(
        sa.select(YearClosing).where(
            YearClosing.division == division,
            YearClosing.fund_source == fund_source,
            YearClosing.year == year,
            YearClosing.state.in_(("proposed", "closing")),
        )
    )


def last_closing(session: Session, division: str, fund_source: str, year: int) -> YearClosing | None:
    """By which a year was closed, or is being closed, for the last time."""
    statement = sa.select(YearClosing).where(
        YearClosing.division == division,
        YearClosing.fund_source == fund_source,
        YearClosing.year == year,
        YearClosing.state.in_(("closing", "done")),
    )
    return session.scalars(statement.order_by(YearClosing.decided_at.desc()).limit(1)).first()


def moved_by_kind(session: Session, budget_id: uuid.UUID, kinds: Collection[str]) -> dict[str, int]:
    """What movements of these kinds took from, or brought into, a budget altogether."""
    statement = (
        sa.select(LedgerTransaction.kind, sa.func.sum(LedgerEntry.amount_fen))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(
            LedgerTransaction.budget_id == budget_id,
            LedgerTransaction.kind.in_(sorted(kinds)),
            LedgerEntry.amount_fen > 0,
        )
        .group_by(LedgerTransaction.kind)
    )
    return {kind: int(total) for kind, total in session.execute(statement)}


def open_alarm(session: Session, policy_id: str, division: str, year: int) -> FundingAlarm | None:
    statement = sa.select(FundingAlarm).where(
        FundingAlarm.policy_id == policy_id,
        FundingAlarm.division == division,
        FundingAlarm.year == year,
        FundingAlarm.cleared_at.is_(None),
    )
    return session.scalars(statement).first()


def open_alarms(session: Session) -> list[FundingAlarm]:
    statement = sa.select(FundingAlarm).where(FundingAlarm.cleared_at.is_(None))
    return list(session.scalars(statement.order_by(FundingAlarm.raised_at)))
