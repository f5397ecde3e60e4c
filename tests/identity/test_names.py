"""Names are matched as people type them; numbers of every shape are taken, and masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.registry import identifiers
from identity.registry.names import is_same_name

REGISTERED = "阿卜杜拉·买买提"


@pytest.mark.parametrize(
    "typed",
    [
        "阿卜杜拉•买买提",
        "阿卜杜拉・买买提",
        "阿卜杜拉.买买提",
        " 阿卜杜拉 · 买买提 ",
        "阿卜杜拉．买买提",
        "阿卜杜拉买买提",
    ],
)
def test_the_dot_in_a_name_is_whatever_the_keyboard_has(typed: str) -> None:
    assert is_same_name(typed, REGISTERED)


@pytest.mark.parametrize(
    ("typed", "registered"), [("ＬＩＮ Mei", "Lin Mei"), ("𠮷田", "𠮷田\ufe00"), ("（黄石）", "(黄石)")]
)
def test_width_case_and_variants_of_rare_characters_do_not_count(typed: str, registered: str) -> None:
    assert is_same_name(typed, registered)


@pytest.mark.parametrize("typed", ["", "阿卜杜拉", "阿卜杜拉·买提", "阿卜杜拉·买买堤", "买买提·阿卜杜拉"])
def test_another_name_stays_another(typed: str) -> None:
    assert not is_same_name(typed, REGISTERED)


@given(st.text(alphabet=st.characters(categories=["Lo"]), min_size=1, max_size=50), st.integers(0, 49))
def test_no_character_may_be_left_out(name: str, place: int) -> None:
    if place < len(name):
        assert not is_same_name(name[:place] + name[place + 1 :], name)


@pytest.mark.parametrize(
    "first_17", ["81000019900307123", "82000019881112045", "83000020010630456", "91100119850401078"]
)
def test_residence_permits_are_numbers_as_any_other(first_17: str) -> None:
    """港澳台 (81 to 83) and permanent residents from abroad (9…)."""
    number = first_17 + identifiers.id_check_character(first_17)
    assert identifiers.normalise("id_number", number) == number


def test_a_disability_certificates_number_shows_neither_kind_nor_level() -> None:
    first_17 = "99010119600101123"
    number = first_17 + identifiers.id_check_character(first_17)
    assert identifiers.mask(number + "43") == identifiers.mask(number) + "**"
    assert identifiers.mask(number + "43B1") == identifiers.mask(number) + "****"
