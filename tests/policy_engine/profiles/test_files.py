"""A department's file: taken once, resumed where it was killed, and every row that was not taken is accounted for."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from connectors.simulators.desk import day
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from kernel.outbox import OutboxMessage
from policy_engine.catalogue import catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.files import loading, service
from policy_engine.profiles.files.cells import Unreadable, read_cell, read_date
from policy_engine.profiles.files.columns import read_columns
from policy_engine.profiles.files.loading import Loading
from policy_engine.profiles.files.service import FileView
from policy_engine.profiles.models import FactHistory, Profile
from tests.policy_engine.profiles.conftest import AS_OF, NOON

PREMIUMS = "失业保险缴费月数"


@pytest.fixture
def people(city: Path) -> list[tuple[int, str]]:
    """(subject, id number) of the registered residents."""
    frame = pl.read_parquet(city / "registry.parquet").filter(
        (pl.col("kind") == "person") & pl.col("identifier").is_not_null()
    )
    return list(zip(frame["subject_id"], frame["identifier"], strict=True))


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def register(house: House, path: Path, source: str = "human_resources", on: date = AS_OF) -> FileView:
    with house.database.write() as session:
        return service.register(
            session, path, source=source, name=path.name, observed_on=on, today=AS_OF, by=None, now=NOON
        )


def loading_of(house: House, path: Path, file: FileView) -> Loading:
    return Loading(house.database, house.vault, house.clock, path, file.id)


def load(house: House, path: Path, source: str = "human_resources", on: date = AS_OF) -> FileView:
    file = register(house, path, source, on)
    assert loading_of(house, path, file).run()
    with house.database.read() as session:
        return service.view(session, file.id)


def rejects(house: House, file: FileView) -> list[list[str]]:
    with house.database.read() as session:
        text = "".join(service.rejects_csv(session, house.vault, file.id))
    return list(csv.reader(io.StringIO(text)))[1:]


def value_of(house: House, subject_id: int, key: str) -> Any:
    with house.database.read() as session:
        return repository.load_subjects(session, [subject_id])[subject_id].facts[key]


def tomorrow_is_told(people: list[tuple[int, str]]) -> list[str]:
    return [f"身份证号,{PREMIUMS}", *(f"{number},{place % 300}" for place, (_, number) in enumerate(people))]


def test_a_generated_city_was_observed_as_its_day_began_here(
    loaded: House, people: list[tuple[int, str]]
) -> None:
    """Eight hours later it would be, until the morning, newer than what the departments say."""
    observed_at = value_of(loaded, people[7][0], "birth_date").observed_at
    assert observed_at == datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=SHANGHAI)


def test_rows_become_facts_with_their_source_and_day(
    any_loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    path = written(tmp_path / "months.csv", *tomorrow_is_told(people))
    file = load(any_loaded, path)
    assert (file.state, file.rows_done, file.rejected) == ("done", len(people), 0)
    assert sum(file.facts.values()) == len(people)
    known = value_of(any_loaded, people[7][0], "ui_paid_months")
    assert (known.value, known.source) == (7, "human_resources")
    assert known.observed_at.astimezone().date() <= AS_OF
    with any_loaded.database.read() as session:
        told = repository.history_of(session, people[7][0], "person.ui_paid_months")
        waiting = session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage))
    assert told[-1].event_id == f"file:{file.id}:9"
    assert waiting


def test_the_same_file_changes_nothing_the_second_time_nor_does_the_same_content_on_another_day(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    path = written(tmp_path / "months.csv", *tomorrow_is_told(people))
    first = load(loaded, path)
    assert load(loaded, path) == first
    with loaded.database.read() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(FactHistory))
    earlier = load(loaded, path, on=AS_OF - timedelta(days=30))
    assert earlier.id != first.id
    assert earlier.facts == {"repeated": len(people)}
    with loaded.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(FactHistory)) == before


def test_a_row_is_taken_whole_or_not_at_all_and_every_fault_is_told(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    (one, first), (two, second), (_, third) = people[:3]
    before = value_of(loaded, two, "ui_paid_months")
    path = written(
        tmp_path / "mixed.csv",
        f"身份证号,{PREMIUMS},就业状态,生效日期",
        f"{first},7,灵活就业,2026-11-01",
        f"{second},99,宇航员,2026-11-01",
        f"{third},七,在校,昨天",
        '=HYPERLINK("http://x"),5,在校,',
        f"{third},8,在校",
        "",
    )
    file = load(loaded, path)
    assert (file.rejected, file.facts) == (4, {"applied": 2})
    assert value_of(loaded, one, "ui_paid_months").value == 7
    assert value_of(loaded, one, "employment_status").valid_from == date(2026, 11, 1)
    assert value_of(loaded, two, "ui_paid_months") == before
    told = rejects(loaded, file)
    assert [(row[0], row[1]) for row in told] == [
        ("3", "就业状态"),
        ("4", PREMIUMS),
        ("4", "生效日期"),
        ("5", "身份证号"),
        ("6", "身份证号"),
    ]
    assert told[3][2] == '\'=HYPERLINK("HTTP://X")'
    assert all(row[3] for row in told)


def test_what_stands_in_the_store_of_a_reject_is_sealed(loaded: House, tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", f"身份证号,{PREMIUMS}", "990201199001010000,5")
    load(loaded, path)
    with loaded.database.read() as session:
        raw = session.execute(sa.text("SELECT sealed, what, mend FROM fact_file_reject")).one()
    assert b"990201199001010000" not in raw[0]
    assert "9902" not in raw[1] + raw[2]


def test_parquet_and_an_older_encoding_say_the_same(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    (one, first), (two, second) = people[:2]
    pl.DataFrame(
        {"身份证号": [first], PREMIUMS: [31], "person.own_premium": ["812.5"], "毕业日期": [None]}
    ).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InvalidInput):  # 毕业日期 is education's word
        register(loaded, tmp_path / "a.parquet")
    pl.DataFrame(
        {
            "身份证号": [first],
            PREMIUMS: [31],
            "person.own_premium": [812.5],
            "失业登记日期": [date(2026, 10, 1)],
        }
    ).write_parquet(tmp_path / "b.parquet")
    assert load(loaded, tmp_path / "b.parquet").facts == {"applied": 3}
    assert value_of(loaded, one, "own_premium").value == 81250
    assert value_of(loaded, one, "unemployment_registered_on").value == "2026-10-01"
    older = tmp_path / "c.csv"
    older.write_bytes(f"身份证号,就业状态\r\n{second},灵活就业\r\n".encode("gb18030"))
    assert load(loaded, older).rejected == 0
    assert value_of(loaded, two, "employment_status").value == "灵活就业"


def test_a_household_is_told_by_one_of_its_people(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    one, first = people[0]
    path = written(
        tmp_path / "homes.csv", "身份证号,家庭.自有住房面积,household.rents_on_market", f"{first},88,否"
    )
    load(loaded, path, source="housing")
    with loaded.database.read() as session:
        owner = repository.owners_of(session, [one])[one]
    assert value_of(loaded, owner, "owned_area").value == 88
    assert value_of(loaded, owner, "rents_on_market").value is False


@pytest.mark.parametrize(
    ("headings", "named"),
    [
        ("姓名,失业保险缴费月数", "身份证号"),
        ("身份证号,鞋码", "鞋码"),
        ("身份证号,残疾等级", "残疾等级"),
        ("身份证号,年龄", "年龄"),
        ("身份证号", "没有一列"),
        (f"身份证号,{PREMIUMS},person.ui_paid_months", "person.ui_paid_months"),
        ("统一社会信用代码,失业保险缴费月数", "失业保险缴费月数"),
        ("", "空"),
    ],
)
def test_headings_that_cannot_be_read_stop_the_file_by_name(
    loaded: House, tmp_path: Path, headings: str, named: str
) -> None:
    path = written(tmp_path / "x.csv", headings) if headings else tmp_path / "x.csv"
    path.touch()
    with pytest.raises(InvalidInput) as refused:
        register(loaded, path)
    assert named in f"{[(one.where, one.what) for one in refused.value.errors]}"
    with loaded.database.read() as session:
        assert service.latest(session) == []


def test_a_stretch_ends_in_time_and_the_next_goes_on(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "CHUNK", 50)
    path = written(tmp_path / "months.csv", *tomorrow_is_told(people))
    file = register(loaded, path)
    stretches = 1
    while not loading_of(loaded, path, file).run(seconds=0):
        stretches += 1
        assert stretches < 50
    with loaded.database.read() as session:
        done = service.view(session, file.id)
    assert stretches > 5
    assert (done.rows_done, sum(done.facts.values())) == (len(people), len(people))


def test_two_at_once_do_not_take_a_row_twice(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "CHUNK", 50)
    path = written(tmp_path / "months.csv", *tomorrow_is_told(people))
    file = register(loaded, path)
    other = loading_of(loaded, path, file)

    def interfere(_done: int, _size: int) -> None:
        other.run(seconds=0)

    with pytest.raises(Conflict):
        loading_of(loaded, path, file).run(progress=interfere)
    assert other.run()
    with loaded.database.read() as session:
        assert sum(service.view(session, file.id).facts.values()) == len(people)


def test_killed_in_the_middle_the_same_command_goes_on(
    loaded: House, people: list[tuple[int, str]], tmp_path: Path
) -> None:
    rows = [f"{number},{place % 299}" for place in range(12) for _, number in people]
    path = written(tmp_path / "big.csv", f"身份证号,{PREMIUMS}", *rows)
    loaded.database.close()
    environ = dict(os.environ, DONGCHU_HOME=str(loaded.settings.home), DONGCHU_DEMO="1")
    environ["DONGCHU_DATABASE_URL"] = loaded.settings.database_url
    command = [sys.executable, "-m", "tests.policy_engine.profiles.load_slowly", str(path)]
    running = subprocess.Popen(command, env=environ)
    deadline = time.monotonic() + 60
    done = 0
    while not done and time.monotonic() < deadline:
        time.sleep(0.02)
        with loaded.database.read() as session:
            done = next((one.rows_done for one in service.latest(session)), 0)
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    with loaded.database.read() as session:
        killed = service.latest(session)[0]
    assert 0 < killed.rows_done < len(rows)
    finished = load(loaded, path)
    assert finished.id == killed.id
    assert (finished.state, finished.rows_done) == ("done", len(rows))
    assert sum(finished.facts.values()) == len(rows)
    with loaded.database.read() as session:
        events = session.scalars(
            sa.select(FactHistory.event_id).where(FactHistory.event_id.startswith("file:"))
        ).all()
        assert session.scalar(sa.select(sa.func.count()).select_from(Profile))
    assert len(events) == len(set(events))


@pytest.mark.parametrize(
    ("attribute", "text", "value"),
    [
        ("person.own_premium", "1,630.50", 163050),
        ("person.own_premium", "12", 1200),
        ("firm.layoff_rate_last_year", "5.5%", 55),
        ("person.is_orphan", "是", True),
        ("person.is_orphan", "无", None),
        ("person.birth_date", "20261123", "2026-11-23"),
        ("person.birth_date", "2026年1月2日", "2026-01-02"),
    ],
)
def test_cells_are_read_exactly(attribute: str, text: str, value: object) -> None:
    assert read_cell(catalogue().attribute(attribute), text) == value


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("person.own_premium", "12.345"),
        ("person.own_premium", "-5"),
        ("firm.layoff_rate_last_year", "5.55"),
        ("person.ui_paid_months", "3.0"),
        ("person.ui_paid_months", "１２a"),
        ("person.is_orphan", "大概"),
        ("person.birth_date", "2026-02-30"),
        ("person.birth_date", "261123"),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(attribute: str, text: str) -> None:
    with pytest.raises(Unreadable):
        read_cell(catalogue().attribute(attribute), text)


def test_a_day_as_departments_write_it_is_a_day() -> None:
    assert read_date(day(AS_OF)) == AS_OF
    assert read_columns(["\ufeff身份证号", "就业状态"], "human_resources", catalogue()).scheme == "id_number"
