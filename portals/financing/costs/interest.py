"""Interest of one stretch of time on one balance, by the loan's way of counting."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from portals.financing.costs.days import months_later, whole_months
from portals.financing.costs.rounding import to_whole
from portals.financing.costs.terms import LoanTerms


def interest_fen(terms: LoanTerms, balance_fen: int, start: date, end: date) -> int:
    """What ``balance_fen`` costs from ``start`` up to ``end`` (the last day not counted), rounded once."""
    if end <= start:
        return 0
    exact = sum((_of_part(terms, balance_fen, *part) for part in _parts(terms, start, end)), Fraction(0))
    return to_whole(exact, terms.rounding)


def rate_on(terms: LoanTerms, day: date) -> int:
    """The yearly rate, in basis points, that runs on ``day``."""
    rate_bp = terms.rate_bp
    for change in terms.rate_changes:
        if change.on <= day:
            rate_bp = change.rate_bp
    return rate_bp


def _parts(terms: LoanTerms, start: date, end: date) -> Iterator[tuple[date, date, int]]:
    """The stretch cut where the rate changes inside it."""
    cuts = [change.on for change in terms.rate_changes if start < change.on < end]
    for begun, ended in zip([start, *cuts], [*cuts, end], strict=True):
        yield begun, ended, rate_on(terms, begun)


def _of_part(terms: LoanTerms, balance_fen: int, start: date, end: date, rate_bp: int) -> Fraction:
    months = _months_of_period(terms, start, end) if terms.counting == "months" else None
    if months is not None:
        return Fraction(balance_fen * rate_bp * months, 10_000 * 12)
    return Fraction(balance_fen * rate_bp * (end - start).days, 10_000 * terms.year_days)


def _months_of_period(terms: LoanTerms, start: date, end: date) -> int | None:
    """Whole months from one due day to another, also where February has cut the day of the month."""
    count = (end.year - start.year) * 12 + end.month - start.month
    day = terms.due_day or terms.disbursed_on.day
    keeps_day = start == months_later(start, 0, on_day=day) and end == months_later(end, 0, on_day=day)
    return count if keeps_day and count > 0 else whole_months(start, end) or None
