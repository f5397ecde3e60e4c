"""Which income counts: by test, place and date; a rule that is over leaves its income to count again."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policy_engine.catalogue import Source, catalogue
from policy_engine.catalogue.income import (
    OTHER,
    Earned,
    Treatment,
    income_catalogue,
    treatment_on,
    weigh,
)

CITY, STREET = "420200", "420203007"
NOW = date(2026, 11, 30)
TEXT = Source(title="市政府通知", url="https://example.cn", standing="official", checked_on=NOW)


def rule(
    since: date, *, until: date | None = None, division: str = CITY, free_fen: int | None = None
) -> Treatment:
    return Treatment(
        kind="wages",
        test="social_relief",
        division=division,
        since=since,
        until=until,
        counts=free_fen is not None,
        free_fen=free_fen or 0,
        source=TEXT,
    )


def counted(
    *earned: Earned, rules: tuple[Treatment, ...], on: date = NOW, test: str = "social_relief"
) -> int:
    return sum(one.counted_fen for one in weigh(earned, rules, test, STREET, on))


def test_the_list_names_only_what_the_catalogue_knows_and_every_entry_says_where_from() -> None:
    known = income_catalogue()
    assert OTHER in known.kinds
    assert all(one.source.title and one.source.url for one in known.treatments)
    assert {one.attribute for one in known.tests.values()} <= {one.id for one in catalogue().attributes}
    assert all(one.label_en for one in (*known.kinds.values(), *known.tests.values()))


def test_allowances_do_not_eat_the_relief_beside_them() -> None:
    rules = income_catalogue().treatments
    for kind in (
        "veteran_care",
        "family_planning",
        "old_age_allowance",
        "disability_nursing",
        "childcare_subsidy",
    ):
        assert counted(Earned(1, kind, 9_900), rules=rules) == 0
        assert counted(Earned(1, kind, 9_900), rules=rules, test="housing") == 9_900, (
            "another test, another list"
        )
    assert counted(Earned(1, "wages", 9_900), Earned(1, OTHER, 100), rules=rules) == 10_000


def test_the_basic_pension_was_left_out_for_the_years_of_one_plan() -> None:
    rules, pension = income_catalogue().treatments, Earned(1, "basic_pension", 15_900)
    assert counted(pension, rules=rules, on=date(2021, 6, 30)) == 15_900
    assert counted(pension, rules=rules, on=date(2021, 7, 1)) == 0
    assert counted(pension, rules=rules, on=date(2025, 12, 31)) == 0
    assert counted(pension, rules=rules, on=date(2026, 1, 1)) == 15_900


def test_the_nearest_place_holds_and_in_it_the_latest() -> None:
    nation, city = rule(date(2020, 1, 1), division="000000"), rule(date(2022, 1, 1), free_fen=5_000)
    later = rule(date(2024, 1, 1), until=date(2024, 12, 31))
    rules = (nation, city, later)
    assert treatment_on(rules, "social_relief", "wages", STREET, date(2021, 1, 1)) is nation
    assert treatment_on(rules, "social_relief", "wages", STREET, date(2023, 1, 1)) is city
    assert treatment_on(rules, "social_relief", "wages", STREET, date(2024, 6, 1)) is later
    assert treatment_on(rules, "social_relief", "wages", STREET, date(2025, 1, 1)) is None
    assert treatment_on(rules, "social_relief", "wages", "421000", date(2025, 1, 1)) is nation
    assert treatment_on((city, rule(city.since)), "social_relief", "wages", CITY, NOW).counts is False  # type: ignore[union-attr]


def test_what_is_free_is_free_for_each_person() -> None:
    free = (rule(date(2020, 1, 1), free_fen=5_000),)
    two = (Earned(1, "wages", 4_000), Earned(1, "wages", 4_000), Earned(2, "wages", 3_000))
    assert counted(*two, rules=free) == 3_000


@given(
    st.lists(st.builds(Earned, st.integers(1, 3), st.sampled_from(["wages", OTHER]), st.integers(0, 10**7))),
    st.integers(0, 10**6),
    st.integers(-3, 3),
)
def test_never_more_counts_than_there_is(earned: list[Earned], free: int, days: int) -> None:
    rules = (rule(NOW, until=NOW + timedelta(days=1), free_fen=free),)
    for one in weigh(earned, rules, "social_relief", CITY, NOW + timedelta(days=days)):
        assert 0 <= one.counted_fen <= one.amount_fen
        assert (one.rule is not None) or one.counted_fen == one.amount_fen
