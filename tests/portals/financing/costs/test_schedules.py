"""Schedules: they repay the principal to the fen, whatever the terms, and agree with a reference library."""

from datetime import date

import msgspec
import numpy_financial as npf
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kernel.errors import InvalidInput
from portals.financing.costs.days import months_between, months_later
from portals.financing.costs.schedule import Schedule, schedule_of
from portals.financing.costs.terms import METHODS, LoanTerms, RateChange, day_of

MILLION = LoanTerms(
    principal_fen=1_000_000_00,
    rate_bp=345,
    method="equal_instalments",
    disbursed_on=date(2026, 1, 15),
    term_months=12,
)

terms = st.builds(
    LoanTerms,
    principal_fen=st.integers(1, 10**11),
    rate_bp=st.integers(0, 2400),
    method=st.sampled_from(METHODS),
    disbursed_on=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    term_months=st.integers(1, 72),
    every_months=st.sampled_from([1, 3, 12]),
    counting=st.sampled_from(["months", "days"]),
    year_days=st.sampled_from([360, 365]),
    due_day=st.none() | st.integers(1, 31),
    rounding=st.sampled_from(["half_up", "half_even", "down"]),
)


def owed(schedule: Schedule) -> list[int]:
    return [one.balance_fen for one in schedule.instalments]


