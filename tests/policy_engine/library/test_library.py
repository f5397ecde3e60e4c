"""The documents that come with the system, borne out case by case."""

import pytest

from policy_engine.catalogue import catalogue
from policy_engine.policies.cases import load_cases, run_cases
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.library import LibraryEntry, library
from policy_engine.policies.loading import load_document
from policy_engine.policies.published import publish_documents

ENTRIES = library()
#: What documents of the library may stand on: the statuses that others of it work out.
STATUSES = publish_documents((one.document, "official") for one in ENTRIES if one.document.is_computed_status)
BY_ID = pytest.mark.parametrize("entry", ENTRIES, ids=[one.document.id for one in ENTRIES])


@BY_ID
def test_document_is_sound(entry: LibraryEntry) -> None:
    loaded = load_document(entry.text)
    assert check_document(loaded.document, catalogue(), STATUSES, source=loaded.source) == []


@BY_ID
def test_every_case_comes_out_as_written(entry: LibraryEntry) -> None:
    cases = load_cases(entry.cases_text, entry.document, STATUSES.statuses)
    outcomes = run_cases(entry.document, cases, STATUSES.statuses)
    assert [f"{one.name}：{one.difference}" for one in outcomes if not one.is_passed] == []


@BY_ID
def test_cases_show_every_verdict(entry: LibraryEntry) -> None:
    cases = load_cases(entry.cases_text, entry.document, STATUSES.statuses)
    assert len(cases) >= 4
    assert {one.expect.verdict for one in cases} == {"eligible", "ineligible", "unknown"}


@BY_ID
def test_what_it_names_is_in_the_library(entry: LibraryEntry) -> None:
    document = entry.document
    named = {*document.requires, *document.excludes, *document.choose_higher_with}
    assert named <= {one.document.id for one in ENTRIES}


@BY_ID
def test_document_lies_in_the_folder_of_its_jurisdiction(entry: LibraryEntry) -> None:
    assert entry.path.parent.name == entry.document.jurisdiction
    assert entry.path.stem == entry.document.id


def test_only_figures_of_huangshi_itself_are_official() -> None:
    official = {one.document.id for one in ENTRIES if standing_of(one.document, catalogue()) == "official"}
    assert official == {
        "dibao",
        "dibao-invitation",
        "dibao-marginal",
        "tekun-support",
        "orphan-living",
        "daye-hitech-award",
    }
