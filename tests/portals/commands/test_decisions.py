"""`dongchu decision verify`: what it prints, and how it ends."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from policy_engine.decisions.record import canonical
from portals.cli import main
from tests.policy_engine.decisions.records import KEYS, resigned
from tests.policy_engine.decisions.test_verification import dibao_file


def verify(*arguments: Path | str) -> Result:
    return CliRunner().invoke(main, ["decision", "verify", *map(str, arguments)])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_bytes(msgspec.json.encode({"keys": list(KEYS.values())}))
    return path


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_bytes(canonical(dibao_file()))
    return path


def test_a_genuine_record_ends_with_nought(record: Path, keys: Path) -> None:
    result = verify(record, "--keys", keys)
    assert (result.exit_code, result.output) == (
        0,
        "The record is genuine, and the rule says what it says.\n",
    )


def test_a_record_that_was_laid_out_anew_is_still_genuine(record: Path, keys: Path) -> None:
    record.write_bytes(msgspec.json.format(record.read_bytes(), indent=2))
    assert verify(record, "--keys", keys).exit_code == 0


def test_without_keys_it_says_whose_word_it_takes(record: Path) -> None:
    result = verify(record)
    assert result.exit_code == 0
    assert "note   signature: says by the key in the file" in result.output


def test_every_discrepancy_is_named_and_ends_with_one(record: Path, keys: Path) -> None:
    record.write_bytes(canonical(resigned(dibao_file(), amount_fen=1, periods=9)))
    result = verify(record, "--keys", keys)
    assert result.exit_code == 1
    assert "WRONG  amount_fen: says 1; 113000" in result.output
    assert "WRONG  periods: says 9; None" in result.output


def test_keys_that_are_none_are_refused(record: Path) -> None:
    result = verify(record, "--keys", record)
    assert result.exit_code == 1
    assert "is no JWKS" in result.output
