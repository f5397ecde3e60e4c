"""Why a product does not come into question for a demand: what to change in the demand, and what the firm has not (yet).

A demand that nobody takes is told so product by product, each with the bound that it broke: whoever reads it knows what to
write instead.
"""

from collections.abc import Callable, Mapping

from kernel.i18n import gettext as _
from kernel.web.formats import yuan
from portals.financing.demands.schemas import COLLATERALS, PURPOSES, WISHED
from portals.financing.products.document import ProductDocument
from portals.financing.products.matching import Match, Misfit


def of_the_demand(match: Match) -> tuple[str, ...]:
    """What the demand asks and the product does not give, each with what it gives instead."""
    return tuple(_WORDS[one](match.product.document, match.limit_fen) for one in match.misfits)


def _amount(product: ProductDocument, _limit_fen: int | None) -> str:
    least, most = yuan(product.amount.least_yuan * 100), yuan(product.amount.most_yuan * 100)
    return _("金额：这项产品借%(least)s至%(most)s", least=least, most=most)


def _limit(_product: ProductDocument, limit_fen: int | None) -> str:
    return _("金额：按企业情况最多能借%(most)s", most=yuan(limit_fen))


def _term(product: ProductDocument, _limit_fen: int | None) -> str:
    term = product.term
    return _("期限：这项产品借 %(least)d 至 %(most)d 个月", least=term.least_months, most=term.most_months)


def _purpose(product: ProductDocument, _limit_fen: int | None) -> str:
    return _("用途：只用于%(what)s", what=_among(product.purposes, PURPOSES))


def _collateral(product: ProductDocument, _limit_fen: int | None) -> str:
    return _("担保：需要%(what)s", what=_among(product.collateral, COLLATERALS))


def _repayment(product: ProductDocument, _limit_fen: int | None) -> str:
    return _("还款方式：只有%(what)s", what=_among(product.repayment, WISHED))


def _among(codes: tuple[str, ...], words: Mapping[str, str]) -> str:
    return " / ".join(_(words[one]) for one in codes)


_WORDS: Mapping[Misfit, Callable[[ProductDocument, int | None], str]] = {
    "amount": _amount,
    "limit": _limit,
    "term": _term,
    "purpose": _purpose,
    "collateral": _collateral,
    "repayment": _repayment,
}
