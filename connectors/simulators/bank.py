"""The simulated bank's payments: accounts, payouts after a delay, and a statement that says what really moved."""

import re
import time
import uuid
from collections.abc import Sequence
from datetime import datetime

from connectors.banks.messages import (
    AccountAnswer,
    AccountQuestion,
    AccountResult,
    Payout,
    PayoutOrder,
    Statement,
    StatementLine,
)
from connectors.simulators.desk import shanghai_day
from connectors.simulators.faults import use_fault
from connectors.simulators.store import Row, Store
from connectors.wire import read_fen, write_yuan
from kernel.clock import Clock

#: Payouts settled in one step.
STEP = 500


class Bank:
    """Bookings are dated by ``clock``, the demonstration's; delays run on real time, which nobody can move."""

    def __init__(self, store: Store, clock: Clock, payout_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._payout_seconds = payout_seconds

    def check(self, question: AccountQuestion) -> AccountAnswer:
        return AccountAnswer(self._judge(question.account, question.holder_name))

    def accept_many(self, orders: Sequence[PayoutOrder]) -> dict[str, str]:
        """Take payouts once per instruction; the bank's reference of each."""
        due = time.time() + self._payout_seconds
        with self._store.transaction():
            self._store.run_many(
                "INSERT OR IGNORE INTO payout (instruction_id, account, payee_name, amount_fen, status, reference, due) "
                "VALUES (?, ?, ?, ?, 'accepted', ?, ?)",
                [
                    (
                        order.instruction_id,
                        order.payee_account,
                        order.payee_name,
                        read_fen(order.amount),
                        f"YH{uuid.uuid4().hex[:12].upper()}",
                        due,
                    )
                    for order in orders
                ],
            )
            marks = ", ".join("?" * len(orders))
            rows = self._store.rows(
                f"SELECT instruction_id, reference FROM payout WHERE instruction_id IN ({marks})",  # noqa: S608 (question marks only)
                *(order.instruction_id for order in orders),
            )
        return {row["instruction_id"]: row["reference"] for row in rows}

    def settle_due(self) -> None:
        """Pay what is due, or send it back: the money leaves and returns on the statement."""
        due = "SELECT instruction_id FROM payout WHERE status = 'accepted' AND due <= ? ORDER BY due LIMIT ?"
        until = time.time()
        while rows := self._store.rows(due, until, STEP):
            with self._store.transaction():
                for row in rows:
                    self._settle(row["instruction_id"])

    def payout(self, instruction_id: str) -> Payout | None:
        row = self._store.row("SELECT * FROM payout WHERE instruction_id = ?", instruction_id)
        return _payout(row) if row else None

    def statement(self, day: str) -> Statement:
        rows = self._store.rows("SELECT * FROM booking WHERE day = ? ORDER BY number", day)
        return Statement(
            day=day,
            lines=tuple(_line(row) for row in rows),
            total_out=write_yuan(sum(row["amount_fen"] for row in rows if row["direction"] == "D")),
            total_back=write_yuan(sum(row["amount_fen"] for row in rows if row["direction"] == "C")),
        )

    def _settle(self, instruction_id: str) -> None:
        row = self._store.row(
            "SELECT * FROM payout WHERE instruction_id = ? AND status = 'accepted'", instruction_id
        )
        if row is None:
            return
        fault = use_fault(self._store, "banks", "return") or use_fault(self._store, "treasury", "return")
        judged = self._judge(row["account"], row["payee_name"])
        reason = fault.code if fault else None if judged == "match" else judged
        now = self._clock.now()
        self._book(row, "D")
        if reason is not None:
            self._book(row, "C")
        else:
            self._store.run(
                "UPDATE account SET balance_fen = balance_fen + ? WHERE number = ?",
                row["amount_fen"],
                row["account"],
            )
        self._store.run(
            "UPDATE payout SET status = ?, reason = ?, booked_at = ? WHERE instruction_id = ?",
            "returned" if reason is not None else "paid",
            reason,
            now.isoformat(),
            instruction_id,
        )

    def _book(self, payout: Row, direction: str) -> None:
        now = self._clock.now()
        self._store.run(
            "INSERT INTO booking (day, booked_at, direction, amount_fen, instruction_id, reference, account) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            shanghai_day(now),
            now.isoformat(),
            direction,
            payout["amount_fen"],
            payout["instruction_id"],
            payout["reference"],
            payout["account"],
        )

    def _judge(self, account: str, holder_name: str) -> AccountResult:
        row = self._store.row("SELECT * FROM account WHERE number = ?", account)
        if row is None:
            return "account_unknown"
        if row["is_closed"]:
            return "account_closed"
        return "match" if _plain(row["holder_name"]) == _plain(holder_name) else "name_mismatch"


def _plain(name: str) -> str:
    """Names match whatever dot or blank stands between their parts."""
    return re.sub(r"[\s·•・‧∙.．]", "", name)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _payout(row: Row) -> Payout:
    return Payout(
        instruction_id=row["instruction_id"],
        status=row["status"],
        amount=write_yuan(row["amount_fen"]),
        account=row["account"],
        payee_name=row["payee_name"],
        booked_at=_instant(row["booked_at"]),
        bank_reference=row["reference"],
        reason=row["reason"],
    )


def _line(row: Row) -> StatementLine:
    return StatementLine(
        line_number=row["number"],
        booked_at=datetime.fromisoformat(row["booked_at"]),
        direction=row["direction"],
        amount=write_yuan(row["amount_fen"]),
        instruction_id=row["instruction_id"],
        bank_reference=row["reference"],
        counterparty=row["account"],
    )
