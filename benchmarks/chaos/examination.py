"""What the house's books say when it is over, held against the bank's own, and what is not done yet."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.chaos.town import GIFT, Town, place_of
from benchmarks.made_rights import POLICY
from connectors.simulators.store import Store
from kernel.house import House
from kernel.notices.models import Notice
from kernel.outbox import dead_letters
from kernel.transparency.models import LogEntry
from policy_engine.delivery import service
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.models import LedgerTransaction
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.states import (
    AWARD,
    CLAIM,
    HOLDS_RESERVATION,
    IN_FLIGHT,
    PAYMENT,
    AwardState,
    ClaimState,
    Machine,
    PaymentState,
)

MACHINES: dict[str, Machine[Any]] = {"claim": CLAIM, "award": AWARD, "payment": PAYMENT}


def not_done(house: House, town: Town) -> dict[str, int]:
    """How much of what has to happen has not happened; empty when everything is at rest."""
    with house.database.read() as session:
        granted = _count(session, Claim.id, Claim.state == "granted")
        ended = _count(session, Payment.id, Payment.state == "paid")
        kept = _count(session, Payment.id, Payment.is_held, Payment.state.in_([*HOLDS_RESERVATION]))
        runs = _count(session, PaymentBatch.id, PaymentBatch.state.in_(("planned", "sending", "stopped")))
        suspended = _count(session, Award.id, Award.state == "suspended")
        dead = _count(session, Award.id, Award.end_reason == "death")
    all_of_them = town.claims + town.gifts
    dying = sum(town.dies(place) and not town.lives(place) for place in range(town.claims))
    left = {
        "claims to be granted": all_of_them - granted,
        "payments to be paid or kept for a family": all_of_them - ended - kept,
        "runs under way": runs,
        "rights suspended": suspended,
        "deaths to be confirmed": dying - dead,
    }
    return {what: count for what, count in left.items() if count}


def _count(session: Session, column: Any, *where: Any) -> int:
    return session.scalar(sa.select(sa.func.count(column)).where(*where)) or 0


def examined(house: House, world: Path, town: Town) -> dict[str, Any]:
    """Counts, and ``findings``: everything that is not as it must be, whether all is done or not."""
    findings: list[str] = []
    with house.database.read() as session:
        findings += service.defects(session)
        findings += _lives(session, town)
        findings += _histories(session)
        findings += _reservations(session)
        findings += _records(session)
        findings += _dead(session, town)
        findings += [f"dead letter on {one.topic}: {one.error}" for one in dead_letters(session)]
        states = Counter(session.scalars(sa.select(Payment.state)))
        acts = Counter(session.scalars(sa.select(CaseEvent.kind).where(CaseEvent.object_kind == "claim")))
        store = Store(world)
        findings += bank_findings(session, store)
        store.close()
    return {"payments": dict(states), "claim_events": dict(acts.most_common()), "findings": findings}


def _lives(session: Session, town: Town) -> Iterator[str]:
    """Everybody has one claim, one award, one payment of the month for each right, in a state that there is."""
    for table, states in ((Claim, ClaimState), (Award, AwardState), (Payment, PaymentState)):
        rows = session.execute(sa.select(table.subject_id, table.policy_id, table.state)).all()
        unknown = {row.state for row in rows} - set(states)
        if unknown:
            yield f"{table.__tablename__}: states {unknown} do not exist"
        found = Counter((row.policy_id, row.subject_id) for row in rows)
        twice = [key for key, times in found.items() if times > 1]
        if twice:
            yield f"{table.__tablename__}: {len(twice)} people have more than one of one right"
        strangers = {
            key
            for key in found
            if key[0] not in (POLICY.id, GIFT.id)
            or (key[0] == GIFT.id and not town.has_gift(place_of(key[1])))
        }
        if strangers:
            yield f"{table.__tablename__}: {len(strangers)} people have what nobody offered them"


def _histories(session: Session) -> Iterator[str]:
    """Each life is a chain of moves that there are, from its beginning to where it stands."""
    event = CaseEvent.__table__.c
    before = sa.func.lag(event.to_state).over(
        partition_by=(event.object_kind, event.object_id), order_by=event.id
    )
    moves = (
        sa.select(event.object_kind, event.from_state, event.to_state, before.label("before"))
        .where(
            event.object_kind.in_(MACHINES),
            event.to_state.is_not(None),
            event.from_state.is_distinct_from(event.to_state),
        )
        .subquery()
    )
    counted = sa.select(
        moves.c.object_kind,
        moves.c.from_state,
        moves.c.to_state,
        moves.c.before,
        sa.func.count().label("times"),
    ).group_by(*moves.c)
    for row in session.execute(counted):
        legal = {
            (source, target)
            for (source, _), targets in MACHINES[row.object_kind].table.items()
            for target in targets
        }
        if row.from_state is not None and (row.from_state, row.to_state) not in legal:
            yield f"{row.times} {row.object_kind}: no move leads from {row.from_state} to {row.to_state}"
        if row.before is not None and row.before != row.from_state:
            yield f"{row.times} {row.object_kind}: at {row.from_state}, but before it came to {row.before}"


def _reservations(session: Session) -> Iterator[str]:
    """No payment without exactly one reservation."""
    kept = sa.select(LedgerTransaction.payment_id).where(LedgerTransaction.kind == "reserve")
    reserved = Counter(session.scalars(kept))
    states = (*HOLDS_RESERVATION, *IN_FLIGHT, PaymentState.PAID)
    out = set(session.scalars(sa.select(Payment.id).where(Payment.state.in_(states))))
    without = sum(reserved[one] != 1 for one in out)
    if without or any(times > 1 for times in reserved.values()):
        yield f"{without} payments have not exactly one reservation"


def _dead(session: Session, town: Town) -> Iterator[str]:
    """Nothing left for somebody whose right ended by a death after it had ended; who lives has the right again."""
    rows = session.execute(sa.select(Award.subject_id, Award.state, Award.end_reason)).all()
    wrong = sum(row.end_reason == "death" and not town.dies(place_of(row.subject_id)) for row in rows)
    wrong += sum(row.end_reason == "death" and town.lives(place_of(row.subject_id)) for row in rows)
    if wrong:
        yield f"{wrong} rights of the living ended by a death"
    late = (
        sa.select(sa.func.count())
        .select_from(Payment)
        .join(Award, Award.id == Payment.award_id)
        .join(CaseEvent, sa.and_(CaseEvent.object_id == Award.id, CaseEvent.kind == "award.ended"))
        .where(Award.end_reason == "death", Payment.instructed_at > CaseEvent.happened_at)
    )
    if session.scalar(late):
        yield "orders were given for the dead"


def _records(session: Session) -> Iterator[str]:
    """One record in the log for each movement, one letter for each payment that arrived."""
    moved = set(session.scalars(sa.select(LedgerTransaction.id)))
    logged = list(session.scalars(sa.select(LogEntry.record_id).where(LogEntry.kind == "payment")))
    if len(logged) != len(moved) or set(logged) != moved:
        yield "movements and records differ"
    paid = _count(session, Payment.id, Payment.paid_at.is_not(None))
    told = _count(session, Notice.kind, Notice.kind == "payment.paid")
    if told != paid:
        yield f"{paid} were paid and {told} letters written"


def bank_findings(session: Session, store: Store) -> Iterator[str]:
    """By the bank's own books: nobody was paid twice, and what is paid here is paid there, the same sum."""
    net: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for row in store.rows("SELECT instruction_id, direction, amount_fen FROM booking"):
        sign = 1 if row["direction"] == "D" else -1
        net[row["instruction_id"]] += sign * row["amount_fen"]
        times[row["instruction_id"]] += row["direction"] == "D"
    theirs = {key: fen for key, fen in net.items() if fen}
    present = sa.select(Payment.instruction_id, Payment.amount_fen, Payment.state)
    rows = session.execute(present.where(Payment.instruction_id.is_not(None))).all()
    ours = {row.instruction_id: row.amount_fen for row in rows if row.state == PaymentState.PAID}
    on_its_way = {row.instruction_id for row in rows if row.state in IN_FLIGHT}
    for key, count in times.items():
        if count > 1:
            yield f"{key} left the bank {count} times"
    for key, count in Counter(key.partition("-")[0] for key in theirs).items():
        if count > 1:
            yield f"payment {key} was paid {count} times"
    differing = {key for key, _ in ours.items() ^ theirs.items()} - on_its_way
    if differing:
        yield f"{len(differing)} sums differ from the bank's"
