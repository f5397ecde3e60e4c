"""Learning facts: what counts, what is kept for the record, what is refused."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.errors import InvalidInput, NotFound
from kernel.house import House
from kernel.outbox import OutboxMessage
from policy_engine.profiles import repository
from policy_engine.profiles.schemas import UNKNOWN, Applied, Change, OwnerChanged
from policy_engine.profiles.service import apply_changes, load_family
from tests.policy_engine.profiles.conftest import (
    DAUGHTER,
    GRANNY,
    HOME,
    NOON,
    OTHER_HOME,
    added,
    fact,
)

LEVEL = "person.disability_level"


def learn(house: House, *changes: Change, now: datetime = NOON) -> Applied:
    with house.database.write() as session:
        return apply_changes(session, list(changes), now=now)


def values(house: House, subject_id: int) -> dict[str, Any]:
    with house.database.read() as session:
        return load_family(session, subject_id).subject(subject_id).values()


def messages(house: House, topic: str = "facts.changed") -> list[OutboxMessage]:
    with house.database.read() as session:
        statement = (
            sa.select(OutboxMessage).where(OutboxMessage.topic == topic).order_by(OutboxMessage.number)
        )
        return list(session.scalars(statement))


def outcomes(house: House, subject_id: int) -> list[str]:
    with house.database.read() as session:
        rows = repository.history_of(session, subject_id)
        return [row.outcome for row in rows if row.attribute != "owner"]


def test_a_new_fact_is_known_and_its_household_is_told_once(any_family: House) -> None:
    before = len(messages(any_family))
    applied = learn(
        any_family,
        fact(GRANNY, LEVEL, 1),
        fact(GRANNY, "person.disability_category", "肢体"),
        fact(HOME, "household.is_dibao", True),
    )
    assert values(any_family, GRANNY) == {LEVEL: 1, "person.disability_category": "肢体"}
    assert applied.owners == (HOME,)
    told = messages(any_family)[before:]
    assert [one.key for one in told] == [f"household:{HOME}"]
    assert told[0].payload == {
        "owner_id": HOME,
        "subject_ids": [GRANNY, HOME],
        "attributes": ["household.is_dibao", "person.disability_category", LEVEL],
        "sequence": applied.sequence,
        "is_restructured": False,
        "arrived": [],
    }


def test_absent_is_known_and_unknown_is_not(family: House) -> None:
    learn(family, fact(GRANNY, LEVEL, None))
    assert values(family, GRANNY) == {LEVEL: None}
    learn(family, fact(GRANNY, LEVEL, UNKNOWN, event_id="e-2"))
    assert values(family, GRANNY) == {}


def test_the_same_event_twice_changes_nothing(any_family: House) -> None:
    first = learn(any_family, fact(GRANNY, LEVEL, 1))
    count = len(messages(any_family))
    again = learn(any_family, fact(GRANNY, LEVEL, 2))
    assert again == Applied(first.sequence, ())
    assert values(any_family, GRANNY) == {LEVEL: 1}
    assert len(messages(any_family)) == count


def test_an_exact_repeat_under_a_new_event_changes_nothing(family: House) -> None:
    first = learn(family, fact(GRANNY, LEVEL, 1))
    again = learn(family, fact(GRANNY, LEVEL, 1, event_id="e-2"))
    assert again == Applied(first.sequence, ())
    assert outcomes(family, GRANNY) == ["applied"]


def test_true_is_not_mistaken_for_one(family: House) -> None:
    learn(family, fact(GRANNY, "person.ui_paid_months", 1, source="human_resources"))
    with pytest.raises(InvalidInput):
        learn(family, fact(GRANNY, "person.ui_paid_months", True, source="human_resources", event_id="e-2"))


@pytest.mark.parametrize(
    ("attribute", "value", "what"),
    [
        ("person.no_such_thing", 1, "目录中没有这个属性"),
        ("person.age", 70, "由其他事实推算"),
        (LEVEL, 9, "应在 1 到 4 之间"),
        (LEVEL, "一级", "应为整数"),
        ("person.disability_category", "其他", "不在允许的取值之内"),
        ("person.birth_date", "2026-02-30", "不是日历上的日期"),
        ("person.birth_date", None, "人人都有"),
        ("person.hukou_division", "429999", "没有这个区划代码"),
        ("person.is_tekun", 1, "应为是或否"),
        ("household.assets", -1, "之间"),
        ("household.dibao_number", "", "可显示的字符"),
    ],
)
def test_what_the_catalogue_does_not_allow_is_refused_by_name(
    family: House, attribute: str, value: object, what: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        learn(family, fact(GRANNY, "person.is_orphan", False, event_id="x"), fact(GRANNY, attribute, value))
    (error,) = refusal.value.errors
    assert error.where == f"changes[1].{attribute}"
    assert what in error.what
    assert values(family, GRANNY) == {}


def test_a_fact_about_nobody_is_refused(family: House) -> None:
    with pytest.raises(NotFound):
        learn(family, fact(99, LEVEL, 1))


def test_a_fact_of_another_kind_of_subject_is_refused(family: House) -> None:
    with pytest.raises(NotFound):
        learn(family, fact(HOME, LEVEL, 1))


def test_the_department_named_first_in_the_catalogue_wins_and_the_other_stays_on_record(
    family: House,
) -> None:
    attribute = "person.has_long_term_care_need"
    learn(family, fact(GRANNY, attribute, True, source="disabled_federation"))
    learn(family, fact(GRANNY, attribute, False, source="health", observed_at=NOON + timedelta(days=1)))
    assert values(family, GRANNY) == {attribute: True}
    assert outcomes(family, GRANNY) == ["applied", "outranked"]


def test_a_better_source_displaces_a_lesser_one_even_when_it_looked_earlier(family: House) -> None:
    attribute = "person.has_long_term_care_need"
    learn(family, fact(GRANNY, attribute, True, source="health"))
    learn(
        family,
        fact(GRANNY, attribute, False, source="disabled_federation", observed_at=NOON - timedelta(days=9)),
    )
    assert values(family, GRANNY) == {attribute: False}


def test_an_older_word_of_the_same_source_comes_too_late(family: House) -> None:
    learn(family, fact(GRANNY, LEVEL, 1))
    learn(family, fact(GRANNY, LEVEL, 3, event_id="late", observed_at=NOON - timedelta(days=1)))
    assert values(family, GRANNY) == {LEVEL: 1}
    assert outcomes(family, GRANNY) == ["applied", "outdated"]


def test_a_declaration_fills_a_gap_but_never_displaces_a_verified_fact(family: House) -> None:
    learn(family, fact(GRANNY, LEVEL, 1, source="self", standing="declared"))
    learn(family, fact(GRANNY, LEVEL, 2, event_id="e-2"))
    learn(family, fact(GRANNY, LEVEL, 1, source="self", event_id="e-3", standing="declared"))
    assert values(family, GRANNY) == {LEVEL: 2}
    assert outcomes(family, GRANNY) == ["applied", "applied", "outranked"]


def test_a_move_tells_both_households(any_family: House) -> None:
    count = len(messages(any_family))
    moved = OwnerChanged(
        subject_id=DAUGHTER, owner_id=OTHER_HOME, source="public_security", event_id="m", observed_at=NOON
    )
    applied = learn(any_family, moved)
    assert applied.owners == (HOME, OTHER_HOME)
    told = messages(any_family)[count:]
    assert {one.key for one in told} == {f"household:{HOME}", f"household:{OTHER_HOME}"}
    assert all(one.payload["is_restructured"] for one in told)
    with any_family.database.read() as session:
        old, new = load_family(session, HOME), load_family(session, DAUGHTER)
    assert [one.subject_id for one in old.members] == [GRANNY]
    assert [one.subject_id for one in new.members] == [DAUGHTER]
    assert old.sequence == new.sequence == applied.sequence


def test_a_firm_learns_of_its_new_hire(family: House) -> None:
    learn(family, added(31, "firm", 31), added(41, "hire", 31))
    applied = learn(family, fact(41, "hire.contract_months", 12, source="human_resources"))
    assert applied.owners == (31,)
    assert messages(family)[-1].key == "firm:31"
    with family.database.read() as session:
        assert [one.subject_id for one in load_family(session, 41).of_kind("hire")] == [41]


def test_a_change_from_next_month_waits_for_its_day(family: House) -> None:
    learn(family, fact(HOME, "household.is_dibao", True, source="civil_affairs"))
    end = fact(
        HOME,
        "household.is_dibao",
        False,
        source="civil_affairs",
        event_id="end",
        valid_from=date(2026, 12, 1),
    )
    learn(family, end)
    assert values(family, HOME) == {"household.is_dibao": True}
    (waiting,) = messages(family, "facts.scheduled")
    assert waiting.available_at.isoformat() == "2026-11-30T16:00:00+00:00"
    assert waiting.key != f"household:{HOME}"


def test_a_fact_whose_term_has_run_out_before_it_arrives_does_not_count(family: House) -> None:
    learn(
        family, fact(HOME, "household.monthly_income", 1, source="means_test", valid_until=date(2026, 11, 22))
    )
    assert values(family, HOME) == {}
    assert outcomes(family, HOME) == ["outdated"]


def test_every_change_takes_the_next_number(any_family: House) -> None:
    numbers = [
        learn(any_family, fact(GRANNY, LEVEL, level, event_id=f"e-{level}")).sequence for level in (1, 2, 3)
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    with any_family.database.read() as session:
        assert repository.current_sequence(session) == numbers[-1]
        assert repository.owners_changed_since(session, numbers[0]) == [HOME]
        assert repository.owners_changed_since(session, numbers[-1]) == []


def test_a_failed_batch_leaves_no_trace(family: House) -> None:
    with family.database.read() as session:
        before = repository.current_sequence(session)
    with pytest.raises(NotFound):
        learn(family, fact(GRANNY, LEVEL, 1), fact(99, LEVEL, 1))
    learn(family, fact(GRANNY, LEVEL, 2))
    assert values(family, GRANNY) == {LEVEL: 2}
    with family.database.read() as session:
        assert repository.current_sequence(session) == before + 1
