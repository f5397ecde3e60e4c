"""Reading what a form sends: one value, many values, an amount in yuan."""

import uuid
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from litestar.params import URLEncodedBody

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _

Sent: TypeAlias = dict[str, str | list[str]]
Form: TypeAlias = URLEncodedBody[dict[str, str | list[str]]]
LARGEST_YUAN = 10**12


def one(sent: Sent, name: str) -> str:
    """The (last) value of a field, stripped; empty when it was not sent."""
    value = sent.get(name, "")
    return (
        value[-1] if isinstance(value, list) and value else value if isinstance(value, str) else ""
    ).strip()


def many(sent: Sent, name: str) -> list[str]:
    """Every value of a field that may be ticked more than once."""
    value = sent.get(name, [])
    return value if isinstance(value, list) else [value]


def numbers(sent: Sent, name: str) -> list[uuid.UUID]:
    """Every value as a UUID. Raises ``NotFound`` for what is none."""
    return [identified(value) for value in many(sent, name)]


def identified(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound(_("没有找到您要的内容。")) from None


def fen(sent: Sent, name: str) -> int | None:
    """An amount written in yuan, in fen; nothing when the field is empty. Raises ``InvalidInput``."""
    text = one(sent, name).replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    in_fen = amount * 100 if amount.is_finite() and abs(amount) < LARGEST_YUAN else Decimal("-1")
    if in_fen <= 0 or in_fen != in_fen.to_integral_value():
        what = _("金额应为大于零的数，最多两位小数，如 1630.50。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return int(in_fen)
