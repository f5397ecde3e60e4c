"""What the house's books say when it is over, held against the bank's own."""

from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.made_rights import FIRST_PERSON
from connectors.simulators.store import Store
from kernel.house import House
from kernel.notices.models import Notice
from kernel.outbox import OutboxMessage, dead_letters
from kernel.transparency.models import LogEntry
from policy_engine.delivery import service
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.models import LedgerTransaction
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import AwardState, ClaimState, PaymentState


def examined(house: House, world: Path, claims: int) -> dict[str, Any]:
    """Counts, and ``findings``: everything that is not as it must be."""
    findings: list[str] = []
    with house.database.read() as session:
        findings += service.defects(session)
        findings += _lives(session, claims)
        findings += _records(session)
        findings += [f"dead letter on {one.topic}: {one.error}" for one in dead_letters(session)]
        states = Counter(session.scalars(sa.select(Payment.state)))
        findings += _bank(session, world)
        attempts = session.scalar(sa.select(sa.func.count()).where(OutboxMessage.attempts > 1)) or 0
    return {"payments": dict(states), "messages_tried_again": attempts, "findings": findings}


def _lives(session: Session, claims: int) -> list[str]:
    """Everybody has one claim, one award, one payment of the month; each in a state that there is."""
    findings: list[str] = []
    for table, states, wanted in (
        (Claim, ClaimState, {"granted"}),
        (Award, AwardState, {"active"}),
        (Payment, PaymentState, {"paid", "returned"}),
    ):
        rows = session.execute(sa.select(table.subject_id, table.state)).all()
        found = Counter(row.subject_id for row in rows)
        unknown = {row.state for row in rows} - set(states)
        left = Counter(row.state for row in rows if row.state not in wanted)
        missing = [one for one in range(FIRST_PERSON, FIRST_PERSON + claims) if found[one] != 1]
        findings += [f"{table.__tablename__}: states {unknown} do not exist"] if unknown else []
        findings += [f"{table.__tablename__}: {dict(left)} did not come to an end"] if left else []
        findings += [f"{table.__tablename__}: {len(missing)} people have not exactly one"] if missing else []
    return findings


def _records(session: Session) -> list[str]:
    """One record in the log for each movement, one letter for each payment that arrived."""
    moved = set(session.scalars(sa.select(LedgerTransaction.id)))
    logged = list(session.scalars(sa.select(LogEntry.record_id).where(LogEntry.kind == "payment")))
    findings = [] if len(logged) == len(moved) and set(logged) == moved else ["movements and records differ"]
    paid = session.scalar(sa.select(sa.func.count()).where(Payment.paid_at.is_not(None))) or 0
    told = session.scalar(sa.select(sa.func.count()).where(Notice.kind == "payment.paid")) or 0
    return findings + ([] if told == paid else [f"{paid} were paid and {told} letters written"])


def _bank(session: Session, world: Path) -> list[str]:
    """Paid here and there, once, the same sum."""
    store = Store(world)
    rows = store.rows("SELECT instruction_id, direction, amount_fen FROM booking")
    store.close()
    net: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for row in rows:
        sign = 1 if row["direction"] == "D" else -1
        net[row["instruction_id"]] += sign * row["amount_fen"]
        times[row["instruction_id"]] += row["direction"] == "D"
    theirs = {key: fen for key, fen in net.items() if fen}
    ours = {
        row.instruction_id: row.amount_fen
        for row in session.execute(
            sa.select(Payment.instruction_id, Payment.amount_fen).where(Payment.state == "paid")
        )
    }
    per_payment = Counter(key.rpartition("-")[0] for key in theirs)
    findings = [f"{key} left the bank {count} times" for key, count in times.items() if count > 1]
    findings += [f"payment {key} was paid {count} times" for key, count in per_payment.items() if count > 1]
    differing = ours.items() ^ theirs.items()
    return findings + ([f"{len(differing)} sums differ from the bank's"] if differing else [])
