"""The city as columns: the same from files and from the store, and the same refreshed as read anew."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Conflict
from kernel.house import House
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.profiles import loading, snapshot
from policy_engine.profiles.schemas import UNKNOWN, Change, OwnerChanged, SubjectAdded
from policy_engine.profiles.service import apply_changes, load_family
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.profiles.conftest import (
    AS_OF,
    DAUGHTER,
    GRANNY,
    HOME,
    NOON,
    OTHER_HOME,
    fact,
)

in_one_house = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


def taken(house: House) -> Snapshot:
    with house.database.read() as session:
        return snapshot.from_database(session, AS_OF)


def assert_same(one: Snapshot, other: Snapshot) -> None:
    assert one.frames.keys() == other.frames.keys()
    for kind, frame in one.frames.items():
        assert frame.schema == other.frames[kind].schema
        assert frame.equals(other.frames[kind]), kind


def test_a_loaded_city_gives_back_the_frames_it_came_from(any_loaded: House, city: Path) -> None:
    assert_same(taken(any_loaded), snapshot.from_directory(city))


def test_a_city_is_loaded_once(loaded: House, city: Path) -> None:
    with pytest.raises(Conflict), loaded.database.write() as session:
        loading.load_city(session, city, vault=loaded.vault, now=NOON)


def test_loading_tells_how_far_it_is(house: House, city: Path) -> None:
    shares: list[float] = []
    with house.database.write() as session:
        count = loading.load_city(
            session,
            city,
            vault=house.vault,
            now=NOON,
            progress=lambda _doing, share: shares.append(share),
        )
    assert count == sum(
        pl.read_parquet(city / f"{name}.parquet").height for name in snapshot.FRAME_NAMES.values()
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_cache_is_read_again_until_something_changes(any_loaded: House, tmp_path: Path) -> None:
    with any_loaded.database.read() as session:
        first = snapshot.cached(session, tmp_path / "snapshot", AS_OF)
        again = snapshot.cached(session, tmp_path / "snapshot", AS_OF)
    assert_same(first, again)
    assert first.sequence == again.sequence
    person = first.frames["person"]["subject_id"][0]
    with any_loaded.database.write() as session:
        apply_changes(session, [fact(person, "person.disability_level", 1)], now=NOON)
    with any_loaded.database.read() as session:
        fresh = snapshot.cached(session, tmp_path / "snapshot", AS_OF)
    assert fresh.sequence == first.sequence + 1
    assert fresh.frames["person"].filter(subject_id=person)["disability_level"].to_list() == [1]
    assert_same(fresh, taken(any_loaded))
    assert len(list((tmp_path / "snapshot").iterdir())) == 1


def test_a_cache_written_for_other_columns_is_not_trusted(loaded: House, tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    with loaded.database.read() as session:
        snapshot.cached(session, folder, AS_OF)
    (written,) = folder.iterdir()
    note = written / "snapshot.json"
    note.write_text(note.read_text().replace("birth_date", "birthday"))
    (written / "persons.parquet").unlink()
    with loaded.database.read() as session:
        assert_same(snapshot.cached(session, folder, AS_OF), taken(loaded))


def _values(attribute: Attribute) -> st.SearchStrategy[Any]:
    if attribute.type == "boolean":
        return st.booleans()
    if attribute.type == "enum":
        return st.sampled_from(attribute.values)
    if attribute.type == "division":
        return st.sampled_from(sorted(catalogue().divisions))
    if attribute.type == "date":
        return st.dates(date(1930, 1, 1), date(2030, 1, 1)).map(date.isoformat)
    if attribute.type == "text":
        return st.sampled_from(["甲", "乙", "演低保4202810000001"])
    return st.integers(1, 4)


def _said(attribute: Attribute) -> st.SearchStrategy[Any]:
    nothing = st.just(UNKNOWN) | st.none() if attribute.may_be_absent else st.just(UNKNOWN)
    return st.tuples(st.just(attribute.id), _values(attribute) | nothing)


def _facts_about(kind: str, *subjects: int) -> st.SearchStrategy[tuple[int, tuple[str, Any]]]:
    attributes = catalogue().entities[kind].base_attributes  # type: ignore[index]
    return st.tuples(st.sampled_from(subjects), st.one_of([_said(one) for one in attributes]))


steps = st.lists(
    _facts_about("person", GRANNY, DAUGHTER)
    | _facts_about("household", HOME, OTHER_HOME)
    | st.tuples(st.sampled_from([GRANNY, DAUGHTER]), st.sampled_from([HOME, OTHER_HOME])),
    min_size=1,
    max_size=12,
)


class Told:
    """Gives every step an event of its own, each later than the one before; what it made should be known."""

    def __init__(self) -> None:
        self.count = 0
        self.facts: dict[tuple[int, str], Any] = {}
        self.homes = {GRANNY: HOME, DAUGHTER: HOME}

    def change(self, step: tuple[int, Any]) -> Change:
        self.count += 1
        when, event = NOON + timedelta(seconds=self.count), f"step-{self.count}"
        subject, said = step
        if isinstance(said, int):
            self.homes[subject] = said
            return OwnerChanged(
                subject_id=subject, owner_id=said, source="test", event_id=event, observed_at=when
            )
        attribute, value = said
        self.facts[subject, attribute] = value
        return fact(subject, attribute, value, source="test", event_id=event, observed_at=when)


@in_one_house
@given(batches=st.lists(steps, min_size=1, max_size=3))
def test_refreshing_equals_reading_everything_anew(batches: Sequence[Sequence[Any]], family: House) -> None:
    told = TOLD.setdefault(id(family), Told())
    before = taken(family)
    for batch in batches:
        with family.database.write() as session:
            apply_changes(session, [told.change(step) for step in batch], now=NOON + timedelta(days=1))
    with family.database.read() as session:
        assert_same(snapshot.refreshed(session, before, AS_OF), taken(family))
        for person, home in told.homes.items():
            assert load_family(session, person).owner.subject_id == home
        for (subject, attribute), value in told.facts.items():
            known = load_family(session, subject).subject(subject).values()
            assert known.get(attribute, UNKNOWN) == value


TOLD: dict[int, Told] = {}


@in_one_house
@given(order=st.permutations(range(5)), round_=st.integers(0, 10**9))
def test_the_order_of_arrival_does_not_matter(order: Sequence[int], round_: int, family: House) -> None:
    start = NOON + timedelta(days=TOLD.setdefault(-id(family), Told()).count)
    TOLD[-id(family)].count += 1
    for place in order:
        change = fact(
            GRANNY,
            "person.ui_paid_months",
            place,
            source="human_resources",
            event_id=f"{start}-{round_}-{place}",
            observed_at=start + timedelta(minutes=place),
        )
        with family.database.write() as session:
            apply_changes(session, [change], now=start + timedelta(days=1))
    with family.database.read() as session:
        assert load_family(session, GRANNY).subject(GRANNY).values()["person.ui_paid_months"] == 4


def test_newcomers_take_their_places_among_the_others(loaded: House) -> None:
    before = taken(loaded)
    home, firm = (before.frames[kind]["subject_id"][3] for kind in ("household", "firm"))
    numbers = {"person": (7, 1_900_000_000), "hire": (3, 4_900_000_000)}
    newcomers: list[Change] = [
        SubjectAdded(
            subject_id=number,
            kind=kind,  # type: ignore[arg-type]
            owner_id=home if kind == "person" else firm,
            division="420203",
            source="public_security",
            event_id=f"new-{number}",
            observed_at=NOON,
            about_id=7 if kind == "hire" else None,
        )
        for kind, some in numbers.items()
        for number in some
    ]
    with loaded.database.write() as session:
        apply_changes(session, [*newcomers, fact(7, "person.birth_date", "2026-11-01")], now=NOON)
    with loaded.database.read() as session:
        assert_same(snapshot.refreshed(session, before, AS_OF), taken(loaded))


def test_what_nobody_changed_is_not_made_again(loaded: House) -> None:
    before = taken(loaded)
    person = before.frames["person"]["subject_id"][5]
    with loaded.database.write() as session:
        apply_changes(session, [fact(person, "person.disability_level", 1)], now=NOON)
    with loaded.database.read() as session:
        after = snapshot.refreshed(session, before, AS_OF)
    assert after.frames["household"] is before.frames["household"]
    assert after.frames["person"].filter(subject_id=person)["disability_level"].to_list() == [1]
    assert_same(after, taken(loaded))
