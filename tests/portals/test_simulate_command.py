"""``dongchu policy simulate``: tables for people, one JSON object for programs, and plain answers to bad input."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from policy_engine.policies.library import FOLDER
from policy_engine.profiles.city import generate
from portals.commands.policies import policy_commands
from tests.policy_engine.matching.town import AS_OF

DIBAO = FOLDER / "420200" / "dibao.yaml"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("city")
    generate(1000, 100, 5, directory, as_of=AS_OF)
    return directory


def simulate(*words: object) -> Result:
    return CliRunner().invoke(policy_commands, ["simulate", *map(str, words)])


def test_json_is_one_object(city: Path) -> None:
    done = simulate(DIBAO, "--city", city, "--what-if", "低保标准=+10%", "--json")
    found = msgspec.json.decode(done.output)
    assert found["standards"] == {"低保标准": 100}
    assert found["after"]["cost_fen"] > found["before"]["cost_fen"] > 0


def test_tables_name_the_counties(city: Path) -> None:
    done = simulate(DIBAO, "--city", city)
    assert done.exit_code == 0
    assert "大冶市" in done.output


@pytest.mark.parametrize("change", ["低保标准=10", "低保标准=+950%", "=+10%", "低保=+10%"])
def test_a_change_that_makes_no_sense_is_refused(city: Path, change: str) -> None:
    done = simulate(DIBAO, "--city", city, "--what-if", change)
    assert done.exit_code == 2


def test_a_document_that_does_not_check_is_refused_with_its_line(city: Path, tmp_path: Path) -> None:
    file = tmp_path / "dibao.yaml"
    file.write_text(
        DIBAO.read_text(encoding="utf-8").replace("condition: ", "condition: 不存在 and ", 1),
        encoding="utf-8",
    )
    done = simulate(file, "--city", city)
    assert done.exit_code == 1
    assert "不存在" in done.output
