"""The vocabulary that everything else refers to."""

import pytest

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.loading import KINDS


def test_attribute_is_found_by_id_and_by_its_chinese_name() -> None:
    birth_date = catalogue().attribute("person.birth_date")
    assert birth_date.name == "出生日期"
    assert catalogue().named("person", "出生日期") is birth_date


def test_unknown_attribute_id_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match=r"person\.shoe_size"):
        catalogue().attribute("person.shoe_size")


@pytest.mark.parametrize("kind", KINDS)
def test_chinese_names_are_unique_inside_an_entity(kind: EntityKind) -> None:
    entity = catalogue().entities[kind]
    names = [one.name for one in entity.attributes.values()] + list(entity.relations)
    assert len(names) == len(set(names))


def test_every_attribute_says_what_law_allows_it_and_who_supplies_it() -> None:
    for one in catalogue().attributes:
        assert one.legal_basis, one.id
        assert one.label_en, one.id
        assert one.department in catalogue().departments, one.id
        assert set(one.precedence) <= catalogue().departments.keys(), one.id


def test_money_and_counts_are_never_null() -> None:
    nullable = [
        one.id for one in catalogue().attributes if one.type in ("money", "ratio") and one.is_nullable
    ]
    assert nullable == []


def test_enumerations_list_their_values() -> None:
    assert all(one.values for one in catalogue().attributes if one.type == "enum")


def test_every_value_has_english_and_no_english_is_left_over() -> None:
    """A class of driving licence (A1) says itself."""
    values = {value for one in catalogue().attributes for value in one.values if not value.isascii()}
    assert catalogue().values_en.keys() == values


def test_money_is_kept_in_fen_and_rates_in_per_mille() -> None:
    assert catalogue().attribute("household.monthly_income").scale == 100
    assert catalogue().attribute("firm.layoff_rate_last_year").scale == 1000
    assert catalogue().attribute("person.ui_paid_months").scale == 1


def test_absent_means_what_the_catalogue_says() -> None:
    assert catalogue().attribute("household.is_dibao").absent is False
    assert catalogue().attribute("household.dibao_income").absent == 0
    assert catalogue().attribute("person.disability_level").absent is None
    assert not catalogue().attribute("person.birth_date").may_be_absent


def test_derived_attributes_are_not_columns_of_a_snapshot() -> None:
    person = catalogue().entities["person"]
    assert "age" in {one.key for one in person.derived_attributes}
    assert "age" not in {one.key for one in person.base_attributes}
