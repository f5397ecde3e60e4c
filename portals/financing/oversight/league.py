"""How the banks of the city do: how fast they answer, how often they say yes, at what cost, to whom, with what losses.

A bank's figures are of the applications put to it in the period; those of money, of what was paid out in the period.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from statistics import median

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.banks import offers
from portals.financing.costs.schedule import schedule_of
from portals.financing.costs.statement import Charge, statement_of
from portals.financing.institutions import institutions
from portals.financing.oversight import repository
from portals.financing.oversight.repository import Asked, Lent

_LONGEST = timedelta(days=366 * 3)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Both days included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), SHANGHAI)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One bank in one period. What cannot be said for want of cases is null, never nought.

    Rates in thousandths, costs in basis points a year weighted by the money lent, times in hours.
    """

    bank_code: str
    bank_name: str
    applications: int
    accept_hours: int | None
    contact_hours: int | None
    decide_hours: int | None
    breaches: int
    breach_permille: int | None
    decided: int
    approval_permille: int | None
    loans: int
    lent_fen: int
    rate_bp: int | None
    all_in_bp: int | None
    first_loans: int
    subsidised_loans: int
    subsidised_principal_fen: int
    subsidies_fen: int
    overdue_loans: int
    overdue_fen: int
    compensated_fen: int
    cap_fen: int | None
    cap_used_fen: int | None
    is_stopped: bool


def period_of(first: date | None, last: date | None, today: date) -> Period:
    """The quarter of today where nothing is said. Raises ``InvalidInput`` for an end before the beginning."""
    begins = first or date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    ends = last or today
    if ends < begins or ends - begins > _LONGEST:
        what = _("结束日期应当不早于开始日期，最长三年。")
        raise InvalidInput(what, errors=[FieldError("last", what)])
    return Period(first=begins, last=ends)


def league(session: Session, period: Period, today: date) -> list[Standing]:
    """Every bank of the city, the one with the most applications first."""
    asked: dict[str, list[Asked]] = defaultdict(list)
    for one in repository.asked(session, period.since, period.until):
        asked[one.bank_code].append(one)
    lent: dict[str, list[Lent]] = defaultdict(list)
    for loan in repository.lent(session, period.first, period.last):
        lent[loan.bank_code].append(loan)
    money = _Money(session, period, today)
    found = [
        _standing(code, one.title, asked[code], lent[code], money)
        for code, one in institutions().items()
        if one.kind == "bank"
    ]
    return sorted(found, key=lambda one: (-one.applications, -one.lent_fen, one.bank_code))


class _Money:
    """Subsidies, arrears and the pool, by bank."""

    def __init__(self, session: Session, period: Period, today: date) -> None:
        self.subsidies: dict[str, int] = defaultdict(int)
        loans: dict[str, set[object]] = defaultdict(set)
        rows = repository.subsidised(session, period.since, period.until)
        principal = repository.subsidised_principal(session, [loan_id for _code, loan_id, _fen in rows])
        self.principal: dict[str, int] = defaultdict(int)
        for code, loan_id, fen in rows:
            self.subsidies[code] += fen
            if loan_id not in loans[code]:
                loans[code].add(loan_id)
                self.principal[code] += principal[loan_id]
        self.loans = {code: len(found) for code, found in loans.items()}
        self.overdue = repository.overdue(session)
        self.compensated = repository.compensated(session, period.since, period.until)
        self.caps = repository.caps(session, today.year)


def _standing(code: str, title: str, asked: Sequence[Asked], lent: Sequence[Lent], money: _Money) -> Standing:
    decided = [one for one in asked if one.decided_at is not None]
    breached = sum(bool(one.breaches) for one in asked)
    weights = [loan.principal_fen for loan in lent]
    cap = money.caps.get(code)
    overdue_loans, overdue_fen = money.overdue.get(code, (0, 0))
    return Standing(
        bank_code=code,
        bank_name=title,
        applications=len(asked),
        accept_hours=_hours([(one.routed_at, one.accepted_at) for one in asked]),
        contact_hours=_hours([(one.routed_at, one.contacted_at) for one in asked]),
        decide_hours=_hours([(one.routed_at, one.decided_at) for one in asked]),
        breaches=sum(len(one.breaches) for one in asked),
        breach_permille=_permille(breached, len(asked)),
        decided=len(decided),
        approval_permille=_permille(sum(one.state != "declined" for one in decided), len(decided)),
        loans=len(lent),
        lent_fen=sum(weights),
        rate_bp=_weighted([loan.offer.rate_bp for loan in lent], weights),
        all_in_bp=_weighted([_all_in(loan) for loan in lent], weights),
        first_loans=sum(bool(loan.is_first_loan) for loan in lent),
        subsidised_loans=money.loans.get(code, 0),
        subsidised_principal_fen=money.principal.get(code, 0),
        subsidies_fen=money.subsidies.get(code, 0),
        overdue_loans=overdue_loans,
        overdue_fen=overdue_fen,
        compensated_fen=money.compensated.get(code, 0),
        cap_fen=None if cap is None else cap.cap_fen,
        cap_used_fen=None if cap is None else cap.used_fen,
        is_stopped=cap is not None and cap.stopped_at is not None,
    )


def _hours(spans: Sequence[tuple[datetime, datetime | None]]) -> int | None:
    found = [(end - start).total_seconds() / 3600 for start, end in spans if end is not None]
    return round(median(found)) if found else None


def _permille(part: int, whole: int) -> int | None:
    return round(part * 1000 / whole) if whole else None


def _weighted(values: Sequence[int], weights: Sequence[int]) -> int | None:
    total = sum(weights)
    return round(sum(v * w for v, w in zip(values, weights, strict=True)) / total) if total else None


def _all_in(loan: Lent) -> int:
    """Rate and fees, before anything the city pays back: what the bank and those around it take."""
    charges = tuple(msgspec.convert(one, Charge) for one in loan.offer.charges)
    schedule = schedule_of(offers.terms_of(loan.offer, loan.offer.made_at))
    return statement_of(schedule, charges).before_subsidy.compounded_bp
