"""Products as firms see them: each with the verdict on this firm, and one with every clause explained."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from kernel.errors import NotFound
from kernel.i18n import ENGLISH, N_, current_locale
from kernel.i18n import gettext as _
from policy_engine.language import judge_amount
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Explanation, explain
from policy_engine.policies.amounts import tree
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.schemas import Family
from portals.financing.costs.statement import PARTIES
from portals.financing.institutions import institution
from portals.financing.products.document import (
    LEAST,
    LEAST_TEXT,
    REGION,
    REGION_TEXT,
    Fee,
    ProductDocument,
)
from portals.financing.products.matching import Verdict, judge_firm
from portals.financing.products.offered import OfferedProduct, OfferedSet

PURPOSES: dict[str, str] = {
    "working_capital": N_("日常经营周转"),
    "equipment": N_("购置设备、技术改造"),
    "premises": N_("购建或装修经营场所"),
    "research": N_("研发和科技成果转化"),
    "export": N_("进出口业务"),
    "green": N_("节能减排、绿色转型"),
    "refinancing": N_("续贷、置换到期贷款"),
}
REPAYMENTS: dict[str, str] = {
    "equal_instalments": N_("等额本息"),
    "equal_principal": N_("等额本金"),
    "interest_first": N_("先息后本"),
    "one_off": N_("到期一次还本付息"),
}
COLLATERALS: dict[str, str] = {
    "none": N_("无担保（信用）"),
    "guarantee": N_("政府性融资担保"),
    "mortgage": N_("房产、设备抵押"),
    "receivables": N_("应收账款质押"),
    "patents": N_("专利、商标质押"),
    "person": N_("保证人"),
}
KINDS: dict[str, str] = {"loan": N_("贷款"), "guarantee": N_("担保")}
#: The platform's own conditions, beside those of the banks.
_OWN: dict[str, str] = {REGION: REGION_TEXT, LEAST: LEAST_TEXT}
TIMINGS: dict[str, str] = {"upfront": N_("放款时"), "yearly": N_("每年"), "at_end": N_("到期时")}


class FeeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fee: who pays it to whom and when; a sum or a rate."""

    name: str
    payer: str
    receiver: str
    timing: str
    amount_fen: int | None
    rate_bp: int | None


class SupportLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    note: str
    source: str
    standing: str


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product in a list; ``limit_fen`` is what this firm could have at most, where that is known."""

    id: str
    version: int
    kind: str
    kind_label: str
    institution: str
    institution_name: str
    title: str
    summary: str
    least_fen: int
    most_fen: int
    least_months: int
    most_months: int
    low_bp: int
    high_bp: int
    verdict: Verdict
    limit_fen: int | None
    is_demonstration: bool


class ProductDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One product with all that it says, and every clause judged for this firm. ``rate_bp`` is this firm's own, if known."""

    row: ProductRow
    rate_bp: int | None
    rate_basis: str
    purposes: tuple[str, ...]
    collateral: tuple[str, ...]
    repayment: tuple[str, ...]
    fees: tuple[FeeLine, ...]
    support: tuple[SupportLine, ...]
    valid_from: date
    valid_until: date | None
    explanation: Explanation
    contacts: tuple[tuple[str, str], ...]


def products_for(offered: OfferedSet, family: Family, as_of: date) -> list[ProductRow]:
    """Every product on offer, those that fit first, then by rate."""
    firm = facts_for(family, family.owner.subject_id)
    rows = [_row(one.product, one.verdict, one.limit_fen) for one in judge_firm(offered, firm, as_of)]
    places = {"eligible": 0, "unknown": 1, "ineligible": 2}
    return sorted(rows, key=lambda one: (places[one.verdict], one.kind != "loan", one.low_bp, one.id))


