"""企业贷款综合融资成本清单: every cost of a loan with its payer and receiver, as an amount and for a year.

Costs that somebody else bears (a valuation the bank pays) are listed as well and do not count; what the city pays back
(贴息, 担保费补贴) is deducted. ``yearly_bp`` of a line is its amount over the balance owed, averaged over time: lines add
up, which internal rates do not.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from portals.financing.costs.annual_cost import AnnualCost, CashFlow, annual_cost
from portals.financing.costs.days import months_between, months_later
from portals.financing.costs.rounding import to_whole
from portals.financing.costs.schedule import Schedule

Party = Literal["firm", "bank", "guarantor", "city", "agency", "insurer"]
Kind = Literal["interest", "guarantee", "fee", "subsidy"]
Timing = Literal["upfront", "yearly", "at_end"]

PARTIES: Final[dict[Party, str]] = {
    "firm": N_("企业"),
    "bank": N_("贷款银行"),
    "guarantor": N_("担保机构"),
    "city": N_("市级财政"),
    "agency": N_("评估、登记等机构"),
    "insurer": N_("保险公司"),
}


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A fee beside the interest, or (kind subsidy) money back: a sum, or a rate a year on what is owed.

    ``upfront`` is paid on disbursement, ``yearly`` at the beginning of each year (a rate: on the balance of that day),
    ``at_end`` at maturity. A rate that is paid upfront or at the end counts once, on the principal.
    """

    name: str
    kind: Kind = "fee"
    payer: Party = "firm"
    receiver: Party = "bank"
    timing: Timing = "upfront"
    amount_fen: int | None = None
    rate_bp: int | None = None


class SubsidyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """An interest subsidy to be expected: a share of the interest of each quarter, or points off the rate; capped."""

    name: str
    share_permille: int = 0
    points_bp: int = 0
    cap_fen: int | None = None
    #: Paid so many months after the interest was settled.
    delay_months: int = 3


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Money that comes back on days known beforehand: a subsidy as its own rule reckons it."""

    name: str
    flows: tuple[CashFlow, ...]


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """``amount_fen`` over the whole life, below zero where the firm gets it back; ``counts`` if the firm bears it."""

    name: str
    kind: Kind
    payer: Party
    receiver: Party
    amount_fen: int
    yearly_bp: int
    counts: bool


class CostStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The statement of one offer; ``all_in`` and ``total_fen`` are what the firm bears after subsidies."""

    principal_fen: int
    lines: tuple[CostLine, ...]
    total_fen: int
    all_in: AnnualCost
    #: The same before any subsidy: what it costs if the city pays nothing.
    before_subsidy: AnnualCost
    flows: tuple[CashFlow, ...]


def statement_of(
    schedule: Schedule,
    charges: Sequence[Charge] = (),
    subsidies: Sequence[SubsidyTerms] = (),
    *,
    returned: Sequence[Returned] = (),
) -> CostStatement:
    """The statement of a loan's costs. Raises ``InvalidInput`` for charges that cannot be."""
    for place, charge in enumerate(charges):
        _require_sound(charge, schedule, place)
    base = _average_balance(schedule)
    interest = [CashFlow(one.due_on, one.interest_fen) for one in schedule.instalments]
    lines = [_line(_("利息"), "interest", "firm", "bank", sum(one.amount_fen for one in interest), base)]
    paid: list[CashFlow] = list(_loan_flows(schedule))
    back: list[CashFlow] = []
    for charge in charges:
        flows = list(_charged(charge, schedule))
        amount_fen = sum(flow.amount_fen for flow in flows) * (-1 if charge.kind == "subsidy" else 1)
        lines.append(_line(charge.name, charge.kind, charge.payer, charge.receiver, amount_fen, base))
        if charge.receiver == "firm":
            back += flows
        elif charge.payer == "firm":
            paid += [CashFlow(flow.on, -flow.amount_fen) for flow in flows]
    expected = [Returned(name=one.name, flows=tuple(expected_subsidy(one, schedule))) for one in subsidies]
    for one in (*expected, *returned):
        total_fen = sum(flow.amount_fen for flow in one.flows)
        lines.append(_line(one.name, "subsidy", "city", "firm", -total_fen, base))
        back += one.flows
    return CostStatement(
        principal_fen=schedule.terms.principal_fen,
        lines=tuple(lines),
        total_fen=sum(line.amount_fen for line in lines if line.counts),
        all_in=annual_cost([*paid, *back]),
        before_subsidy=annual_cost(paid),
        flows=tuple(sorted([*paid, *back], key=lambda flow: flow.on)),
    )


