"""What the pages of a demand send: read field by field, every slip told at its field."""

from decimal import Decimal, InvalidOperation
from typing import TypeAlias, get_args

import msgspec
from litestar.params import URLEncodedBody

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.demands.desk import Chosen
from portals.financing.demands.schemas import Routing, Wish, Wished
from portals.financing.products.document import Collateral, Purpose

Sent: TypeAlias = dict[str, str | list[str]]
Form: TypeAlias = URLEncodedBody[dict[str, str | list[str]]]
#: 万元 to fen.
_WAN = 1_000_000


def one(sent: Sent, name: str) -> str:
    """The (last) value of a field, stripped; empty when it was not sent."""
    value = sent.get(name, "")
    return (
        value[-1] if isinstance(value, list) and value else value if isinstance(value, str) else ""
    ).strip()


def many(sent: Sent, name: str) -> tuple[str, ...]:
    """Every value of a field that may be ticked more than once."""
    value = sent.get(name, [])
    return tuple(value) if isinstance(value, list) else (value,)


def wish_of(sent: Sent) -> Wish:
    """The demand that a form describes. Raises ``InvalidInput`` with every field that cannot be read."""
    errors: list[FieldError] = []
    amount = _amount(one(sent, "amount"))
    if amount is None:
        errors.append(FieldError("amount", _("请填写金额，如 50 或 50.5（万元）")))
    months = one(sent, "term_months")
    if not (months.isascii() and months.isdecimal() and len(months) < 5):
        errors.append(FieldError("term_months", _("请填写整月数，如 12")))
    for name, known in (("purpose", Purpose), ("repayment", Wished), ("routing", Routing)):
        if one(sent, name) not in get_args(known):
            errors.append(FieldError(name, _("请从列表中选择")))
    collateral = many(sent, "collateral")
    if not collateral or any(value not in get_args(Collateral) for value in collateral):
        errors.append(FieldError("collateral", _("请至少选择一种担保方式；没有担保请选“无担保（信用）”")))
    if len(one(sent, "purpose_note")) > 500:
        errors.append(FieldError("purpose_note", _("说明请控制在 500 字以内")))
    if errors:
        raise InvalidInput(_("融资需求有 %(count)d 处需要修改。", count=len(errors)), errors=errors)
    found: dict[str, object] = {
        "amount_fen": amount,
        "term_months": int(months),
        "purpose": one(sent, "purpose"),
        "purpose_note": one(sent, "purpose_note"),
        "repayment": one(sent, "repayment"),
        "collateral": collateral,
        "routing": one(sent, "routing"),
        "wanted_bank": one(sent, "wanted_bank") or None,
        "wanted_product": one(sent, "wanted_product") or None,
    }
    return msgspec.convert(found, Wish)


def sent_of(wish: Wish) -> Sent:
    """A demand as its form would send it."""
    return {
        "amount": f"{Decimal(wish.amount_fen) / _WAN:f}",
        "term_months": str(wish.term_months),
        "purpose": wish.purpose,
        "purpose_note": wish.purpose_note,
        "repayment": wish.repayment,
        "collateral": list(wish.collateral),
        "routing": wish.routing,
        "wanted_bank": wish.wanted_bank or "",
        "wanted_product": wish.wanted_product or "",
    }


def chosen_of(sent: Sent) -> Chosen:
    """What a firm ticked on the page that asks for its data."""
    days = one(sent, "days")
    return Chosen(
        items=many(sent, "items"),
        days=int(days) if days.isdecimal() and len(days) < 5 else 0,
        is_once=one(sent, "frequency") == "once",
        banks=many(sent, "banks"),
    )


def _amount(text: str) -> int | None:
    """万元 in fen; what is beyond every bound is left to be refused with the bound. None for what is no amount."""
    try:
        amount = Decimal(text.replace(",", "").replace("，", "").removesuffix("万元").removesuffix("万"))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) > 10**9:
        return None
    return int(amount * _WAN)
