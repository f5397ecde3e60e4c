"""What people declare arrives as the catalogue's raw values, or comes back with the reason."""

import pytest

from kernel.errors import InvalidInput
from portals.tong.declaring import check_declared, fields_for, read_declared

ASKED = (
    "household.monthly_income",
    "person.has_long_term_care_need",
    "person.birth_date",
    "person.hukou_division",
)


def names() -> dict[str, str]:
    return {field.attribute: field.name for field in fields_for(ASKED)}


def test_places_and_unknown_words_are_not_asked_for() -> None:
    assert set(names()) == set(ASKED) - {"person.hukou_division"}
    assert fields_for(["person.no_such_thing"]) == []


def test_values_arrive_scaled_and_empty_ones_not_at_all() -> None:
    name = names()
    form = {
        name["household.monthly_income"]: "1,630.50",
        name["person.has_long_term_care_need"]: "yes",
        name["person.birth_date"]: " ",
    }
    declared = read_declared(form, fields_for(ASKED))
    assert declared == {"household.monthly_income": 163050, "person.has_long_term_care_need": True}


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("household.monthly_income", "-1"),
        ("household.monthly_income", "NaN"),
        ("household.monthly_income", "1.234"),
        ("household.monthly_income", "很多"),
        ("person.has_long_term_care_need", "maybe"),
        ("person.birth_date", "2026-02-30"),
        ("person.birth_date", "0001-01-01"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(attribute: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_declared({names()[attribute]: text}, fields_for(ASKED))
    assert [error.where for error in refused.value.errors] == [names()[attribute]]


def test_raw_values_of_the_api_are_held_to_the_same() -> None:
    fields = fields_for(ASKED)
    assert check_declared({"household.monthly_income": 163050}, fields) == {
        "household.monthly_income": 163050
    }
    wrongs: tuple[object, ...] = (1.5, None, [], 10**30)
    for wrong in wrongs:
        with pytest.raises(InvalidInput):
            check_declared({"household.monthly_income": wrong}, fields)