def expected_subsidy(subsidy: SubsidyTerms, schedule: Schedule) -> Iterator[CashFlow]:
    """What an interest subsidy gives back on each instalment's interest, cut at its cap; rounded down to the fen."""
    left_fen = subsidy.cap_fen
    balance_fen, passed = schedule.terms.principal_fen, Fraction(0)
    for one in schedule.instalments:
        by_share = one.interest_fen * subsidy.share_permille // 1000
        months = months_between(schedule.terms.disbursed_on, one.due_on) - passed
        by_points = to_whole(balance_fen * months * Fraction(subsidy.points_bp, 120_000), "down")
        amount_fen = min(by_share + by_points, one.interest_fen)
        if left_fen is not None:
            amount_fen = min(amount_fen, left_fen)
            left_fen -= amount_fen
        if amount_fen > 0:
            yield CashFlow(months_later(one.due_on, subsidy.delay_months), amount_fen)
        balance_fen, passed = one.balance_fen, passed + months


def _loan_flows(schedule: Schedule) -> Iterator[CashFlow]:
    yield CashFlow(schedule.terms.disbursed_on, schedule.terms.principal_fen)
    for one in schedule.instalments:
        yield CashFlow(one.due_on, -one.total_fen)


def _line(name: str, kind: Kind, payer: Party, receiver: Party, amount_fen: int, base: Fraction) -> CostLine:
    return CostLine(
        name=name,
        kind=kind,
        payer=payer,
        receiver=receiver,
        amount_fen=amount_fen,
        yearly_bp=to_whole(amount_fen * 10_000 * 12 / base),
        counts=payer == "firm" or receiver == "firm",
    )


def _average_balance(schedule: Schedule) -> Fraction:
    """The balance owed, times the months it was owed; all months are measured from the day of disbursement."""
    found, balance_fen, passed = Fraction(0), schedule.terms.principal_fen, Fraction(0)
    for one in schedule.instalments:
        until = months_between(schedule.terms.disbursed_on, one.due_on)
        found += balance_fen * (until - passed)
        balance_fen, passed = one.balance_fen, until
    return found


def _charged(charge: Charge, schedule: Schedule) -> Iterator[CashFlow]:
    start = schedule.terms.disbursed_on
    match charge.timing:
        case "upfront":
            yield CashFlow(start, _sum(charge, schedule, schedule.terms.principal_fen, Fraction(12)))
        case "at_end":
            on = schedule.maturity_on
            yield CashFlow(on, _sum(charge, schedule, schedule.terms.principal_fen, Fraction(12)))
        case "yearly":
            yield from _yearly(charge, schedule)


def _yearly(charge: Charge, schedule: Schedule) -> Iterator[CashFlow]:
    """At the beginning of each year; a rate for as many months of it as the loan still runs."""
    start, year = schedule.terms.disbursed_on, 0
    while (begins := months_later(start, 12 * year)) < schedule.maturity_on:
        ends = min(months_later(start, 12 * (year + 1)), schedule.maturity_on)
        balance_fen = _balance_on(schedule, begins)
        amount_fen = _sum(charge, schedule, balance_fen, months_between(begins, ends))
        if amount_fen:
            yield CashFlow(begins, amount_fen)
        year += 1


def _sum(charge: Charge, schedule: Schedule, balance_fen: int, months: Fraction) -> int:
    if charge.rate_bp is None:
        return charge.amount_fen or 0
    return to_whole(Fraction(balance_fen * charge.rate_bp, 120_000) * months, schedule.terms.rounding)


def _balance_on(schedule: Schedule, day: date) -> int:
    due = [one for one in schedule.instalments if one.due_on <= day]
    return due[-1].balance_fen if due else schedule.terms.principal_fen


def _require_sound(charge: Charge, schedule: Schedule, place: int) -> None:
    where = f"charges[{place}]"
    if (charge.amount_fen is None) == (charge.rate_bp is None):
        what = _("每项费用应当填写金额或者费率，只填一项。")
        raise InvalidInput(what, errors=[FieldError(where, what, _("按比例收取的填费率，否则填金额。"))])
    if not 0 <= (charge.amount_fen or 0) <= schedule.terms.principal_fen:
        what = _("费用不能为负，也不能超过贷款本金。")
        raise InvalidInput(what, errors=[FieldError(f"{where}.amount_fen", what, _("请核对费用金额。"))])
    if not 0 <= (charge.rate_bp or 0) <= 2000:
        what = _("费率应当在0到20%之间。")
        raise InvalidInput(what, errors=[FieldError(f"{where}.rate_bp", what, _("例如1%填写100。"))])
    if not charge.name.strip():
        what = _("请填写费用名称。")
        raise InvalidInput(what, errors=[FieldError(f"{where}.name", what)])


def order_by_cost(statements: Iterable[tuple[str, CostStatement]]) -> list[tuple[str, CostStatement]]:
    """The cheapest first: by all-in yearly cost, compounded, then by total, then by key; nothing else counts."""
    return sorted(statements, key=lambda pair: (pair[1].all_in.compounded_bp, pair[1].total_fen, pair[0]))
