"""Who holds a fact about them to be wrong is heard by its source; what it corrects is a fact like any other."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.house import House
from kernel.notices import inbox
from kernel.outbox import OutboxMessage
from policy_engine.catalogue import catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.disclosure import other_words
from policy_engine.profiles.objections import service
from policy_engine.profiles.objections.service import ObjectionView
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.profiles.conftest import DAUGHTER, GRANNY, NOON, fact

MONTHS = "person.ui_paid_months"
LATER = NOON + timedelta(days=3)


@pytest.fixture
def told(family: House) -> House:
    """Human resources said 12 months, taxation says 36: the catalogue lets the first stand."""
    with family.database.write() as session:
        first = fact(GRANNY, MONTHS, 12, source="human_resources", event_id="hr-1")
        second = fact(GRANNY, MONTHS, 36, source="tax", event_id="tax-1")
        apply_changes(session, [first, second], now=NOON)
    return family


def objected(house: House, wrong: str = "缴了三年，不是一年", right: str = "36个月") -> ObjectionView:
    with house.database.write() as session:
        return service.raise_objection(
            session,
            house.vault,
            subject_id=GRANNY,
            attribute_id=MONTHS,
            wrong=wrong,
            right=right,
            by=GRANNY,
            now=NOON,
        )


def answer(house: House, one: ObjectionView, outcome: str = "corrected", **more: object) -> None:
    with house.database.write() as session:
        service.answer(
            session,
            one.id,
            outcome=outcome,  # type: ignore[arg-type]
            text="经核对社保系统",
            by=99,
            seat="市人社局席",
            now=LATER,
            **more,  # type: ignore[arg-type]
        )


def known(house: House) -> object:
    with house.database.read() as session:
        return repository.load_subjects(session, [GRANNY])[GRANNY].facts["ui_paid_months"]


def test_a_conflict_is_decided_by_precedence_and_shown(told: House) -> None:
    with told.database.read() as session:
        attribute = catalogue().attribute(MONTHS)
        stands = repository.load_subjects(session, [GRANNY])[GRANNY].facts["ui_paid_months"]
        (other,) = other_words(session, GRANNY, attribute, stands)
    assert (stands.value, stands.source) == (12, "human_resources")
    assert (other.text, other.source_name) == ("36月", "税务")


def test_what_agrees_by_now_is_no_conflict(told: House) -> None:
    with told.database.write() as session:
        again = fact(GRANNY, MONTHS, 36, source="human_resources", event_id="hr-2", observed_at=LATER)
        apply_changes(session, [again], now=LATER)
    with told.database.read() as session:
        stands = repository.load_subjects(session, [GRANNY])[GRANNY].facts["ui_paid_months"]
        assert other_words(session, GRANNY, catalogue().attribute(MONTHS), stands) == ()


def test_an_objection_goes_to_the_source_with_a_clock(told: House) -> None:
    one = objected(told)
    assert (one.source, one.told, one.days_left) == ("human_resources", "12月", service.DAYS)
    assert one.due_on == date(2026, 12, 7)
    with told.database.read() as session:
        today = date(2026, 11, 23)
        wanted = service.waiting_for(session, told.vault, {"human_resources"}, "420200", today)
        assert [row.id for row in wanted] == [one.id]
        assert service.waiting_for(session, told.vault, {"human_resources"}, "420222", today)
        assert not service.waiting_for(session, told.vault, {"human_resources"}, "420203", today)
        assert not service.waiting_for(session, told.vault, {"tax"}, "420200", today)
        raw = session.execute(sa.text("SELECT words_sealed FROM fact_objection")).scalar_one()
    assert "三年".encode() not in raw


def test_a_correction_is_the_sources_word_retroactive_and_passed_on(told: House) -> None:
    one = objected(told)
    answer(told, one, value="36", valid_from=date(2023, 1, 1))
    fact_now = known(told)
    assert (fact_now.value, fact_now.source, fact_now.valid_from) == (  # type: ignore[attr-defined]
        36,
        "human_resources",
        date(2023, 1, 1),
    )
    with told.database.read() as session:
        history = repository.history_of(session, GRANNY, MONTHS)
        topics = session.scalars(sa.select(OutboxMessage.topic)).all()
        (notice,) = inbox(session, GRANNY)
        (view,) = service.of_subject(session, told.vault, GRANNY, date(2026, 11, 26))
    assert history[-1].event_id == f"objection:{one.id}"
    assert topics.count("facts.changed") >= 2
    assert "已更正" in notice.title
    assert "36" not in notice.title + notice.body
    assert (view.state, view.answer, view.days_left) == ("corrected", "经核对社保系统", None)


def test_upheld_changes_nothing_but_says_why(told: House) -> None:
    before = known(told)
    answer(told, objected(told), "upheld")
    assert known(told) == before
    objected(told, wrong="还是不对，请再核对")  # and may be raised again


@pytest.mark.parametrize(
    "more",
    [{}, {"value": "很多"}, {"value": "36", "valid_from": date(2027, 1, 1)}, {"value": "99999999999999999"}],
)
def test_a_correction_that_cannot_be_read_changes_nothing(told: House, more: dict[str, Any]) -> None:
    one = objected(told)
    with pytest.raises(InvalidInput):
        answer(told, one, **more)
    with told.database.read() as session:
        assert service.of_subject(session, told.vault, GRANNY, NOON.date())[0].state == "open"
    assert known(told).value == 12  # type: ignore[attr-defined]


def test_one_at_a_time_answered_once_withdrawn_by_its_owner_only(told: House) -> None:
    one = objected(told)
    with pytest.raises(Conflict):
        objected(told)
    with pytest.raises(NotFound), told.database.write() as session:
        service.withdraw(session, one.id, subject_id=DAUGHTER, by=DAUGHTER, now=NOON)
    with told.database.write() as session:
        service.withdraw(session, one.id, subject_id=GRANNY, by=GRANNY, now=NOON)
    with pytest.raises(Conflict):
        answer(told, one, "upheld")


@pytest.mark.parametrize("wrong", ["", "错", "x" * 501, "坏\u202e字符四五"])
def test_an_objection_needs_readable_words(told: House, wrong: str) -> None:
    with pytest.raises(InvalidInput):
        objected(told, wrong=wrong)


def test_nobody_objects_to_what_is_not_known(told: House) -> None:
    for attribute in ("person.disability_level", "person.age", "household.assets", "person.nonsense"):
        with pytest.raises(NotFound), told.database.write() as session:
            service.raise_objection(
                session,
                told.vault,
                subject_id=GRANNY,
                attribute_id=attribute,
                wrong="这项不对吧",
                right="",
                by=GRANNY,
                now=NOON,
            )


def test_who_wants_to_be_found_again_is_matched_anew(told: House) -> None:
    with told.database.write() as session:
        service.choose_quiet(session, GRANNY, is_quiet=True, now=NOON)
        service.choose_quiet(session, GRANNY, is_quiet=True, now=NOON)
    with told.database.read() as session:
        assert service.is_quiet(session, GRANNY)
        before = session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage))
    with told.database.write() as session:
        service.choose_quiet(session, GRANNY, is_quiet=False, now=NOON)
        service.choose_quiet(session, GRANNY, is_quiet=False, now=NOON)
    with told.database.read() as session:
        assert not service.is_quiet(session, GRANNY)
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == (before or 0) + 1
