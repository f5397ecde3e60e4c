"""Repayment schedules: when, how much of it principal, how much interest, what is still owed."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import msgspec

from portals.financing.costs.days import months_later
from portals.financing.costs.interest import interest_fen, rate_on
from portals.financing.costs.rounding import to_whole
from portals.financing.costs.terms import LoanTerms, require_sound


class Instalment(msgspec.Struct, frozen=True, kw_only=True):
    """What falls due on one day; ``balance_fen`` is owed after it, ``days`` have passed since the one before."""

    number: int
    due_on: date
    days: int
    principal_fen: int
    interest_fen: int
    balance_fen: int

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.interest_fen


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    terms: LoanTerms
    instalments: tuple[Instalment, ...]

    @property
    def interest_fen(self) -> int:
        return sum(one.interest_fen for one in self.instalments)

    @property
    def total_fen(self) -> int:
        return sum(one.total_fen for one in self.instalments)

    @property
    def maturity_on(self) -> date:
        return self.instalments[-1].due_on


def schedule_of(terms: LoanTerms) -> Schedule:
    """The whole schedule of a loan as agreed. Raises ``InvalidInput`` for terms that cannot be."""
    require_sound(terms)
    return Schedule(
        terms=terms,
        instalments=run_off(terms, terms.principal_fen, terms.disbursed_on, due_days(terms), first=1),
    )


def due_days(terms: LoanTerms) -> tuple[date, ...]:
    """The days on which something falls due, the day of maturity always the last."""
    maturity_on = months_later(terms.disbursed_on, terms.term_months)
    if terms.method == "one_off":
        return (maturity_on,)
    found: list[date] = []
    count = 0
    while True:
        count += terms.every_months
        day = months_later(terms.disbursed_on, count, on_day=terms.due_day)
        if day >= maturity_on:
            return (*found, maturity_on)
        found.append(day)


def run_off(
    terms: LoanTerms, balance_fen: int, start: date, due: Sequence[date], *, first: int
) -> tuple[Instalment, ...]:
    """Instalments that repay ``balance_fen`` from ``start`` on the days ``due``; numbered from ``first``."""
    made: list[Instalment] = []
    level_fen, rate_bp = 0, -1
    share_fen = to_whole(Fraction(balance_fen, len(due)), terms.rounding)
    for place, day in enumerate(due):
        if terms.method == "equal_instalments" and rate_on(terms, start) != rate_bp:
            rate_bp = rate_on(terms, start)
            level_fen = level_instalment(terms, balance_fen, rate_bp, len(due) - place)
        cost_fen = interest_fen(terms, balance_fen, start, day)
        is_last = place == len(due) - 1
        principal_fen = (
            balance_fen if is_last else _principal(terms, balance_fen, cost_fen, level_fen, share_fen)
        )
        balance_fen -= principal_fen
        made.append(
            Instalment(
                number=first + place,
                due_on=day,
                days=(day - start).days,
                principal_fen=principal_fen,
                interest_fen=cost_fen,
                balance_fen=balance_fen,
            )
        )
        start = day
    return tuple(made)


def _principal(terms: LoanTerms, balance_fen: int, cost_fen: int, level_fen: int, share_fen: int) -> int:
    """Never below nothing (a long first period can cost more than a level instalment), never more than is owed."""
    match terms.method:
        case "equal_instalments":
            return min(max(level_fen - cost_fen, 0), balance_fen)
        case "equal_principal":
            return min(share_fen, balance_fen)
        case _:
            return 0


def level_instalment(terms: LoanTerms, balance_fen: int, rate_bp: int, count: int) -> int:
    """The level instalment of an annuity, exact before it is rounded: P·r / (1 − (1+r)^−n)."""
    rate = Fraction(rate_bp * terms.every_months, 10_000 * 12)
    if rate == 0:
        return to_whole(Fraction(balance_fen, count), terms.rounding)
    return to_whole(balance_fen * rate / (1 - (1 + rate) ** -count), terms.rounding)
