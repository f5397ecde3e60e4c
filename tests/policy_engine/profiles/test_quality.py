"""Values that cannot be, sources that differ, records gone stale: found, handed to their owner, settled when right."""

from datetime import timedelta

import pytest

from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.house import House
from policy_engine.profiles.quality import service
from policy_engine.profiles.quality.service import FindingView
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.profiles.conftest import AS_OF, DAUGHTER, GRANNY, HOME, NOON, fact

ALL = ("public_security", "civil_affairs", "human_resources", "tax")


def look(house: House, days: int = 0) -> list[FindingView]:
    service.look(
        house.database, today=AS_OF + timedelta(days=days), now=NOON + timedelta(days=days, minutes=1)
    )
    with house.database.read() as session:
        return service.open_findings(session, ALL, "420200")


@pytest.fixture
def wrong(any_family: House) -> House:
    """A death before the birth, a lapsed recognition, and two sources that differ."""
    told = [
        fact(GRANNY, "person.birth_date", "1950-03-03", source="public_security", event_id="a"),
        fact(GRANNY, "person.death_date", "1949-01-01", source="public_security", event_id="b"),
        fact(HOME, "household.is_dibao", True, source="civil_affairs", event_id="c"),
        fact(HOME, "household.dibao_until", "2026-10-31", source="civil_affairs", event_id="d"),
        fact(DAUGHTER, "person.ui_paid_months", 12, source="human_resources", event_id="e"),
        fact(DAUGHTER, "person.ui_paid_months", 30, source="tax", event_id="f"),
    ]
    with any_family.database.write() as session:
        apply_changes(session, told, now=NOON)
    return any_family


def test_each_fault_is_found_once_and_belongs_to_its_source(wrong: House) -> None:
    first = look(wrong)
    assert {(one.rule, one.attribute, one.source) for one in first} == {
        ("death", "person.death_date", "public_security"),
        ("dibao-review", "household.is_dibao", "civil_affairs"),
        ("sources-differ", "person.ui_paid_months", "human_resources"),
    }
    assert [one.id for one in look(wrong, 1)] == [one.id for one in first]
    with wrong.database.read() as session:
        assert [one.open for one in service.counts(session, ALL)] == [1, 1, 1]
        assert service.open_findings(session, ("civil_affairs",), "420203") == []


def test_what_is_right_again_settles_itself_and_returns_if_it_must(wrong: House) -> None:
    look(wrong)
    with wrong.database.write() as session:
        right = fact(
            GRANNY,
            "person.death_date",
            None,
            source="public_security",
            event_id="g",
            observed_at=NOON + timedelta(hours=1),
        )
        agreed = fact(
            DAUGHTER,
            "person.ui_paid_months",
            30,
            source="human_resources",
            event_id="h",
            observed_at=NOON + timedelta(hours=1),
        )
        apply_changes(session, [right, agreed], now=NOON)
    assert [one.rule for one in look(wrong, 1)] == ["dibao-review"]


def test_an_official_says_why_data_are_right(wrong: House) -> None:
    finding = next(one for one in look(wrong) if one.rule == "dibao-review")

    def dismiss(
        note: str = "复核延期文件",
        sources: tuple[str, ...] = ("civil_affairs",),
        division: str = finding.division,
    ) -> None:
        with wrong.database.write() as session:
            service.dismiss(session, finding.id, sources, division, note, by=7, now=NOON)

    with pytest.raises(NotFound):
        dismiss(sources=("tax",))
    with pytest.raises(NotFound):
        dismiss(division="429001")
    with pytest.raises(InvalidInput):
        dismiss(note=" ")
    dismiss()
    with pytest.raises(Conflict):
        dismiss()
    assert finding.id not in {one.id for one in look(wrong, 2)}


def test_what_nobody_has_looked_after_for_years_is_stale(any_family: House) -> None:
    old = fact(
        GRANNY,
        "person.employment_status",
        "其他",
        source="human_resources",
        event_id="z",
        observed_at=NOON - timedelta(days=800),
    )
    with any_family.database.write() as session:
        apply_changes(session, [old], now=NOON)
    assert [one.rule for one in look(any_family)] == ["employment-old"]
