"""What was known on a day is found again: values, who said them, and who belonged to whom."""

from datetime import timedelta

import pytest

from kernel.errors import NotFound
from kernel.house import House
from policy_engine.profiles.models import FactHistory
from policy_engine.profiles.past import _undone, family_at, family_on
from policy_engine.profiles.schemas import Change, OwnerChanged
from policy_engine.profiles.service import apply_changes, load_family
from tests.policy_engine.profiles.conftest import AS_OF, DAUGHTER, GRANNY, HOME, NOON, OTHER_HOME, fact

DAYS = [timedelta(days=one) for one in range(10)]
LEVEL = "person.disability_level"


def tell(house: House, change: Change, day: int) -> int:
    with house.database.write() as session:
        return apply_changes(session, [change], now=NOON + DAYS[day]).sequence


def level(house: House, day: int, today: int = 9) -> object:
    with house.database.read() as session:
        found = family_on(session, GRANNY, AS_OF + DAYS[day], today=AS_OF + DAYS[today])
    fact_then = found.subject(GRANNY).facts.get("disability_level")
    return None if fact_then is None else (fact_then.value, fact_then.source)


def test_a_fact_is_what_it_was_on_that_day(any_family: House) -> None:
    tell(any_family, fact(GRANNY, LEVEL, 3, observed_at=NOON), 2)
    tell(any_family, fact(GRANNY, LEVEL, 2, event_id="e-2", observed_at=NOON + DAYS[4]), 4)
    seen = [level(any_family, day) for day in range(6)]
    said = "disabled_federation"
    assert seen == [None, None, (3, said), (3, said), (2, said), (2, said)]


def test_a_family_at_a_sequence_is_the_family_that_was_read_then(any_family: House) -> None:
    before = tell(any_family, fact(GRANNY, LEVEL, 3), 1)
    with any_family.database.read() as session:
        then = load_family(session, GRANNY)
    tell(any_family, fact(GRANNY, LEVEL, 1, event_id="e-2", observed_at=NOON + DAYS[2]), 2)
    move = OwnerChanged(
        subject_id=DAUGHTER, owner_id=OTHER_HOME, source="public_security", event_id="m", observed_at=NOON
    )
    tell(any_family, move, 3)
    with any_family.database.read() as session:
        found = family_at(session, GRANNY, before)
    assert [one.facts for one in found] == [one.facts for one in then]
    assert [one.subject_id for one in found] == [HOME, GRANNY, DAUGHTER]


def test_who_has_not_changed_since_is_read_as_whoever_has_is_put_together_again(any_family: House) -> None:
    tell(any_family, fact(GRANNY, LEVEL, 3), 1)
    move = OwnerChanged(
        subject_id=DAUGHTER, owner_id=OTHER_HOME, source="public_security", event_id="m", observed_at=NOON
    )
    moved = tell(any_family, move, 2)
    with any_family.database.read() as session:
        for subject_id in (GRANNY, DAUGHTER, HOME, OTHER_HOME):
            for sequence in range(moved + 2):
                later = FactHistory.sequence > sequence
                try:
                    put_together = _undone(session, subject_id, later, sequence)
                except NotFound:
                    with pytest.raises(NotFound):
                        family_at(session, subject_id, sequence)
                else:
                    assert family_at(session, subject_id, sequence) == put_together


def test_who_moved_away_is_still_there_on_the_day_before(any_family: House) -> None:
    move = OwnerChanged(
        subject_id=DAUGHTER, owner_id=OTHER_HOME, source="public_security", event_id="m", observed_at=NOON
    )
    tell(any_family, move, 3)
    today = AS_OF + DAYS[9]
    with any_family.database.read() as session:
        homes = {
            day: family_on(session, DAUGHTER, AS_OF + DAYS[day], today=today).owner.subject_id
            for day in (2, 3)
        }
        left = family_on(session, GRANNY, AS_OF + DAYS[2], today=today)
        after = family_on(session, GRANNY, AS_OF + DAYS[3], today=today)
    assert homes == {2: HOME, 3: OTHER_HOME}
    assert [one.subject_id for one in left.members] == [GRANNY, DAUGHTER]
    assert [one.subject_id for one in after.members] == [GRANNY]


def test_nobody_is_there_before_they_were_known(family: House) -> None:
    with family.database.read() as session, pytest.raises(NotFound):
        family_on(session, GRANNY, AS_OF - DAYS[1], today=AS_OF)


def test_the_future_counts_what_waits_and_forgets_what_ends(family: House) -> None:
    tell(family, fact(GRANNY, LEVEL, 3, valid_until=AS_OF + DAYS[3]), 0)
    later = fact(GRANNY, LEVEL, 1, event_id="e-2", valid_from=AS_OF + DAYS[5])
    tell(family, later, 0)
    seen = [level(family, day, today=0) for day in (0, 3, 4, 5)]
    said = "disabled_federation"
    assert seen == [(3, said), (3, said), None, (1, said)]
