"""Places by their national code."""

from hypothesis import given
from hypothesis import strategies as st

from policy_engine.catalogue import catalogue, encloses
from policy_engine.catalogue.divisions import enclosing_prefixes, prefix_of

CODES = st.sampled_from(sorted(catalogue().divisions))


def test_city_has_six_counties_and_57_township_codes() -> None:
    levels = [one.level for one in catalogue().divisions.values()]
    assert (levels.count("county"), levels.count("township")) == (6, 57)


def test_city_encloses_its_townships_and_not_the_neighbour() -> None:
    assert encloses("420200", "420222115")
    assert not encloses("420200", "360402001")
    assert not encloses("420222", "420200")


def test_nation_encloses_everything() -> None:
    assert all(encloses("000000", code) for code in catalogue().divisions)


def test_code_of_a_township_that_ends_in_noughts_is_not_shortened() -> None:
    assert prefix_of("420202400") == "420202400"
    assert enclosing_prefixes("420202400") == ("420202400", "420202", "4202", "42", "")


@given(CODES)
def test_every_division_lies_in_its_parents_up_to_the_nation(code: str) -> None:
    here = catalogue().divisions[code]
    while here.parent:
        assert encloses(here.parent, code)
        here = catalogue().divisions[here.parent]
    assert here.level == "nation"


@given(CODES, CODES)
def test_enclosing_prefixes_are_exactly_the_divisions_around(outer: str, inner: str) -> None:
    assert encloses(outer, inner) == (prefix_of(outer) in enclosing_prefixes(inner))