def product_for(offered: OfferedSet, family: Family, product_id: str, as_of: date) -> ProductDetail:
    """Raises ``NotFound`` for a product that is not on offer that day."""
    product = offered.by_id.get(product_id)
    if product is None or not product.is_on_offer(as_of):
        raise NotFound(_("没有找到这项产品，可能已经下架。"))
    case, subject = _case(offered, family, as_of), Subject(family.owner.subject_id, family.owner.subject_id)
    explanation = explain(case, offered.published[product_id], subject, reader_id=subject.subject_id)
    document = product.document
    return ProductDetail(
        row=_row(product, explanation.verdict, explanation.amount_fen),
        rate_bp=rate_of(document, case.context(subject)),
        rate_basis=document.rate.basis,
        purposes=tuple(_(PURPOSES[one]) for one in document.purposes),
        collateral=tuple(_(COLLATERALS[one]) for one in document.collateral),
        repayment=tuple(_(REPAYMENTS[one]) for one in document.repayment),
        fees=tuple(map(_fee, document.fees)),
        support=tuple(
            SupportLine(
                name=one.name,
                note=one.note,
                source=document.sources[one.source].title,
                standing=document.sources[one.source].standing,
            )
            for one in document.support
        ),
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        explanation=_told(explanation),
        contacts=tuple((one.title, one.phone) for one in document.contacts),
    )


def failing_conditions(offered: OfferedSet, family: Family, as_of: date) -> dict[str, tuple[str, ...]]:
    """By product on offer that day, its conditions that this firm does not meet, in its words."""
    case, subject = _case(offered, family, as_of), Subject(family.owner.subject_id, family.owner.subject_id)
    found = {}
    for product in offered.products:
        if product.is_on_offer(as_of):
            failing = case.judge(offered.published[product.document.id], subject).failing
            found[product.document.id] = tuple(
                _(_OWN.get(one.id, one.text)) for one in product.policy.eligibility if one.id in failing
            )
    return found


def rate_of(document: ProductDocument, context: Mapping[str, Any]) -> int | None:
    """The yearly rate of one firm in basis points, within what the product says; None where its facts leave it open."""
    rate = document.rate
    if rate.formula is None:
        return rate.low_bp if rate.low_bp == rate.high_bp else None
    found = judge_amount(tree(rate.formula), context)
    if not isinstance(found, Decimal):
        return None
    bp = int((found * 10_000).quantize(Decimal(1), ROUND_HALF_UP))
    return min(max(bp, rate.low_bp), rate.high_bp)


def _told(explanation: Explanation) -> Explanation:
    """With the platform's own clauses in the reader's language; a bank's are the bank's words."""
    clauses = tuple(
        msgspec.structs.replace(one, text=_(_OWN[one.id])) if one.id in _OWN else one
        for one in explanation.clauses
    )
    return msgspec.structs.replace(explanation, clauses=clauses)


def _case(offered: OfferedSet, family: Family, as_of: date) -> FamilyCase:
    """The firm with the statuses worked out that products name."""
    case = FamilyCase(family, offered.engine, as_of)
    case.work_out(frozenset(one.policy_id for one in offered.engine.statuses))
    return case


def _row(product: OfferedProduct, verdict: Verdict, limit_fen: int | None) -> ProductRow:
    document, is_english = product.document, current_locale() == ENGLISH
    return ProductRow(
        id=document.id,
        version=document.version,
        kind=document.kind,
        kind_label=_(KINDS[document.kind]),
        institution=document.institution,
        institution_name=institution(document.institution).title,
        title=document.title_en if is_english else document.title,
        summary=document.summary_en if is_english else document.summary,
        least_fen=document.amount.least_yuan * 100,
        most_fen=document.amount.most_yuan * 100,
        least_months=document.term.least_months,
        most_months=document.term.most_months,
        low_bp=document.rate.low_bp,
        high_bp=document.rate.high_bp,
        verdict=verdict,
        limit_fen=limit_fen,
        is_demonstration=product.is_demonstration,
    )


def _fee(fee: Fee) -> FeeLine:
    return FeeLine(
        name=fee.name,
        payer=_(PARTIES[fee.payer]),
        receiver=_(PARTIES[fee.receiver]),
        timing=_(TIMINGS[fee.timing]),
        amount_fen=None if fee.amount_yuan is None else fee.amount_yuan * 100,
        rate_bp=fee.rate_bp,
    )
