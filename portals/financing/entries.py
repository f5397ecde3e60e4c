"""What people write into the forms of financing: amounts in yuan, rates in per cent, days; each refused by its field."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from litestar.params import URLEncodedBody

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.costs.terms import day_of

Form: TypeAlias = URLEncodedBody[dict[str, str]]
_LARGEST_YUAN = Decimal(10**12)


def text(sent: dict[str, str], name: str) -> str:
    """A field, stripped; empty when it was not sent."""
    return sent.get(name, "").strip()


def fen(sent: dict[str, str], name: str) -> int:
    """An amount written in yuan, in fen. Raises ``InvalidInput`` for nothing, a negative or an absurd amount."""
    found = optional_fen(sent, name)
    if found is None:
        what = _("请填写金额。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return found


def optional_fen(sent: dict[str, str], name: str) -> int | None:
    written = text(sent, name).replace(",", "").replace("，", "")
    if not written:
        return None
    amount = _decimal(written) * 100
    if not 0 < amount <= _LARGEST_YUAN * 100 or amount != amount.to_integral_value():
        what = _("金额应为大于零的数，最多两位小数，如 1630.50。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return int(amount)


def basis_points(sent: dict[str, str], name: str) -> int:
    """A rate written in per cent, in 万分之一; nothing written is nothing. Raises ``InvalidInput``."""
    written = text(sent, name).removesuffix("%")
    if not written:
        return 0
    rate = _decimal(written) * 100
    if not 0 <= rate <= 10_000 or rate != rate.to_integral_value():
        what = _("比率应为0到100之间的百分数，最多两位小数，如 0.80。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return int(rate)


def reference(sent: dict[str, str], name: str) -> str:
    """A number of somebody's own books: letters, digits and dashes. Raises ``InvalidInput``."""
    written = text(sent, name)
    if not 0 < len(written) <= 40 or not written.isascii() or not written.replace("-", "").isalnum():
        what = _("编号应为1至40个字母、数字或横线。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return written


def day(sent: dict[str, str], name: str) -> date:
    return day_of(text(sent, name), name)


def _decimal(written: str) -> Decimal:
    """Not a number reads as one that no field allows."""
    try:
        found = Decimal(written)
    except InvalidOperation:
        return Decimal(-1)
    return found if found.is_finite() and abs(found) < _LARGEST_YUAN * 1000 else Decimal(-1)
