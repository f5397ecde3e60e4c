"""The page that answers law and practice for delivery names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")


def test_every_requirement_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (?!Requirement|---)(.+) \| (.+) \|$", PAGE, re.M)
    assert len(rows) > 30
    for requirement, answer in rows:
        named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", answer)
        assert named, requirement
        for path, name in named:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"
