"""``dongchu city generate`` as it is typed."""

from pathlib import Path

from click.testing import CliRunner

from policy_engine.profiles.cli import city_commands


def test_generating_writes_the_files_and_says_how_much(tmp_path: Path) -> None:
    arguments = ["generate", "--residents", "200", "--firms", "20", "--seed", "2", "--as-of", "2026-11-23"]
    result = CliRunner().invoke(city_commands, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "persons.parquet  200" in result.output
    assert (tmp_path / "registry.parquet").exists()


def test_too_small_a_city_is_refused_in_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(city_commands, ["generate", "--residents", "3", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "3 is not in the range" in result.output