class TestAnySchedule:
    @settings(max_examples=150, deadline=None)
    @given(terms)
    def test_repays_the_principal_to_the_fen_by_the_day_of_maturity(self, any_terms: LoanTerms) -> None:
        schedule = schedule_of(any_terms)
        assert sum(one.principal_fen for one in schedule.instalments) == any_terms.principal_fen
        assert owed(schedule) == sorted(owed(schedule), reverse=True)
        assert schedule.instalments[-1].balance_fen == 0
        assert schedule.maturity_on == months_later(any_terms.disbursed_on, any_terms.term_months)
        assert all(one.principal_fen >= 0 and one.interest_fen >= 0 for one in schedule.instalments)
        days = [any_terms.disbursed_on, *(one.due_on for one in schedule.instalments)]
        assert days == sorted(set(days))
        assert sum(one.days for one in schedule.instalments) == (days[-1] - days[0]).days

    @settings(max_examples=60, deadline=None)
    @given(terms)
    def test_of_a_dearer_loan_never_costs_less(self, any_terms: LoanTerms) -> None:
        cheaper = msgspec.structs.replace(any_terms, rate_bp=any_terms.rate_bp // 2)
        slack = len(schedule_of(any_terms).instalments)
        assert schedule_of(cheaper).interest_fen <= schedule_of(any_terms).interest_fen + slack

    @settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(terms)
    def test_paid_back_level_costs_no_more_than_with_a_bullet(self, any_terms: LoanTerms) -> None:
        def cost(method: str) -> int:
            regular = msgspec.structs.replace(any_terms, method=method, due_day=None)
            return schedule_of(regular).interest_fen

        slack = 2 * any_terms.term_months
        assert (
            cost("equal_principal") <= cost("equal_instalments") + slack <= cost("interest_first") + 2 * slack
        )


class TestAgainstTheReference:
    @settings(max_examples=80, deadline=None)
    @given(st.integers(10_000_00, 10**10), st.integers(1, 2400), st.integers(1, 120))
    def test_level_instalments_are_those_of_numpy_financial(
        self, principal_fen: int, rate_bp: int, months: int
    ) -> None:
        loan = msgspec.structs.replace(
            MILLION, principal_fen=principal_fen, rate_bp=rate_bp, term_months=months
        )
        rate = rate_bp / 120_000
        made = schedule_of(loan).instalments
        level = -npf.pmt(rate, months, principal_fen)
        assert all(abs(one.total_fen - level) <= 0.51 for one in made[:-1])
        # Each rounding carries on at the loan's own rate, so the last instalment may be off by as many fen.
        drift = (1 + rate) ** months * months
        assert abs(made[-1].total_fen - level) <= drift
        for one in made[:: max(len(made) // 5, 1)]:
            expected = -npf.ipmt(rate, one.number, months, principal_fen)
            assert abs(one.interest_fen - float(expected)) <= drift

    def test_a_million_for_a_year(self) -> None:
        made = schedule_of(MILLION).instalments
        assert [one.total_fen for one in made] == [8_489_882] * 11 + [8_489_883]
        assert made[0].interest_fen == 287_500
        assert round(-float(npf.pmt(0.0345 / 12, 12, 1_000_000_00))) == 8_489_882


class TestDays:
    def test_the_day_of_the_month_is_kept_where_there_is_one(self) -> None:
        loan = msgspec.structs.replace(MILLION, disbursed_on=date(2026, 1, 31), term_months=4)
        assert [one.due_on for one in schedule_of(loan).instalments] == [
            date(2026, 2, 28),
            date(2026, 3, 31),
            date(2026, 4, 30),
            date(2026, 5, 31),
        ]
        assert schedule_of(loan).instalments[0].interest_fen == 287_500

    def test_a_broken_first_period_costs_its_days(self) -> None:
        loan = msgspec.structs.replace(
            MILLION, method="interest_first", due_day=20, every_months=3, term_months=6
        )
        made = schedule_of(loan).instalments
        assert [(one.due_on, one.days) for one in made] == [(date(2026, 4, 20), 95), (date(2026, 7, 15), 86)]
        assert [one.interest_fen for one in made] == [910_417, 824_167]
        assert [one.principal_fen for one in made] == [0, 1_000_000_00]

    def test_a_one_off_loan_pays_everything_at_the_end(self) -> None:
        loan = msgspec.structs.replace(MILLION, method="one_off", counting="days")
        (only,) = schedule_of(loan).instalments
        assert (only.due_on, only.days, only.interest_fen) == (date(2027, 1, 15), 365, 3_497_917)

    def test_equal_principal_of_what_does_not_divide_leaves_the_rest_to_the_last(self) -> None:
        loan = msgspec.structs.replace(MILLION, method="equal_principal", principal_fen=100, term_months=3)
        assert [one.principal_fen for one in schedule_of(loan).instalments] == [33, 33, 34]

    def test_a_rate_that_changes_inside_a_period_splits_it_by_days(self) -> None:
        loan = msgspec.structs.replace(
            MILLION,
            method="interest_first",
            term_months=2,
            rate_changes=(RateChange(date(2026, 2, 1), 300),),
        )
        first = schedule_of(loan).instalments[0]
        assert first.interest_fen == round((345 * 17 + 300 * 14) * 1_000_000_00 / 10_000 / 360)

    @given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
    def test_months_later_is_that_many_months(self, start: date, count: int) -> None:
        assert months_between(start, months_later(start, count)) == count


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"principal_fen": 0}, "principal_fen"),
            ({"principal_fen": -5_00}, "principal_fen"),
            ({"principal_fen": 10**15}, "principal_fen"),
            ({"rate_bp": 40_000}, "rate_bp"),
            ({"rate_bp": -1}, "rate_bp"),
            ({"term_months": 0}, "term_months"),
            ({"term_months": 361}, "term_months"),
            ({"every_months": 0}, "every_months"),
            ({"due_day": 32}, "due_day"),
            ({"rate_changes": (RateChange(date(2025, 1, 1), 300),)}, "rate_changes"),
            ({"rate_changes": (RateChange(date(2026, 3, 1), 40_000),)}, "rate_changes"),
        ],
    )
    def test_terms_that_cannot_be_say_which_and_how_to_mend(
        self, change: dict[str, object], where: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            schedule_of(msgspec.structs.replace(MILLION, **change))
        assert [error.where for error in refused.value.errors] == [where]
        assert all(error.what and error.mend for error in refused.value.errors)

    @pytest.mark.parametrize("text", ["2026-02-31", "2026-13-01", "yesterday", ""])
    def test_a_day_no_calendar_has_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="没有这一天"):
            day_of(text, "first_due_on")
        assert day_of(" 2028-02-29 ", "first_due_on") == date(2028, 2, 29)
