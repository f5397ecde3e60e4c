"""What a firm may wish for, checked field by field before anything is kept."""

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.demands.models import Demand
from portals.financing.demands.schemas import LEAST_FEN, LEAST_MONTHS, MOST_FEN, MOST_MONTHS, Wish
from portals.financing.institutions import institutions


def check_wish(wish: Wish) -> None:
    """Raises ``InvalidInput`` with everything that is wrong."""
    errors: list[FieldError] = []

    def refuse(where: str, what: str) -> None:
        errors.append(FieldError(where, what))

    if not LEAST_FEN <= wish.amount_fen <= MOST_FEN:
        refuse("amount", _("金额应在 1,000 元至 10 亿元之间"))
    elif wish.amount_fen % 100:
        refuse("amount", _("请填整元"))
    if not LEAST_MONTHS <= wish.term_months <= MOST_MONTHS:
        refuse("term_months", _("期限应在 1 至 360 个月之间"))
    if not wish.collateral:
        refuse("collateral", _("请至少选择一种担保方式；没有担保请选“无担保（信用）”"))
    if wish.wanted_bank is not None and wish.wanted_bank not in institutions():
        refuse("wanted_bank", _("请从列表中选择银行"))
    if wish.routing == "named" and wish.wanted_bank is None and wish.wanted_product is None:
        refuse("wanted_bank", _("请选择先送哪家银行"))
    if errors:
        raise InvalidInput(_("融资需求有 %(count)d 处需要修改。", count=len(errors)), errors=errors)


def wish_into(demand: Demand, wish: Wish) -> None:
    for name in wish.__struct_fields__:
        value = getattr(wish, name)
        setattr(demand, name, list(value) if isinstance(value, tuple) else value)


def wish_from(demand: Demand) -> Wish:
    """What it says now."""
    return msgspec.convert(demand, Wish, from_attributes=True)
