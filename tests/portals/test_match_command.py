"""``dongchu match``: what it writes, its last line, all engines alike, and plain answers to bad input."""

from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner, Result

from policy_engine.policies.library import FOLDER
from policy_engine.profiles.city import generate
from portals.commands.matching import ENGINES, match
from tests.policy_engine.matching.town import AS_OF
from tests.policy_engine.policies.documents import BENEFIT, STATUS, changed


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("city")
    generate(1000, 150, 5, directory, as_of=AS_OF)
    return directory


def run(city: Path, out: Path, *words: object) -> Result:
    given = ["--city", city, "--as-of", AS_OF.isoformat(), "--out", out, *words]
    return CliRunner().invoke(match, [str(one) for one in given])


def test_the_last_line_sums_up_what_was_written(city: Path, tmp_path: Path) -> None:
    done = run(city, tmp_path, "--unknown", "--json")
    [line] = done.output.splitlines()
    found = msgspec.json.decode(line)
    matches, unknown = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("matches", "unknown"))
    assert matches.columns == ["policy_id", "subject_id", "unit_id", "amount_fen"]
    assert found["residents"] == 1000
    assert found["firms"] == 150
    assert (found["eligible"], found["unknown"]) == (matches.height, unknown.height)
    assert found["amount_fen"] == matches["amount_fen"].sum() > 0
    assert set(found["seconds"]) == {"load", "derive", "match", "write"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["matches.parquet", "unknown.parquet"]


def test_all_engines_write_the_same(city: Path, tmp_path: Path) -> None:
    order = ["policy_id", "unit_id", "subject_id"]
    for engine in ENGINES:
        assert run(city, tmp_path / engine, "--engine", engine, "--unknown").exit_code == 0
    for name in ("matches", "unknown"):
        one, *others = (
            pl.read_parquet(tmp_path / engine / f"{name}.parquet").sort(order) for engine in ENGINES
        )
        assert one.height > 0
        assert all(one.equals(other) for other in others)


def test_only_the_policies_named(city: Path, tmp_path: Path) -> None:
    run(city, tmp_path, "--policy", "dibao")
    assert pl.read_parquet(tmp_path / "matches.parquet")["policy_id"].unique().to_list() == ["dibao"]


def test_an_unknown_policy_is_named_and_nothing_is_written(city: Path, tmp_path: Path) -> None:
    done = run(city, tmp_path / "out", "--policy", "no-such-policy")
    assert done.exit_code == 2
    assert "no-such-policy" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["missing", "torn", "column"])
def test_a_damaged_city_is_refused(city: Path, tmp_path: Path, damage: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in city.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    persons = broken / "persons.parquet"
    if damage == "missing":
        persons.unlink()
    elif damage == "torn":
        persons.write_bytes(persons.read_bytes()[:1000])
    else:
        pl.read_parquet(persons).drop("owner_id").write_parquet(persons)
    done = run(broken, tmp_path / "out")
    assert done.exit_code == 2
    assert "persons.parquet" in done.output or str(broken) in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BENEFIT.replace("年龄 >= 60", "没有的名称 >= 60"), "没有的名称"),
        (BENEFIT.replace("年龄 >= 60", '年龄 >= "六十"'), "比较"),
        ("- [", "yaml"),
        (
            changed(
                STATUS,
                eligibility=[{"id": "ring", "text": "自己", "condition": "老年人", "source": "notice"}],
            ),
            "老年人",
        ),
    ],
)
def test_a_document_that_does_not_check_is_refused_with_its_file(
    city: Path, tmp_path: Path, text: str, words: str
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "one.yaml").write_text(text, encoding="utf-8")
    done = run(city, tmp_path / "out", "--policies", folder)
    assert done.exit_code == 2
    assert words in done.output
    assert not (tmp_path / "out").exists()


def test_a_folder_without_documents_is_refused(city: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run(city, tmp_path / "out", "--policies", tmp_path / "empty").exit_code == 2


def test_the_library_is_what_is_matched_without_a_folder(city: Path, tmp_path: Path) -> None:
    bare, named = (
        run(city, tmp_path / "a", "--json"),
        run(city, tmp_path / "b", "--policies", FOLDER, "--json"),
    )
    one, other = (msgspec.json.decode(done.output) for done in (bare, named))
    assert one["eligible"] == other["eligible"]
