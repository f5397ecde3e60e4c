"""What pages, answers and nightly work cost in a store of ten thousand residents and in that of the whole city.

``python -m benchmarks.at_city_size STORE …``, each a folder that ``benchmarks.made_city`` made. A page is what its route
asks of the services, without drawing it: median of the wall and of our processor time. Because other work blurs every
clock, what the database had to look at stands beside: steps of SQLite's machine, pages of PostgreSQL. ``--plans`` says
instead which statements read a whole table (SQLite).
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.made_city import opened, read_note
from benchmarks.made_claims import POLICIES
from benchmarks.made_rights import CITY, DISTRICT, STREET, official, person
from kernel.database import Database
from kernel.house import House
from kernel.notices import repository as notices
from kernel.outbox import repository as outbox
from kernel.transparency import repository as log_rows
from policy_engine.delivery import service
from policy_engine.delivery.accounts import repository as accounts
from policy_engine.delivery.awards import repository as awards
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims import waiting
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.looking import last_look
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.oversight.questions import QUESTIONS
from policy_engine.delivery.payments import repository as payments
from policy_engine.delivery.payments.models import PaymentBatch
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.publicity import repository as publicity
from policy_engine.delivery.reconciliation import repository as reconciliation
from policy_engine.delivery.recovery import repository as recovery
from policy_engine.delivery.register import service as register
from policy_engine.delivery.reports import repository as reports
from policy_engine.delivery.states import PaymentState
from policy_engine.delivery.views import desk, money, personal, rights, work
from policy_engine.profiles import disclosure
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.layout import FIRST_ID
from policy_engine.profiles.quality import service as quality
from portals.joining import open_services
from portals.zhengtong.counter import repository as counter

Work = Callable[[Session], object]
CLERK = official(901, "claim.accept", division=STREET, department="街道办事处")
DECIDER = official(903, "claim.decide", division=DISTRICT, department="民政局")
CITY_SEAT = official(904, "claim.decide", division=CITY, department="民政局")
FINANCE = official(905, "payment.approve", "audit.read")
ROUNDS = 5
NIGHTLY_ROUNDS = 1
LARGE = (
    *(
        "profile",
        "subject",
        "relationship",
        "fact_change",
        "offer",
        "claim",
        "claim_stage_decision",
        "award",
        "payment",
    ),
    *(
        "claim_written_decision",
        "decision_record",
        "ledger_transaction",
        "ledger_entry",
        "case_event",
        "notice",
    ),
    *("log_entry", "payee_account"),
)


def pages(house: House, ports: Ports) -> Iterator[tuple[str, Work]]:
    """What somebody waits for."""
    now = house.clock.now()
    with house.database.read() as session:
        at_desk = _first_on_a_desk(session)
        decided = _first_resident(session, Claim, "granted")
        asks = person(_first_resident(session, Offer, "offered").subject_id)
        batch = session.scalars(sa.select(PaymentBatch).order_by(PaymentBatch.payment_count.desc())).first()
    one = person(decided.subject_id)
    assert batch is not None
    yield "a person's offers", lambda s: personal.inbox_offers(s, ports, asks, now=now)
    yield (
        "a person's letters",
        lambda s: (notices.inbox(s, one.subject_id), notices.unread_count(s, one.subject_id)),
    )
    yield "a person's claims", lambda s: personal.my_claims(s, ports, one, now=now)
    yield "a person's claim", lambda s: personal.claim_detail(s, ports, decided.id, one, now=now)
    yield (
        "a person's rights and payments",
        lambda s: (money.my_awards(s, ports, one, now=now), money.my_payments(s, ports, one, now=now)),
    )
    yield "what is known about me", lambda s: disclosure.known_about(s, one.subject_id)
    yield "street clerk's work list", lambda s: work.work_list(s, ports, CLERK, now=now, limit=50)
    yield "county seat's work list", lambda s: work.work_list(s, ports, DECIDER, now=now, limit=50)
    yield "city seat's work list", lambda s: work.work_list(s, ports, CITY_SEAT, now=now, limit=50)
    yield "a claim's file", lambda s: desk.claim_file(s, ports, at_desk.id, DECIDER, now=now)
    yield (
        "payments to approve",
        lambda s: money.payments_page(
            s, ports, FINANCE, (PaymentState.RESERVED,), money.PaymentFilter(), now=now, limit=100
        ),
    )
    yield (
        "returned payments",
        lambda s: money.payments_page(
            s, ports, FINANCE, (PaymentState.RETURNED,), money.PaymentFilter(), now=now, limit=100
        ),
    )
    yield (
        "payments that arrived",
        lambda s: money.payments_page(
            s, ports, FINANCE, (PaymentState.PAID,), money.PaymentFilter(), now=now, limit=100
        ),
    )
    yield "payments to approve, added up", lambda s: money.payment_sums(s, FINANCE, (PaymentState.RESERVED,))
    yield (
        "a name looked for in the city's work list",
        lambda s: work.work_page(s, ports, CITY_SEAT, work.WorkFilter(words="王"), now=now, limit=50),
    )
    yield "what could be paid in one go", lambda s: money.ready_groups(s, ports, FINANCE)
    yield "batches", lambda s: money.batches(s, FINANCE, limit=20)
    yield (
        "a batch and its payments",
        lambda s: money.batch_payments(s, ports, batch.id, FINANCE, now=now, limit=100),
    )
    yield "budgets", lambda s: money.budgets(s, FINANCE)
    for question in rights.QUESTIONS:
        yield (
            f"rights in question: {question}",
            lambda s, q=question: rights.rights_in_question(s, ports, CITY_SEAT, q, now=now),
        )
    yield "overpayments", lambda s: rights.overpayments_at(s, ports, CITY_SEAT, is_open=True)
    yield "public notice", lambda s: publicity.running(s, now.date(), DISTRICT, "", 100)
    yield "unreached list", lambda s: counter.unopened(s, STREET, before=now - timedelta(days=7), limit=200)
    yield (
        "unreached list of the city",
        lambda s: counter.unopened(s, CITY, before=now - timedelta(days=7), limit=200),
    )
    yield "quality findings", lambda s: quality.counts(s, ["public_security"])
    yield "dead letters", outbox.dead_letters
    yield "the log's head", log_rows.latest_head
    yield "public register, read", lambda s: reports.content_of(s, register.NAME)
    yield "books, as they were last looked through", last_look


def steps(house: House) -> Iterator[tuple[str, Work]]:
    """What happens a thousand times a day, asked of the store and taken back."""
    now, today = house.clock.now(), house.clock.today()
    with house.database.read() as session:
        one = _first_resident(session, Award, "active").unit_id
        offer = _first_resident(session, Offer, "offered")
        number = accounts.accounts_of(session, [one])[0].number_index
    policy = POLICIES[0].id
    year = (today.replace(month=1, day=1), today.replace(year=today.year + 1, month=1, day=1))
    yield "rights of a unit", lambda s: awards.awards_on_unit(s, [policy, POLICIES[1].id], one)
    yield "the latest right on a unit", lambda s: awards.latest_on(s, policy, one)
    yield "units that have a right", lambda s: offers.units_awarded(s, [policy], [one])
    yield "live rights of somebody who died", lambda s: awards.lock_live_of_subject(s, one)
    yield "how often granted", lambda s: awards.times_granted(s, policy, "unit", [one], year)
    yield "how often paid", lambda s: payments.times_paid(s, policy, "unit", [one], year)
    yield "payments to a unit", lambda s: payments.regular_payments_on(s, [policy], one)
    yield "paid to a unit in a year", lambda s: payments.paid_to_unit(s, [policy], one, year)
    yield "who is paid into an account", lambda s: accounts.people_paid_into(s, number)
    yield "other offers of a unit", lambda s: offers.lock_rival_offers(s, offer)
    yield "open claims on a unit", lambda s: claims.open_claims_on(s, [policy], one)
    yield "rights due", lambda s: awards.lock_due(s, today, 200)
    yield "rights lost today", lambda s: awards.lock_loss_day(s, policy, today)
    yield "offers that lapsed", lambda s: offers.lock_lapsed(s, today, 300)
    yield "notices that ended", lambda s: claims.lock_ended_notices(s, today, 100)
    yield "opinions overdue", lambda s: claims.overdue_opinions(s, today, 100)
    yield "suspended for a death", lambda s: awards.suspended_subjects(s, "death", 0, 100)
    yield "rights raised", lambda s: awards.lock_raised(s, policy, 200)
    yield "who owes beyond the day", lambda s: recovery.late(s, today, 100)
    yield "a run gathered", lambda s: _gather(s, now=now)
    yield "orders to come of a run", lambda s: payments.groups_ready(s, CITY, 100)
    yield "messages due", lambda s: outbox.claim(s, now=now, lease_for=timedelta(minutes=1), limit=20)
    yield "entries that wait for the log", log_rows.has_pending
    yield (
        "families changed",
        lambda s: profiles.owners_changed_since(s, profiles.current_sequence(s) - 1, [one]),
    )
    yield "days of the bank", lambda s: reconciliation.paid_on(s, today - timedelta(days=40))


def _first_on_a_desk(session: Session) -> Claim:
    """That waits for somebody in the county."""
    found = waiting.Fits(desks=waiting.known_desks(session), division=DISTRICT)
    return waiting.waiting_at(session, found, limit=1)[0]


def _first_resident(session: Session, model: Any, state: str) -> Any:
    """A row in this state about somebody of the city."""
    found = sa.select(model).where(model.subject_id >= FIRST_ID["person"], model.state == state)
    return session.scalars(found.order_by(model.subject_id).limit(1)).one()


def _gather(session: Session, *, now: Any) -> object:
    batch = PaymentBatch(
        number="FK-measured",
        division=CITY,
        approved_by_id=1,
        approved_by_name="某",
        seat_id=1,
        approved_at=now,
        payment_count=0,
        total_fen=0,
        held_count=0,
        policy_id=POLICIES[0].id,
        period=f"{now:%Y-%m}",
    )
    session.add(batch)
    session.flush()
    found = payments.lock_for_run(
        session, CITY, POLICIES[0].id, f"{now:%Y-%m}", official_id=903, concerned=[1, 2]
    )
    return payments.gather(session, batch, found)


def nightly(house: House, ports: Ports) -> Iterator[tuple[str, Work]]:
    """What goes through everything."""
    now, today = house.clock.now(), house.clock.today()
    for question in QUESTIONS.values():
        yield f"question: {question.key}", lambda s, q=question: len(list(q.find(s, ports, now)))
    yield "public register, made afresh", lambda s: register.make(s, ports, now=now)
    yield "ledger looked through", service.defects
    yield "conflicts of sources", lambda s: sum(1 for _ in quality.conflicts(s))
    yield "quality rules", lambda s: sum(1 for _ in quality.broken_rules(s, today))


def measure_in(folder: Path, *, only: str = "", has_nights: bool = True) -> Iterator[dict[str, Any]]:
    note = read_note(folder)
    about = {
        "benchmark": "at_city_size",
        "database": note.database,
        "residents": note.residents,
        "claims": note.claims,
    }
    with opened(folder) as house:
        ports = open_services(house).ports
        groups = [
            ("page", pages(house, ports), ROUNDS),
            ("step", steps(house), ROUNDS),
        ]
        if has_nights:
            groups.append(("night", nightly(house, ports), NIGHTLY_ROUNDS))
        for kind, works, rounds in groups:
            for name, work in works:
                if only in name:
                    yield {**about, "kind": kind, "work": name, **_cost(house, work, rounds, kind)}


def _cost(house: House, work: Work, rounds: int, kind: str) -> dict[str, Any]:
    """Medians."""
    walls: list[float] = []
    ours: list[float] = []
    looked = 0
    for number in range(rounds + (kind != "night")):
        with Session(house.database.engine.connect()) as session:
            before = _Looked(house, session)
            if not house.database.is_sqlite:
                session.execute(sa.text("SET LOCAL statement_timeout = 0"))
            start, worked = time.perf_counter(), time.process_time()
            work(session)
            taken = time.perf_counter() - start, time.process_time() - worked
            looked = before.since()
            session.connection().close()
        if number or kind == "night":  # the first time nothing is compiled or at hand
            walls.append(taken[0])
            ours.append(taken[1])
    what = "sqlite_steps" if house.database.is_sqlite else "postgresql_pages"
    return {
        "milliseconds": round(1000 * statistics.median(walls), 2),
        "cpu_milliseconds": round(1000 * statistics.median(ours), 2),
        what: looked,
    }


class _Looked:
    """What the database looks at from now on: steps of SQLite's machine in thousands, or buffers of PostgreSQL."""

    def __init__(self, house: House, session: Session) -> None:
        self._house, self._session = house, session
        if house.database.is_sqlite:
            self._steps = 0
            driver: Any = session.connection().connection.driver_connection
            driver.set_progress_handler(self._count, 1_000)
        else:
            self._before = self._buffers()

    def since(self) -> int:
        """And everything that was written is taken back."""
        if not self._house.database.is_sqlite:
            return self._buffers() - self._before
        self._session.rollback()
        driver: Any = self._session.connection().connection.driver_connection
        driver.set_progress_handler(None, 0)
        return self._steps * 1_000

    def _count(self) -> int:
        self._steps += 1
        return 0

    def _buffers(self) -> int:
        """Of this connection alone, whatever others do. A server tells what it counted when a transaction has ended."""
        found = sa.text("SELECT sum(hits + reads) FROM pg_stat_get_backend_io(pg_backend_pid())")
        self._session.execute(sa.text("SELECT pg_stat_force_next_flush()"))
        self._session.rollback()
        looked = int(self._session.scalar(found) or 0)
        self._session.rollback()
        return looked


