"""The yearly cost of money: a loan without fees costs its rate; fees add, subsidies take off; checked by a reference."""

from datetime import date, timedelta

import msgspec
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import InvalidInput
from portals.financing.costs.annual_cost import CashFlow, annual_cost, monthly_rate
from portals.financing.costs.schedule import schedule_of
from portals.financing.costs.statement import Charge, SubsidyTerms, order_by_cost, statement_of
from portals.financing.costs.terms import METHODS
from tests.portals.financing.costs.test_schedules import MILLION

GUARANTEE = Charge(name="担保费", kind="guarantee", receiver="guarantor", timing="yearly", rate_bp=100)
VALUATION = Charge(name="评估费", payer="bank", receiver="agency", amount_fen=3_000_00)
HALF_BACK = SubsidyTerms(name="首贷贴息", share_permille=500)


class TestWithoutFees:
    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(METHODS[:3]), st.integers(1, 2400), st.integers(1, 60))
    def test_a_loan_costs_its_rate(self, method: str, rate_bp: int, months: int) -> None:
        loan = msgspec.structs.replace(MILLION, method=method, rate_bp=rate_bp, term_months=months)
        cost = statement_of(schedule_of(loan)).all_in
        assert abs(cost.simple_bp - rate_bp) <= 1
        assert abs(cost.compounded_bp - ((1 + rate_bp / 120_000) ** 12 - 1) * 10_000) <= 1

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(METHODS[:3]), st.integers(1, 2400), st.integers(1, 60), st.integers(0, 400))
    def test_its_interest_reads_as_its_rate_whatever_day_it_begins(
        self, method: str, rate_bp: int, months: int, later: int
    ) -> None:
        begun = date(2026, 1, 1) + timedelta(days=later)
        loan = msgspec.structs.replace(
            MILLION, method=method, rate_bp=rate_bp, term_months=months, disbursed_on=begun
        )
        assert statement_of(schedule_of(loan)).lines[0].yearly_bp == rate_bp

    def test_days_over_360_cost_more_than_the_rate_says(self) -> None:
        loan = msgspec.structs.replace(MILLION, counting="days", method="interest_first")
        assert statement_of(schedule_of(loan)).all_in.simple_bp == 350


class TestAgainstTheReference:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(1, 10**8), min_size=1, max_size=36), st.integers(1, 20))
    def test_the_rate_of_monthly_flows_is_that_of_numpy_financial(self, paid: list[int], less: int) -> None:
        received = max(sum(paid) * 100 // (100 + less), 1)
        dates = [date(2026 + place // 12, place % 12 + 1, 10) for place in range(len(paid) + 1)]
        flows = [
            CashFlow(on, amount)
            for on, amount in zip(dates, [received, *(-one for one in paid)], strict=True)
        ]
        expected = npf.irr([-received, *paid])
        assert float(monthly_rate(flows)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


class TestTheStatement:
    def test_lists_every_cost_with_payer_and_receiver(self) -> None:
        loan = msgspec.structs.replace(MILLION, method="interest_first", every_months=3)
        sheet = statement_of(schedule_of(loan), [GUARANTEE, VALUATION], [HALF_BACK])
        found = [
            (one.name, one.payer, one.receiver, one.amount_fen, one.yearly_bp, one.counts)
            for one in sheet.lines
        ]
        assert found == [
            ("利息", "firm", "bank", 3_450_000, 345, True),
            ("担保费", "firm", "guarantor", 1_000_000, 100, True),
            ("评估费", "bank", "agency", 300_000, 30, False),
            ("首贷贴息", "city", "firm", -1_725_000, -173, True),
        ]
        assert sheet.total_fen == 3_450_000 + 1_000_000 - 1_725_000
        # Money that comes back later is worth a little less than its share; fees paid at once a little more.
        assert sheet.before_subsidy.simple_bp == 446
        assert sheet.all_in.simple_bp == 275

    def test_a_yearly_guarantee_fee_is_charged_on_what_is_still_owed(self) -> None:
        loan = msgspec.structs.replace(MILLION, method="equal_principal", term_months=24)
        sheet = statement_of(schedule_of(loan), [GUARANTEE])
        assert sheet.lines[1].amount_fen == 1_000_000 + 500_000

    def test_a_subsidy_by_points_stops_at_its_cap_and_never_exceeds_the_interest(self) -> None:
        loan = schedule_of(msgspec.structs.replace(MILLION, method="interest_first", every_months=3))
        points = SubsidyTerms(name="贴息", points_bp=150)
        assert statement_of(loan, (), [points]).lines[1].amount_fen == -1_500_000
        capped = msgspec.structs.replace(points, cap_fen=1_000_000)
        assert statement_of(loan, (), [capped]).lines[1].amount_fen == -1_000_000
        beyond = msgspec.structs.replace(points, points_bp=2000)
        assert statement_of(loan, (), [beyond]).lines[1].amount_fen == -3_450_000

    def test_offers_are_ordered_by_what_they_cost_and_nothing_else(self) -> None:
        plain = statement_of(schedule_of(MILLION))
        cheap_rate_dear_fee = statement_of(
            schedule_of(msgspec.structs.replace(MILLION, rate_bp=300)),
            [msgspec.structs.replace(GUARANTEE, rate_bp=200)],
        )
        assert [key for key, _ in order_by_cost([("a", cheap_rate_dear_fee), ("b", plain)])] == ["b", "a"]

    @pytest.mark.parametrize(
        "charge",
        [
            Charge(name="手续费", amount_fen=-1),
            Charge(name="手续费", amount_fen=1_000_000_01),
            Charge(name="手续费", rate_bp=40_000),
            Charge(name="手续费"),
            Charge(name="手续费", amount_fen=1, rate_bp=1),
            Charge(name=" ", amount_fen=1),
        ],
    )
    def test_charges_that_cannot_be_are_refused_by_place(self, charge: Charge) -> None:
        with pytest.raises(InvalidInput) as refused:
            statement_of(schedule_of(MILLION), [GUARANTEE, charge])
        assert refused.value.errors[0].where.startswith("charges[1]")

    def test_flows_of_one_sign_have_no_cost(self) -> None:
        with pytest.raises(InvalidInput, match="算不出年化成本"):
            annual_cost([CashFlow(date(2026, 1, 1), 5)])
