"""The registry: numbers checked, found, masked, merged; names and numbers sealed; a city loaded in one go."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from identity.registry import identifiers, service
from identity.registry.models import Subject
from identity.registry.schemas import SubjectRow
from kernel.crypto import SealBroken
from kernel.errors import InvalidInput
from kernel.house import House

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 11, 23))


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    division, day, order = draw(st.integers(110000, 659999)), draw(DAYS), draw(st.integers(0, 999))
    first_17 = f"{division}{day:%Y%m%d}{order:03d}"
    return first_17 + identifiers.id_check_character(first_17)


@given(id_numbers())
def test_every_well_formed_id_number_is_taken_in_any_spelling(number: str) -> None:
    wide = number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    for spelling in (number, number.lower(), f" {number[:6]} {number[6:14]} {number[14:]} ", wide):
        assert identifiers.normalise("id_number", spelling) == number


@given(id_numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(InvalidInput):
        identifiers.normalise("id_number", wrong)


@given(id_numbers(), st.integers(0, 15))
def test_two_neighbours_swapped_are_always_noticed(number: str, place: int) -> None:
    if number[place] == number[place + 1]:
        return
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(InvalidInput):
        identifiers.normalise("id_number", wrong)


@given(id_numbers().filter(lambda number: number[6:8] == "19"))
def test_the_old_number_of_15_digits_is_the_same_person(number: str) -> None:
    assert identifiers.normalise("id_number", number[:6] + number[8:17]) == number


@given(st.text(max_size=40))
def test_whatever_is_typed_is_normalised_or_refused_kindly(text: str) -> None:
    for kind in ("id_number", "uscc", "firm_registration", "household_number", "other"):
        try:
            once = identifiers.normalise(kind, text)  # type: ignore[arg-type]
        except InvalidInput as refusal:
            mends = [error.mend for error in refusal.errors]
        else:
            mends = ["nothing to mend"]
            assert identifiers.normalise(kind, once) == once  # type: ignore[arg-type]
        assert all(mends)


@given(st.text(min_size=1, max_size=40))
def test_a_mask_shows_at_most_eight_characters(text: str) -> None:
    masked = identifiers.mask(text)
    assert len(masked) == len(text)
    assert sum(shown != "*" for shown in masked) <= 8


def test_the_published_example_of_a_credit_code_fits() -> None:
    """GB 32100-2015 appendix: the check character closes the sum."""
    first_17 = "91350100M000100Y4"
    assert identifiers.uscc_check_character(first_17) == "3"
    assert identifiers.warnings_for("uscc", first_17 + "3") == []
    assert identifiers.warnings_for("uscc", first_17 + "4")


def test_one_number_is_one_subject(house: House) -> None:
    number = "42990019440316104" + identifiers.id_check_character("42990019440316104")
    with house.database.write() as session:
        first, again = (
            service.ensure(
                session,
                kind="person",
                name="陈桂英",
                identifier_kind="id_number",
                identifier=spelling,
                vault=house.vault,
                now=house.clock.now(),
            )
            for spelling in (number, f" {number.lower()} ")
        )
        assert first == again
        assert service.find_by_identifier(session, "id_number", number, vault=house.vault) == first
        assert service.find_by_identifier(session, "id_number", "12345", vault=house.vault) is None
        assert service.identifier_of(session, first, vault=house.vault) == number


def test_a_merged_subject_answers_as_the_one_it_became(house: House) -> None:
    with house.database.write() as session:
        kept, merged = (
            service.ensure(
                session,
                kind="person",
                name=name,
                identifier_kind="other",
                identifier=name,
                vault=house.vault,
                now=house.clock.now(),
            )
            for name in ("王小明", "王晓明")
        )
        session.get_one(Subject, merged).merged_into = kept
        session.flush()
        assert service.find_by_identifier(session, "other", "王晓明", vault=house.vault) == kept
        assert service.describe(session, [merged], vault=house.vault)[merged].name == "王小明"


def test_many_are_found_by_a_further_number_as_one_is(any_house: House) -> None:
    vault, now = any_house.vault, any_house.clock.now()
    with any_house.database.write() as session:
        child, other = (
            service.ensure(
                session,
                kind="person",
                name=name,
                identifier_kind="other",
                identifier=number,
                vault=vault,
                now=now,
            )
            for name, number in (("小满", "OLD-1"), ("小雪", "OWN-2"))
        )
        service.know_by(session, child, "other", "NEW-1", vault=vault, now=now)
        asked = ["OLD-1", "NEW-1", "OWN-2", "NOBODY"]
        found = service.find_many(session, "other", asked, vault=vault)
        one_by_one = {one: service.find_by_identifier(session, "other", one, vault=vault) for one in asked}
    assert found == {"OLD-1": child, "NEW-1": child, "OWN-2": other}
    assert found == {one: who for one, who in one_by_one.items() if who is not None}


def test_a_sealed_name_moved_to_another_row_does_not_open(house: House) -> None:
    with house.database.write() as session:
        one, two = (
            service.ensure(
                session,
                kind="person",
                name=name,
                identifier_kind=None,
                identifier=None,
                vault=house.vault,
                now=house.clock.now(),
            )
            for name in ("甲", "乙")
        )
        session.execute(
            sa.update(Subject)
            .where(Subject.subject_id == two)
            .values(name_sealed=session.get_one(Subject, one).name_sealed)
        )
        session.expire_all()
        with pytest.raises(SealBroken):
            service.describe(session, [two], vault=house.vault)


def test_a_load_keeps_its_numbers_and_later_ones_follow(any_house: House) -> None:
    rows = [
        SubjectRow(
            subject_id=1_000 + number,
            kind="person",
            name=f"居民{number}",
            identifier_kind="other",
            identifier=f"N{number:06d}",
        )
        for number in range(50)
    ]
    with any_house.database.write() as session:
        assert service.load_rows(session, rows, vault=any_house.vault, now=any_house.clock.now()) == 50
        following = service.ensure(
            session,
            kind="person",
            name="后来的人",
            identifier_kind=None,
            identifier=None,
            vault=any_house.vault,
            now=any_house.clock.now() + timedelta(days=1),
        )
        assert following == 1_050
        assert service.find_by_identifier(session, "other", "n000007", vault=any_house.vault) == 1_007