def scans_in(folder: Path) -> Iterator[str]:
    """Statements of pages and steps that read a whole large table, or sort what they read of it."""
    with opened(folder) as house:
        ports = open_services(house).ports
        for name, work in (*pages(house, ports), *steps(house)):
            with heard(house.database) as asked, Session(house.database.engine.connect()) as session:
                work(session)
                session.rollback()
                session.connection().close()
            with house.database.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                for text, values in dict.fromkeys(
                    (text, values) for text, values in asked if not isinstance(values, list)
                ):
                    if text.lstrip()[:6] not in ("SELECT", "UPDATE", "DELETE"):
                        continue
                    for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", values):
                        words = row[3].split()
                        if words[0] == "SCAN" and words[1] in LARGE:
                            yield f"{name}: {row[3]} | {' '.join(text.split())[:400]}"


@contextmanager
def heard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its values."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, text: str, values: Any, *_rest: Any) -> None:
        asked.append((text, values))

    sa.event.listen(database.engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", hear)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", type=Path, nargs="+")
    parser.add_argument("--only", default="", help="works whose name holds this")
    parser.add_argument("--no-nights", action="store_true")
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    for folder in asked.stores:
        if asked.plans:
            for line in scans_in(folder):
                print(line, flush=True)
            continue
        for figure in measure_in(folder, only=asked.only, has_nights=not asked.no_nights):
            print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
