"""One demand against every product on offer, and every firm against them.

The firm's side (eligibility, limit) is the engine's: generated code for one firm, Polars for the city, both equal to the
reference. The demand's side (amount, term, purpose, security, repayment) is plain ranges. Verdicts have three values.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import ELIGIBLE, UNDECIDED
from policy_engine.matching.bulk import BulkResult, match_city
from policy_engine.profiles.snapshot import Snapshot
from portals.financing.products.document import ProductDocument
from portals.financing.products.offered import OfferedProduct, OfferedSet

Verdict = Literal["eligible", "unknown", "ineligible"]
#: What a demand may ask that a product does not give; ``limit``: more than this firm can have.
Misfit = Literal["amount", "limit", "term", "purpose", "collateral", "repayment"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A demand as products see it; ``repayment`` None takes any. One of ``collateral`` is enough."""

    amount_fen: int
    term_months: int
    purpose: str
    collateral: frozenset[str]
    repayment: str | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What one product says. ``limit_fen`` is what the firm could have at most, also where the demand asks for more."""

    product: OfferedProduct
    verdict: Verdict
    limit_fen: int | None
    misfits: tuple[Misfit, ...] = ()


def match_demand(offered: OfferedSet, firm: SubjectFacts, asked: Asked, as_of: date) -> list[Match]:
    """Every product on offer that day, in the order of the set."""
    products, compiled, places = offered.on(as_of)
    answers = compiled.kinds["firm"].judge(compiled.row(firm))
    found: list[Match] = []
    for product, place in zip(products, places, strict=True):
        truth, limit_fen = answers[place]
        misfits = misfits_of(product.document, asked, limit_fen)
        if misfits or truth not in (ELIGIBLE, UNDECIDED):
            verdict: Verdict = "ineligible"
        else:
            verdict = "eligible" if truth == ELIGIBLE else "unknown"
        found.append(Match(product=product, verdict=verdict, limit_fen=limit_fen, misfits=misfits))
    return found


def judge_firm(offered: OfferedSet, firm: SubjectFacts, as_of: date) -> list[Match]:
    """The firm's side alone: which products it could have at all, and how much of each."""
    products, compiled, places = offered.on(as_of)
    answers = compiled.kinds["firm"].judge(compiled.row(firm))
    verdicts: dict[int, Verdict] = {ELIGIBLE: "eligible", UNDECIDED: "unknown"}
    return [
        Match(
            product=product,
            verdict=verdicts.get(answers[place][0], "ineligible"),
            limit_fen=answers[place][1],
        )
        for product, place in zip(products, places, strict=True)
    ]


def misfits_of(product: ProductDocument, asked: Asked, limit_fen: int | None) -> tuple[Misfit, ...]:
    """What the demand asks that the product does not give."""
    found: list[Misfit] = []
    if not product.amount.least_yuan * 100 <= asked.amount_fen <= product.amount.most_yuan * 100:
        found.append("amount")
    elif limit_fen is not None and asked.amount_fen > limit_fen:
        found.append("limit")
    if not product.term.least_months <= asked.term_months <= product.term.most_months:
        found.append("term")
    if asked.purpose not in product.purposes:
        found.append("purpose")
    if asked.collateral.isdisjoint(product.collateral):
        found.append("collateral")
    if asked.repayment is not None and asked.repayment not in product.repayment:
        found.append("repayment")
    return tuple(found)


def match_firms(
    offered: OfferedSet, snapshot: Snapshot, as_of: date, products: Sequence[str] | None = None
) -> BulkResult:
    """Every firm of the city against every product (or those named): who could have how much. Raises ``NotLowerable``."""
    wanted = products if products is not None else [one.document.id for one in offered.products]
    return match_city(snapshot, offered.engine, as_of, policies=wanted)
