"""A small run inside a store that ``made_city`` filled, beside the same run inside a small one.

It works in the store itself: people are added and what is measured of them, some thousands of rows, and stays there.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from benchmarks.made_city import CityNote, make, opened, read_note
from benchmarks.made_rights import FIRST_PERSON
from benchmarks.working_house import free_port
from kernel.clock import Clock, SystemClock
from kernel.house import House
from kernel.outbox import OutboxMessage
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.models import Policy
from policy_engine.profiles.layout import FIRST_ID
from policy_engine.profiles.models import Profile
from tests.policy_engine.matching.works import FixedClock, Works

#: The store that others are compared to, where none is given.
SMALL_RESIDENTS, SMALL_CLAIMS = 12_000, 10_000


class Store(msgspec.Struct, frozen=True):
    """An opened one: the port is the house's, ``server`` the first process of PostgreSQL's server."""

    folder: Path
    note: CityNote
    house: House
    port: int
    server: int | None

    @property
    def about(self) -> dict[str, Any]:
        return {
            "database": self.note.database,
            "residents": self.note.residents,
            "claims_in_store": self.note.claims,
        }


Measure = Callable[[Store], Iterator[dict[str, Any]]]


def add_stores(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="run inside stores of made_city, each beside the first; beside a small one made for it where only one is given",
    )


def measure_inside(
    folders: Sequence[Path],
    measure: Measure,
    same: Sequence[str],
    compared: Sequence[str],
    *,
    clock: Clock | None = None,
) -> Iterator[dict[str, Any]]:
    """What ``measure`` says of each store; of all but the first, ``beside``: how many times each figure of ``compared`` is
    what it was in the first, for the same values of ``same``."""
    with tempfile.TemporaryDirectory() as room:
        if len(folders) == 1:
            small = Path(room) / "small"
            large = read_note(folders[0])
            make(small, large.database, SMALL_RESIDENTS, SMALL_CLAIMS, facts=large.facts)
            folders = [small, *folders]
        before: dict[tuple[object, ...], Mapping[str, Any]] = {}
        for folder in folders:
            with _opened(folder, clock) as store:
                for figure in measure(store):
                    found = store.about | figure
                    first = before.setdefault(tuple(found.get(key) for key in same), found)
                    yield found if first is found else found | {"beside": _ratios(found, first, compared)}


def _ratios(found: Mapping[str, Any], first: Mapping[str, Any], compared: Sequence[str]) -> dict[str, Any]:
    return {
        "claims_in_store": first["claims_in_store"],
        **{
            key: round(found[key] / first[key], 2)
            for key in compared
            if found.get(key) is not None and first.get(key)
        },
    }


@contextmanager
def _opened(folder: Path, clock: Clock | None) -> Iterator[Store]:
    port = free_port()
    with opened(folder, clock or SystemClock(), port=port) as house:
        server = None
        if not house.database.is_sqlite:
            server = int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        put_away(house)
        yield Store(folder, read_note(folder), house, port, server)


def put_away(house: House) -> None:
    """What runs before left in the outbox, for handlers that they did not have."""
    waiting = sa.update(OutboxMessage).where(OutboxMessage.done_at.is_(None))
    with house.database.write(timeout=60) as session:
        session.execute(waiting.values(done_at=house.clock.now()))


def next_place(house: House) -> int:
    """From where on people can be settled beside those who are there already: the real ones and those of runs before."""
    people = (Profile.kind == "person", Profile.subject_id.between(FIRST_PERSON, FIRST_ID["person"] - 1))
    with house.database.read() as session:
        last = session.scalar(sa.select(sa.func.max(Profile.subject_id)).where(*people))
    return 0 if last is None else last + 1 - FIRST_PERSON


def publish_once(house: House, policy: PolicyDocument) -> bool:
    """In force for everybody; whether it was not before."""
    with house.database.read() as session:
        if session.get(Policy, policy.id) is not None:
            return False
    Works(house, FixedClock(house.clock.now())).publish(policy, permille=1000)
    return True
