"""The yearly cost of money from its cash flows: the rate at which what is received equals what is paid.

中国人民银行公告〔2021〕第3号: the annualised rate of a loan may be reckoned with compound or simple interest, and says
which. Here both are given and named: the internal rate of a month times twelve (``simple``), and twelve months of it
compounded (``compounded``). Time is measured in months from the first flow, parts of a month by its days, so that loans
of different habits are compared by one measure.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

import msgspec

from kernel.errors import InvalidInput
from kernel.i18n import gettext as _
from portals.financing.costs.days import months_between
from portals.financing.costs.rounding import to_whole

_DIGITS: Final = 34
#: Bisection ends here: far below a basis point of a year.
_NARROW: Final = Decimal("1e-14")
#: A month's rate is sought between −50 % and +100 %.
_LOWEST, _HIGHEST = Decimal("-0.5"), Decimal(1)


class CashFlow(msgspec.Struct, frozen=True):
    """From the borrower's side: what comes in is above zero, what is paid below."""

    on: date
    amount_fen: int


class AnnualCost(msgspec.Struct, frozen=True):
    """Basis points a year: twelve months added up, and twelve months compounded."""

    simple_bp: int
    compounded_bp: int


def annual_cost(flows: Iterable[CashFlow]) -> AnnualCost:
    """The yearly cost of these flows to the basis point. Raises ``InvalidInput`` where no rate explains them."""
    month = monthly_rate(flows)
    with localcontext() as context:
        context.prec = _DIGITS
        compounded = (1 + month) ** 12 - 1
        simple = month * 12
    return AnnualCost(simple_bp=_basis_points(simple), compounded_bp=_basis_points(compounded))


def monthly_rate(flows: Iterable[CashFlow]) -> Decimal:
    """The internal rate of a month, the one nearest to nothing where several would do."""
    dated = sorted((flow for flow in flows if flow.amount_fen), key=lambda flow: flow.on)
    if not any(flow.amount_fen > 0 for flow in dated) or not any(flow.amount_fen < 0 for flow in dated):
        raise InvalidInput(_("只有收入或者只有支出，算不出年化成本。"))
    with localcontext() as context:
        context.prec = _DIGITS
        worth = _worth_of(dated)
        low, high = _bracket(worth)
        return _bisect(worth, low, high)


def _worth_of(dated: Sequence[CashFlow]) -> Callable[[Decimal], Decimal]:
    """The present worth of the flows as a function of the month's rate."""
    times = [months_between(dated[0].on, flow.on) for flow in dated]
    exponents = [Decimal(-time.numerator) / time.denominator for time in times]
    amounts = [flow.amount_fen for flow in dated]

    def worth(rate: Decimal) -> Decimal:
        growth = 1 + rate
        return sum(
            (amount * growth**exponent for amount, exponent in zip(amounts, exponents, strict=True)),
            Decimal(0),
        )

    return worth


def _bracket(worth: Callable[[Decimal], Decimal]) -> tuple[Decimal, Decimal]:
    """Two rates between which the worth changes its sign, as near to nothing as can be."""
    at_nothing = worth(Decimal(0))
    if at_nothing == 0:
        return Decimal(0), Decimal(0)
    step = Decimal("0.001")
    while step <= _HIGHEST:
        for bound in (step, max(-step, _LOWEST)):
            if (worth(bound) > 0) != (at_nothing > 0):
                return min(bound, Decimal(0)), max(bound, Decimal(0))
        step *= 2
    raise InvalidInput(_("费用与贷款金额相差悬殊，算不出年化成本，请核对金额。"))


def _bisect(worth: Callable[[Decimal], Decimal], low: Decimal, high: Decimal) -> Decimal:
    is_low_positive = worth(low) > 0
    while high - low > _NARROW:
        middle = (low + high) / 2
        if (worth(middle) > 0) == is_low_positive:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _basis_points(rate: Decimal) -> int:
    return to_whole(Fraction(rate) * 10_000)
