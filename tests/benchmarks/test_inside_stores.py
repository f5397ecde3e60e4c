"""A store of a small city is whole, and the benchmarks run inside it: what they check of every claim and page they check
here, too."""

from pathlib import Path

import pytest

from benchmarks import claims_through, fact_to_inbox
from benchmarks.made_city import make, opened, read_note
from kernel.migrations import differences

# Clients of the outside keep their connections until the process ends, which here is late.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
RESIDENTS, CLAIMS = 1_000, 360


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "store"
    make(folder, "sqlite", RESIDENTS, CLAIMS)
    return folder


def test_it_is_as_the_migrations_make_it_and_holds_what_it_says(store: Path) -> None:
    note = read_note(store)
    assert note.claims == note.rows["claim"] == CLAIMS
    assert note.rows["payment"] > CLAIMS * 0.8
    with opened(store) as house:
        assert [one for one in differences(house.database) if "index" in str(one)] == []


def test_claims_go_through_in_it_beside_the_first_store(store: Path) -> None:
    figures = list(claims_through.measure_in([store, store], 2))
    assert [one["way"] for one in figures] == [claims_through.STEP_BY_STEP, claims_through.BATCHED] * 2
    assert ["beside" in one for one in figures] == [False, False, True, True]
    assert figures[2]["beside"]["cpu_seconds"] > 0


def test_an_open_page_is_told_in_it(store: Path) -> None:
    figure = next(fact_to_inbox.measure_in([store, store], [5], seconds=1))
    assert figure["pages_told"] == figure["pages_open"] == 5
