"""Early repayment, extension and a changed rate: nothing of the principal is lost, and nothing is owed twice."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import InvalidInput
from portals.financing.costs.changes import change_rate, extend, repay_early
from portals.financing.costs.schedule import Schedule, schedule_of
from portals.financing.costs.terms import LoanTerms
from tests.portals.financing.costs.test_schedules import MILLION, terms

LEVEL = schedule_of(MILLION)
BULLET = schedule_of(msgspec.structs.replace(MILLION, method="interest_first", every_months=3))


def repaid(schedule: Schedule) -> int:
    return sum(one.principal_fen for one in schedule.instalments)


class TestEarlyRepayment:
    def test_in_full_ends_the_loan_that_day(self) -> None:
        early = repay_early(BULLET, date(2026, 8, 1), fee_bp=50)
        assert (early.principal_fen, early.fee_fen) == (1_000_000_00, 5_000_00)
        assert early.interest_fen == round(1_000_000_00 * 345 * 17 / 10_000 / 360)
        assert early.due_fen == early.principal_fen + early.interest_fen + early.fee_fen
        assert early.schedule.maturity_on == date(2026, 8, 1)
        assert early.saved_fen == early.interest_saved_fen - 5_000_00

    def test_in_part_keeps_the_term_or_the_instalment(self) -> None:
        shorter = repay_early(LEVEL, date(2026, 4, 15), 300_000_00, keep="instalment")
        smaller = repay_early(LEVEL, date(2026, 4, 15), 300_000_00)
        assert smaller.schedule.maturity_on == LEVEL.maturity_on
        assert shorter.schedule.maturity_on == date(2026, 10, 15)
        assert shorter.interest_saved_fen > smaller.interest_saved_fen > 0
        assert (
            max(one.total_fen for one in smaller.schedule.instalments[-3:]) < LEVEL.instalments[0].total_fen
        )
        assert (
            max(one.total_fen for one in shorter.schedule.instalments[4:]) <= LEVEL.instalments[-1].total_fen
        )

    @settings(max_examples=100, deadline=None)
    @given(terms, st.data())
    def test_repays_exactly_the_principal_on_any_day_of_any_loan(
        self, any_terms: LoanTerms, data: st.DataObject
    ) -> None:
        schedule = schedule_of(any_terms)
        length = (schedule.maturity_on - any_terms.disbursed_on).days
        on = any_terms.disbursed_on + timedelta(data.draw(st.integers(1, length - 1)))
        owed_fen = [
            any_terms.principal_fen,
            *(i.balance_fen for i in schedule.instalments if i.due_on <= on),
        ][-1]
        if owed_fen == 0:
            return
        amount_fen = data.draw(st.integers(1, owed_fen))
        early = repay_early(schedule, on, amount_fen, keep=data.draw(st.sampled_from(["term", "instalment"])))
        assert repaid(early.schedule) == any_terms.principal_fen
        assert early.schedule.instalments[-1].balance_fen == 0
        assert early.schedule.maturity_on <= schedule.maturity_on
        if any_terms.counting == "days":
            assert early.interest_saved_fen >= -len(schedule.instalments) - 1

    @pytest.mark.parametrize(
        ("on", "amount_fen", "fee_bp", "where"),
        [
            (date(2026, 1, 15), None, 0, "on"),
            (date(2027, 1, 15), None, 0, "on"),
            (date(2026, 5, 1), 0, 0, "amount_fen"),
            (date(2026, 5, 1), -100, 0, "amount_fen"),
            (date(2026, 5, 1), 1_000_000_01, 0, "amount_fen"),
            (date(2026, 5, 1), None, 40_000, "fee_bp"),
        ],
    )
    def test_that_cannot_be_is_refused(
        self, on: date, amount_fen: int | None, fee_bp: int, where: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            repay_early(LEVEL, on, amount_fen, fee_bp=fee_bp)
        assert [error.where for error in refused.value.errors] == [where]


class TestExtension:
    def test_moves_the_bullet_and_settles_interest_meanwhile(self) -> None:
        longer = extend(BULLET, date(2026, 12, 1), 6, rate_bp=400)
        assert longer.maturity_on == date(2027, 7, 15)
        assert repaid(longer) == 1_000_000_00
        assert [one.due_on for one in longer.instalments][-4:] == [
            date(2026, 12, 1),
            date(2027, 1, 15),
            date(2027, 4, 15),
            date(2027, 7, 15),
        ]
        assert [one.interest_fen for one in longer.instalments][-4:] == [
            450_417,
            431_250,
            1_000_000,
            1_000_000,
        ]

    @settings(max_examples=60, deadline=None)
    @given(terms, st.data())
    def test_never_loses_a_fen_of_the_principal(self, any_terms: LoanTerms, data: st.DataObject) -> None:
        schedule = schedule_of(any_terms)
        on = any_terms.disbursed_on + timedelta(
            data.draw(st.integers(0, (schedule.maturity_on - any_terms.disbursed_on).days - 1))
        )
        months = max(1, min(any_terms.term_months // 2, 12))
        longer = extend(schedule, on, months)
        assert repaid(longer) == any_terms.principal_fen
        assert longer.maturity_on > schedule.maturity_on
        days = [one.due_on for one in longer.instalments]
        assert days == sorted(set(days))

    def test_is_bound_by_the_general_rules_for_loans(self) -> None:
        with pytest.raises(InvalidInput, match="展期最长12个月"):
            extend(BULLET, date(2026, 12, 1), 13)
        with pytest.raises(InvalidInput, match="展期最长12个月"):
            extend(schedule_of(msgspec.structs.replace(MILLION, term_months=24)), date(2026, 12, 1), 13)
        with pytest.raises(InvalidInput, match="展期应当在到期之前商定"):
            extend(BULLET, date(2027, 1, 15), 6)


class TestChangedRate:
    def test_what_was_due_stays_and_what_is_ahead_is_reckoned_anew(self) -> None:
        changed = change_rate(LEVEL, date(2026, 7, 15), 300)
        assert changed.instalments[:6] == LEVEL.instalments[:6]
        assert changed.interest_fen < LEVEL.interest_fen
        assert repaid(changed) == 1_000_000_00
        level = {one.total_fen for one in changed.instalments[6:-1]}
        assert len(level) == 1
        assert level < {LEVEL.instalments[0].total_fen} or max(level) < LEVEL.instalments[0].total_fen

    def test_to_400_per_cent_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            change_rate(LEVEL, date(2026, 7, 15), 40_000)
