"""``dongchu policy check``: a folder is checked as a whole, a document beside the library."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from policy_engine.policies.library import FOLDER
from portals.commands.policies import policy_commands


def check(path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(policy_commands, ["check", str(path)])
    return result.exit_code, result.output


def test_what_stands_on_a_status_of_another_document_is_in_order() -> None:
    assert check(FOLDER / "420200" / "job-seeking-grant.yaml") == (0, "1 documents are in order.\n")


def test_a_folder_is_checked_as_a_whole() -> None:
    status, output = check(FOLDER / "000000")
    assert (status, output.splitlines()[-1].split(" ", 1)[1]) == (0, "documents are in order.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("家庭.零就业家庭", "家庭.不存在的家庭"), "目录中没有“不存在的家庭”"),
        (("version: 1", "version: one"), "version"),
    ],
    ids=["a name that nobody knows", "a value of the wrong kind"],
)
def test_a_broken_document_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    text = (FOLDER / "420200" / "job-seeking-grant.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    broken = tmp_path / "job-seeking-grant.yaml"
    broken.write_text(text.replace(*change), encoding="utf-8")
    status, output = check(broken)
    assert status == 1
    assert output.startswith(f"{broken}:")
    assert words in output
    assert output.endswith("1 of 1 documents cannot be published as they are.\n")
