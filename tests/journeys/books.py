"""The stores of a demonstration read from outside while it runs: what is kept, against what the simulated bank says."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Books:
    """Only reads; every question opens the files anew, so that what was just written is seen."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def is_moving(self) -> list[tuple[Any, ...]]:
        """Work of the outbox that is due, events the departments still hold back, payments under way."""
        found = self._ours(
            'SELECT topic, "key", error FROM outbox_message WHERE done_at IS NULL AND topic IN '
            "('department.event', 'facts.changed', 'licence.facts', 'policy.rollout', 'payment.instruct', 'payment.poll', "
            "'payment.due', 'payment.callback', 'ledger.look')"
        )
        found += self._ours(
            "SELECT state, period FROM payment WHERE state IN ('instructed', 'treasury_accepted', 'bank_sent')"
        )
        return found + self._theirs("SELECT event_id, state FROM event WHERE state = 'waiting'")

    def missing_events(self, reported: set[str]) -> set[str]:
        """Those a department was told are on record, and that we never received."""
        made = {row[0] for row in self._theirs("SELECT event_id FROM event")}
        received = [row[0] for row in self._ours("SELECT event_id FROM received_event")]
        assert len(received) == len(set(received))
        return (reported | made) - set(received)

    def events_not_applied(self) -> set[str]:
        """Received, and yet no fact and no refusal came of them; what the treasury says is of payments, not of facts."""
        of_facts = "SELECT event_id FROM received_event WHERE department <> 'treasury'"
        received = {row[0] for row in self._ours(of_facts)}
        applied = {row[0].split("/")[0] for row in self._ours("SELECT event_id FROM applied_event")}
        return received - applied

    def missing_claims(self, told: set[str]) -> set[str]:
        kept = {row[0] for row in self._ours("SELECT id FROM claim")}
        return {one for one in told if one.replace("-", "") not in kept}

    def offers_claimed_twice(self) -> list[tuple[Any, ...]]:
        return self._ours(
            "SELECT offer_id, count(*) FROM claim WHERE offer_id IS NOT NULL GROUP BY offer_id HAVING count(*) > 1"
        )

    def paid_twice(self) -> list[tuple[Any, ...]]:
        """One right, one period, two payments; or one instruction that the bank booked out twice."""
        again = "SELECT award_id, period, kind, count(*) FROM payment GROUP BY 1, 2, 3 HAVING count(*) > 1"
        booked = "SELECT instruction_id, count(*) FROM booking WHERE direction = 'D' GROUP BY 1 HAVING count(*) > 1"
        return self._ours(again) + self._theirs(booked)

    def unlike_the_bank(self) -> list[tuple[Any, ...]]:
        """Paid here and not there, or there and not here, or another sum."""
        ours = set(self._ours("SELECT instruction_id, amount_fen FROM payment WHERE paid_at IS NOT NULL"))
        theirs = set(self._theirs("SELECT instruction_id, amount_fen FROM booking WHERE direction = 'D'"))
        return sorted(ours ^ theirs)

    def transactions_out_of_balance(self) -> list[tuple[Any, ...]]:
        return self._ours(
            "SELECT transaction_id, sum(amount_fen) FROM ledger_entry GROUP BY 1 HAVING sum(amount_fen) <> 0"
        )

    def paid(self) -> int:
        return self._ours("SELECT count(*) FROM payment WHERE paid_at IS NOT NULL")[0][0]

    def _ours(self, question: str) -> list[tuple[Any, ...]]:
        with _opened(self._home / "dongchu.db") as store:
            return store.execute(question).fetchall()

    def _theirs(self, question: str) -> list[tuple[Any, ...]]:
        with _opened(self._home / "simulators.db") as store:
            return store.execute(question).fetchall()


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        yield store
    finally:
        store.close()
