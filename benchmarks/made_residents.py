"""A generated city taken over into an empty store as fast as the store takes rows: as ``load_city`` does it, but that names
and numbers of those without a claim are bytes of the same size."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path

import msgspec
import polars as pl

from benchmarks.filling import Hand, Task, filling
from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.clock import SHANGHAI
from kernel.house import House
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles import loading
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.layout import FIRST_ID, FRAME_NAMES, UNKNOWN_SUFFIX

Tell = Callable[[str, float], None]
#: Profiles written at once: a hundred million bytes of facts.
SLICE = 25_000
RELATIONSHIPS = 200_000
TABLES = ("profile", "subject", "relationship", "fact_change")
#: Households and firms whose names can be opened.
NAMED = 20_000
_OTHERS = """
    INSERT INTO subject (subject_id, kind, identifier_kind, identifier_index, identifier_sealed, name_sealed, created_at)
    SELECT m.subject_id, m.kind, 'id_number', {index}, {number}, {name}, '{now:%Y-%m-%d %H:%M:%S.%f}{zone}'
    FROM made_subject AS m LEFT JOIN subject AS s ON s.subject_id = m.subject_id
    WHERE m.kind IN ('person', 'household', 'firm') AND s.subject_id IS NULL
"""
_WORD = """
    INSERT INTO fact_change (sequence, subject_id, attribute, old, new, outcome, source, event_id, standing, observed_at,
                             recorded_at)
    SELECT 1, m.subject_id, 'person.ui_paid_months', '[1]', '[2]',
           CASE WHEN m.subject_id % 50 = 0 THEN 'outranked' ELSE 'applied' END, 'human_resources',
           'made:' || m.subject_id, 'verified', '2026-10-01 00:00:00.000000{zone}', '2026-10-01 00:00:00.000000{zone}'
    FROM made_subject AS m WHERE m.subject_id BETWEEN {first} AND {last}
"""


def load_residents(house: House, city: Path, *, named: int, facts: int, words: int, tell: Tell) -> None:
    """Everybody of the city, of whom so many residents can be named; of each so many ``facts`` at most (0: all), and so
    many words that were said of somebody before."""
    note = loading.read_note(city)
    observed_at = datetime.combine(note.as_of, time_of_day(), tzinfo=SHANGHAI).astimezone(UTC)
    with house.database.write(timeout=600) as session:
        sequence = profiles.lock_sequence(session) + 1
        profiles.set_sequence(session, sequence)
    tell("names and numbers", 0)
    _register(house, city, named)
    with filling(house) as hands, hands.without_indices(TABLES):
        first = hands.first
        first.run("CREATE TABLE made_subject (subject_id bigint PRIMARY KEY, kind text, division text)")
        hands.each(_profiles(city, sequence, observed_at, facts, tell))
        tell("others of the register", 0)
        zone = "" if first.is_sqlite else "+00"
        first.run(_OTHERS.format(now=house.clock.now(), zone=zone, **_bytes(first)))
        tell("relationships", 0)
        hands.each(_relationships(city, note))
        tell("words said before", 0)
        start = FIRST_ID["person"]
        first.run(_WORD.format(zone=zone, first=start, last=start + words - 1))
        tell("indices of residents", 0)


def _register(house: House, city: Path, named: int) -> None:
    """Those who can be named, sealed one by one."""
    columns = ("subject_id", "kind", "name", "identifier_kind", "identifier")
    known = pl.scan_parquet(city / "registry.parquet").filter(pl.col("name").is_not_null())
    bound: dict[EntityKind, int] = {"person": named, "household": NAMED, "firm": NAMED}
    for kind, count in bound.items():
        last = FIRST_ID[kind] + count - 1
        chosen = known.filter(pl.col("kind") == kind, pl.col("subject_id") <= last).select(columns).collect()
        rows = (msgspec.convert(row, SubjectRow) for row in chosen.iter_rows(named=True))
        with house.database.write(timeout=600) as session:
            registry.load_rows(session, rows, vault=house.vault, now=house.clock.now())


def _profiles(city: Path, sequence: int, observed_at: datetime, facts: int, tell: Tell) -> Iterator[Task]:
    """The next frame is made while the one before is written."""
    divisions = pl.DataFrame(schema={"owner_id": pl.Int64, "of_owner": pl.String})
    for kind, name in FRAME_NAMES.items():
        frame, done = pl.read_parquet(city / f"{name}.parquet"), 0
        for chunk in frame.iter_slices(SLICE):
            tell(name, done / frame.height)
            told = fewer_told(kind, chunk, facts) if facts else chunk
            rows = loading.profile_frame(kind, told, sequence, observed_at, divisions)
            done += rows.height
            yield lambda hand, rows=rows: _put_profiles(hand, rows)  # type: ignore[misc]
            if kind == "firm":
                divisions = pl.concat([divisions, rows.select(owner_id="subject_id", of_owner="division")])


def _put_profiles(hand: Hand, rows: pl.DataFrame) -> None:
    hand.put("profile", rows)
    hand.put("made_subject", rows.select("subject_id", "kind", "division"))


def fewer_told(kind: EntityKind, chunk: pl.DataFrame, facts: int) -> pl.DataFrame:
    """Of so many attributes at most; the others nobody told us."""
    untold = [one.key for one in catalogue().entities[kind].base_attributes[facts:]]
    return chunk.with_columns(pl.lit(True).alias(key + UNKNOWN_SUFFIX) for key in untold)


def _bytes(hand: Hand) -> dict[str, str]:
    """Of the sizes that sealed values have."""
    if hand.is_sqlite:
        return {"index": "randomblob(32)", "number": "randomblob(48)", "name": "randomblob(39)"}
    return {
        "index": "sha256(int8send(m.subject_id))",
        "number": "sha256(int8send(-m.subject_id)) || '0123456789abcdef'",
        "name": "sha256(int8send(m.subject_id + 7)) || '0123456'",
    }


def _relationships(city: Path, note: loading.CityNote) -> Iterator[Task]:
    columns = ("kind", "from_subject", "to_subject", "source", "from_on", "until_on")
    waiting: list[tuple[object, ...]] = []
    for one in loading.relationships(city, note.as_of):
        waiting.append((*msgspec.structs.astuple(one)[:4], one.from_on.isoformat(), None))
        if len(waiting) == RELATIONSHIPS:
            yield _putting(waiting, columns)
            waiting = []
    yield _putting(waiting, columns)


def _putting(rows: list[tuple[object, ...]], columns: tuple[str, ...]) -> Task:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | _NUMBERS, orient="row")
    return lambda hand: hand.put("relationship", frame)


_NUMBERS = {"from_subject": pl.Int64(), "to_subject": pl.Int64()}
