"""The terms of a loan as a bank offers them, and what is refused before anything is reckoned."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.costs.rounding import Rounding

Method = Literal["equal_instalments", "equal_principal", "interest_first", "one_off"]
#: 等额本息、等额本金、按期付息到期还本、到期一次还本付息.
METHODS: Final[tuple[Method, ...]] = ("equal_instalments", "equal_principal", "interest_first", "one_off")

#: 100 亿元: more than any bank of the city may lend to one borrower.
LARGEST_FEN: Final = 10_000_000_000_00
#: 24 %: above it no court protects the interest of the old rule, and no bank of this city lends.
HIGHEST_RATE_BP: Final = 2400
LONGEST_MONTHS: Final = 360


class RateChange(msgspec.Struct, frozen=True):
    """From this day interest runs at another rate."""

    on: date
    rate_bp: int


class LoanTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Rates in basis points a year (万分之一), money in fen.

    ``counting``: whole months cost a twelfth of the rate each (days over a ``year_days`` where a period is broken), or
    every day counts. ``due_day`` is the day of the month on which instalments fall due; None keeps the day of
    disbursement. ``rounding`` holds for every interest; the last instalment takes what is left of the principal.
    """

    principal_fen: int
    rate_bp: int
    method: Method
    disbursed_on: date
    term_months: int
    every_months: int = 1
    counting: Literal["months", "days"] = "months"
    year_days: Literal[360, 365] = 360
    due_day: int | None = None
    rounding: Rounding = "half_up"
    rate_changes: tuple[RateChange, ...] = ()


def require_sound(terms: LoanTerms) -> LoanTerms:
    """The same terms; raises ``InvalidInput`` that names every field that cannot be, and how to mend it."""
    errors = list(_errors(terms))
    if errors:
        raise InvalidInput(_("贷款条件有误，请改正后再算。"), errors=errors)
    return terms


def _errors(terms: LoanTerms) -> Iterator[FieldError]:
    if not 0 < terms.principal_fen <= LARGEST_FEN:
        yield FieldError(
            "principal_fen", _("贷款金额应当大于零，不超过100亿元。"), _("请填写以分为单位的整数。")
        )
    if not 0 <= terms.rate_bp <= HIGHEST_RATE_BP:
        yield FieldError("rate_bp", _("年利率应当在0到24%之间。"), _("例如3.45%填写345。"))
    if not 1 <= terms.term_months <= LONGEST_MONTHS:
        yield FieldError("term_months", _("期限应当是1到360个月。"), _("请按月填写贷款期限。"))
    if not 1 <= terms.every_months <= 12:
        yield FieldError("every_months", _("还款间隔应当是1到12个月。"), _("按月填1，按季填3。"))
    if terms.due_day is not None and not 1 <= terms.due_day <= 31:
        yield FieldError("due_day", _("还款日应当是1到31日。"), _("不固定还款日的，请留空。"))
    for change in terms.rate_changes:
        if change.on <= terms.disbursed_on or not 0 <= change.rate_bp <= HIGHEST_RATE_BP:
            what = _("利率调整应当在放款之后，调整后的年利率在0到24%之间。")
            yield FieldError("rate_changes", what, _("请核对调整日期和利率。"))
    if list(terms.rate_changes) != sorted(terms.rate_changes, key=lambda change: change.on):
        yield FieldError("rate_changes", _("利率调整应当按日期先后排列。"), _("请核对调整日期和利率。"))


def day_of(text: str, where: str) -> date:
    """A day from what was written; raises ``InvalidInput`` for the 31st of February as for any other slip."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        what = _("没有这一天：%(text)s。", text=text[:20])
        error = FieldError(where, what, _("请按“年-月-日”填写日历上有的日期，例如2026-02-28。"))
        raise InvalidInput(what, errors=[error]) from None
