"""What a guarantee costs, and what of it the city pays. PURE."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.costs.rounding import to_whole


class FeeRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``…_source`` says where each figure was read, or that it is of the demonstration."""

    highest_fee_bp: int
    highest_fee_source: str
    firm_pays_bp: int
    firm_pays_source: str


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``fee_fen`` for the whole term the firm pays ``firm_fen``, the city the rest."""

    fee_fen: int
    firm_fen: int
    city_fen: int


@cache
def fee_rule() -> FeeRule:
    return msgspec.yaml.decode(Path(__file__).with_name("rules.yaml").read_bytes(), type=FeeRule)


def fee_of(amount_fen: int, term_months: int, fee_bp: int, rule: FeeRule) -> Fee:
    """Raises ``InvalidInput`` for a rate below nothing or above what is allowed."""
    if not 0 <= fee_bp <= rule.highest_fee_bp:
        what = _("年化担保费率应当在0到%(most)s之间。", most=f"{rule.highest_fee_bp / 100:g}%")
        raise InvalidInput(what, errors=[FieldError("fee_bp", what, _("例如0.8%填写80。"))])
    fee_fen = _of_rate(amount_fen, term_months, fee_bp)
    firm_fen = min(fee_fen, _of_rate(amount_fen, term_months, min(fee_bp, rule.firm_pays_bp)))
    return Fee(fee_fen=fee_fen, firm_fen=firm_fen, city_fen=fee_fen - firm_fen)


def _of_rate(amount_fen: int, term_months: int, rate_bp: int) -> int:
    return to_whole(Fraction(amount_fen * rate_bp * term_months, 120_000))
