"""The pages that answer the conformance suite and the hostile reviewer name tests that exist, or give a reason."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
PROBES = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [PAGE, PROBES], ids=["conformance", "probes"])
def test_every_test_that_the_page_names_exists(page: str) -> None:
    named = set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", page))
    assert len(named) > 40
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_every_probe_is_answered() -> None:
    rows = re.findall(r"^\| (?!Probe|---)(.+) \| (.*) \|$", PROBES, re.M)
    assert len(rows) >= 30
    assert all("::test_" in answer for _, answer in rows)


def test_every_module_is_answered() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", PAGE, re.M)
    assert len(rows) > 110
    assert len({module for module, _ in rows}) == len(rows)
    assert all("::test_" in answer or answer.startswith("not applicable: ") for _, answer in rows)
