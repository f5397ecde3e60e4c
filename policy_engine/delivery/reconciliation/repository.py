"""All SQL of statements and differences."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.clock import SHANGHAI
from kernel.database import insert
from policy_engine.delivery.ledger.models import LedgerEntry, LedgerTransaction
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.reconciliation.comparing import BankLine, BookedOrder, Found
from policy_engine.delivery.reconciliation.models import Difference, ReconciledDay, StatementLine

_AT_ONCE = 900
_LINE = ("day", "line_number", "direction", "amount_fen", "instruction_id", "reference")


def replace_lines(session: Session, day: date, lines: Sequence[BankLine]) -> None:
    """The statement of a day is whole: what was imported of it before goes."""
    session.execute(sa.delete(StatementLine).where(StatementLine.day == day))
    insert_rows(session, StatementLine, _LINE, ((day, *line) for line in lines))


def orders_of(session: Session, instruction_ids: Iterable[str]) -> dict[str, BookedOrder]:
    """What the books say of these orders; those never given are left out."""
    known = sorted(set(instruction_ids))
    booked: dict[str, tuple[int, set[str]]] = {}
    for start in range(0, len(known), _AT_ONCE // 4):
        part = known[start : start + _AT_ONCE // 4]
        references = [
            f"{one}:{kind}" for one in part for kind in ("instruct", "pay", "return", "return_paid")
        ]
        for reference, amount_fen in session.execute(_movements(LedgerTransaction.reference.in_(references))):
            instruction_id, _, kind = reference.rpartition(":")
            _sum, kinds = booked.get(instruction_id, (0, set()))
            booked[instruction_id] = (int(amount_fen), kinds | {kind})
    return {one: _order(one, amount_fen, kinds) for one, (amount_fen, kinds) in booked.items()}


def paid_on(session: Session, day: date) -> list[BookedOrder]:
    """The orders that the books call paid on a business day."""
    start = datetime.combine(day, time(), tzinfo=SHANGHAI)
    inside = sa.and_(
        LedgerTransaction.kind == "pay",
        LedgerTransaction.booked_at >= start,
        LedgerTransaction.booked_at < start + timedelta(days=1),
    )
    return [
        BookedOrder(reference.rpartition(":")[0], int(amount_fen), is_paid=True, is_returned=False)
        for reference, amount_fen in session.execute(_movements(inside))
    ]


def seen_on_statements(session: Session, instruction_ids: Iterable[str]) -> set[str]:
    known = sorted(set(instruction_ids))
    seen: set[str] = set()
    for start in range(0, len(known), _AT_ONCE):
        part = known[start : start + _AT_ONCE]
        statement = sa.select(StatementLine.instruction_id).where(StatementLine.instruction_id.in_(part))
        seen |= set(session.scalars(statement))
    return seen


def mark_reconciled(session: Session, instruction_ids: Iterable[str], day: date) -> None:
    known = sorted(set(instruction_ids))
    for start in range(0, len(known), _AT_ONCE):
        part = known[start : start + _AT_ONCE]
        session.execute(
            sa.update(Payment)
            .where(Payment.instruction_id.in_(part), Payment.reconciled_on.is_(None))
            .values(reconciled_on=day)
        )


def note_differences(session: Session, day: date, found: Sequence[Found], *, now: datetime) -> None:
    """The open differences of a day become these; what is gone is settled, what somebody explained stays explained."""
    kept = {(one.instruction_id, one.kind) for one in found}
    for row in differences_of(session, day):
        if row.state == "open" and (row.instruction_id, row.kind) not in kept:
            row.state = "settled"
    payments = _payments_by_instruction(session, [one.instruction_id for one in found])
    for one in found:
        statement = insert(session, Difference).values(
            id=uuid.uuid4(),
            day=day,
            kind=one.kind,
            instruction_id=one.instruction_id,
            payment_id=payments.get(one.instruction_id),
            bank_fen=one.bank_fen,
            books_fen=one.books_fen,
            state="open",
            found_at=now,
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["day", "instruction_id", "kind"],
                set_={
                    "state": sa.case((Difference.state == "settled", "open"), else_=Difference.state),
                    "bank_fen": one.bank_fen,
                    "books_fen": one.books_fen,
                },
            )
        )


def differences_of(session: Session, day: date) -> list[Difference]:
    statement = sa.select(Difference).where(Difference.day == day)
    return list(
        session.scalars(
            statement.order_by(Difference.kind, Difference.instruction_id).execution_options(
                populate_existing=True
            )
        )
    )


def came_back_on(session: Session, day: date) -> list[str]:
    """The orders that came back by a day's statement, of which the books know nothing and nobody has said anything."""
    statement = sa.select(Difference.instruction_id).where(
        Difference.day == day, Difference.kind == "return_not_in_books", Difference.state == "open"
    )
    return list(session.scalars(statement.order_by(Difference.instruction_id)))


def lock_difference(session: Session, difference_id: uuid.UUID) -> Difference | None:
    return session.get(Difference, difference_id, with_for_update=True, populate_existing=True)


def has_open(session: Session, day: date) -> bool:
    exists = sa.exists().where(Difference.day == day, Difference.state == "open")
    return session.scalar(sa.select(exists)) or False


def keep_day(session: Session, row: Mapping[str, object]) -> None:
    statement = insert(session, ReconciledDay).values(**row)
    changed = {name: value for name, value in row.items() if name != "day"}
    session.execute(statement.on_conflict_do_update(index_elements=["day"], set_=changed))


def get_day(session: Session, day: date) -> ReconciledDay | None:
    return session.get(ReconciledDay, day, populate_existing=True)


def days(session: Session, limit: int) -> list[ReconciledDay]:
    """The newest first."""
    return list(session.scalars(sa.select(ReconciledDay).order_by(ReconciledDay.day.desc()).limit(limit)))


def open_days_before(session: Session, day: date, limit: int) -> list[date]:
    statement = sa.select(ReconciledDay.day).where(ReconciledDay.state == "open", ReconciledDay.day < day)
    return list(session.scalars(statement.order_by(ReconciledDay.day).limit(limit)))


def _movements(condition: sa.ColumnElement[bool]) -> sa.Select[str, int]:
    """Each movement with its sum."""
    return (
        sa.select(LedgerTransaction.reference, sa.func.max(LedgerEntry.amount_fen))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(condition)
        .group_by(LedgerTransaction.reference)
    )


def _order(instruction_id: str, amount_fen: int, kinds: set[str]) -> BookedOrder:
    is_returned = bool(kinds & {"return", "return_paid"})
    return BookedOrder(instruction_id, amount_fen, "pay" in kinds and not is_returned, is_returned)


def _payments_by_instruction(session: Session, instruction_ids: Sequence[str]) -> dict[str, uuid.UUID]:
    found: dict[str, uuid.UUID] = {}
    for start in range(0, len(instruction_ids), _AT_ONCE):
        part = instruction_ids[start : start + _AT_ONCE]
        statement = sa.select(Payment.instruction_id, Payment.id).where(Payment.instruction_id.in_(part))
        found |= {number: payment_id for number, payment_id in session.execute(statement) if number}
    return found
