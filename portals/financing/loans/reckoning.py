"""What is owed, what is in arrears, and what a repayment does to the schedule. Pure, on the schedules of ``costs``."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from portals.financing.costs.changes import repay_early
from portals.financing.costs.interest import interest_fen
from portals.financing.costs.schedule import Instalment, Schedule
from portals.financing.costs.terms import LoanTerms


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A loan as it stands: its schedule, what is owed of it, and all interest paid so far."""

    schedule: Schedule
    balance_fen: int
    settled_interest_fen: int


def arrears_fen(standing: Standing, today: date) -> int:
    """Principal and interest that were due before today and have not come."""
    due = [one for one in standing.schedule.instalments if one.due_on < today]
    if not due:
        return 0
    principal = max(0, standing.balance_fen - due[-1].balance_fen)
    interest = max(0, sum(one.interest_fen for one in due) - standing.settled_interest_fen)
    return principal + interest


def accrued_fen(standing: Standing, on: date) -> int:
    """Interest that has run up to a day and is not paid: what fell due, and what runs since the last due day."""
    schedule = standing.schedule
    due = [one for one in schedule.instalments if one.due_on <= on]
    start = due[-1].due_on if due else schedule.terms.disbursed_on
    owed_fen = due[-1].balance_fen if due else schedule.terms.principal_fen
    running_fen = interest_fen(schedule.terms, owed_fen, start, on)
    return max(0, sum(one.interest_fen for one in due) + running_fen - standing.settled_interest_fen)


def next_due_on(standing: Standing) -> date | None:
    """The first day on which something falls due that is not paid yet."""
    if standing.balance_fen == 0:
        return None
    interest = 0
    for one in standing.schedule.instalments:
        interest += one.interest_fen
        if standing.balance_fen > one.balance_fen or standing.settled_interest_fen < interest:
            return one.due_on
    return standing.schedule.maturity_on


def first_unpaid(standing: Standing, today: date) -> date | None:
    """Since when something is overdue: the day after it was due."""
    due = next_due_on(standing)
    return due + timedelta(days=1) if due is not None and due < today else None


def after_repayment(schedule: Schedule, balance_fen: int, on: date) -> Schedule:
    """The schedule once a repayment left ``balance_fen``: the same, or run off anew where more came than was due next.

    An instalment that comes some days before it is due is no early repayment.
    """
    if balance_fen == 0 or on >= schedule.maturity_on:
        return schedule
    planned, following = _around(schedule.instalments, on, schedule.terms)
    if balance_fen >= following:
        return schedule
    return repay_early(schedule, on, planned - balance_fen).schedule


def _around(instalments: Sequence[Instalment], on: date, terms: LoanTerms) -> tuple[int, int]:
    """What is owed by the schedule on a day, and after the instalment that comes next."""
    passed = [one.balance_fen for one in instalments if one.due_on <= on]
    ahead = [one.balance_fen for one in instalments if one.due_on > on]
    planned = passed[-1] if passed else terms.principal_fen
    return planned, ahead[0] if ahead else planned
