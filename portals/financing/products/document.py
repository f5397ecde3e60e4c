"""What a bank's product says, in the policy language: who may have it, how much, at what rate, for how long, against what.

Eligibility and limit are the policy language itself, so that the city's engine checks, compiles, matches and explains a product
as it does a policy (``as_policy``). What a demand asks beyond the firm's facts (amount, term, purpose, security) is plain ranges.
Rates are basis points a year, fees as in ``costs.statement``; amounts in FEEL are yuan.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from kernel.i18n import N_
from policy_engine.catalogue import Source
from policy_engine.policies.document import (
    Accrual,
    Benefit,
    Clause,
    Contact,
    Delivery,
    DivisionCode,
    Funding,
    LegalBasis,
    Name,
    PolicyDocument,
    Rounding,
    Slug,
    SourceKey,
    Stage,
    Text,
)
from portals.financing.costs.statement import Charge, Party, Timing
from portals.financing.institutions import institutions

Purpose = Literal["working_capital", "equipment", "premises", "research", "export", "green", "refinancing"]
Repayment = Literal["equal_instalments", "equal_principal", "interest_first", "one_off"]
Collateral = Literal["none", "guarantee", "mortgage", "receivables", "patents", "person"]
Yuan = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Months = Annotated[int, msgspec.Meta(ge=1, le=360)]
#: 24 %: above it no bank of the city lends.
RateBp = Annotated[int, msgspec.Meta(ge=0, le=2400)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A part of a document: fixed once read, and strict about what it may hold."""


class Amounts(_Part, frozen=True, kw_only=True):
    """The least and the most that the product lends, in yuan."""

    least_yuan: Yuan
    most_yuan: Yuan


class Terms(_Part, frozen=True, kw_only=True):
    least_months: Months
    most_months: Months


class Rate(_Part, frozen=True, kw_only=True):
    """A year's rate between ``low_bp`` and ``high_bp``; ``formula`` is FEEL (a plain ratio: 0.0345) for the one firm.

    ``basis`` says in words how the rate is made (LPR and points).
    """

    low_bp: RateBp
    high_bp: RateBp
    formula: Text | None = None
    basis: Text
    source: SourceKey


class Fee(_Part, frozen=True, kw_only=True):
    """Whatever is paid beside the interest: by whom, to whom, when; a sum or a rate a year."""

    name: Name
    payer: Party = "firm"
    receiver: Party = "bank"
    timing: Timing = "upfront"
    is_guarantee: bool = False
    amount_yuan: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    rate_bp: Annotated[int, msgspec.Meta(ge=0, le=2000)] | None = None

    def charge(self) -> Charge:
        """As the statement of costs takes it."""
        return Charge(
            name=self.name,
            kind="guarantee" if self.is_guarantee else "fee",
            payer=self.payer,
            receiver=self.receiver,
            timing=self.timing,
            amount_fen=None if self.amount_yuan is None else self.amount_yuan * 100,
            rate_bp=self.rate_bp,
        )


class Support(_Part, frozen=True, kw_only=True):
    """A policy that lowers the cost (贴息, 担保降费): by policy id or in words, with the share or points it takes over."""

    name: Name
    policy_id: Slug | None = None
    share_permille: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    points_bp: RateBp = 0
    note: Text
    source: SourceKey


class ProductDocument(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One version of one product. ``region`` is where firms must be registered: a division code, shorter ones enclose."""

    id: Slug
    version: Annotated[int, msgspec.Meta(ge=1)]
    institution: Slug
    kind: Literal["loan", "guarantee"] = "loan"
    title: Name
    title_en: Name
    summary: Text
    summary_en: Text
    region: DivisionCode
    valid_from: date
    valid_until: date | None = None
    amount: Amounts
    term: Terms
    rate: Rate
    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(min_length=1, max_length=7)]
    collateral: Annotated[tuple[Collateral, ...], msgspec.Meta(min_length=1, max_length=6)]
    repayment: Annotated[tuple[Repayment, ...], msgspec.Meta(min_length=1, max_length=4)]
    eligibility: Annotated[tuple[Clause, ...], msgspec.Meta(min_length=1, max_length=40)]
    limit: Text
    limit_source: SourceKey
    fees: Annotated[tuple[Fee, ...], msgspec.Meta(max_length=12)] = ()
    support: Annotated[tuple[Support, ...], msgspec.Meta(max_length=6)] = ()
    sources: Annotated[dict[SourceKey, Source], msgspec.Meta(min_length=1, max_length=20)]
    legal_basis: Annotated[tuple[LegalBasis, ...], msgspec.Meta(max_length=12)] = ()
    contacts: Annotated[tuple[Contact, ...], msgspec.Meta(min_length=1, max_length=6)]
    impact_assessment: str | None = None


#: The clauses before and after a product's own.
REGION = "region"
REGION_TEXT = N_("在服务区域内注册")
#: A limit below what the product lends at least is none.
LEAST = "least"
LEAST_TEXT = N_("可贷额度达到产品的最低金额")


def as_policy(product: ProductDocument, *, formula: str | None = None) -> PolicyDocument:
    """The product as the engine takes it: its amount is the limit, or another ``formula`` over the same facts.

    Nothing of it is paid: what a policy says of funds and stages stands there because the form wants it.
    """
    place = product.region[:4] if product.region.endswith("00") else product.region
    region = Clause(
        id=REGION,
        text=REGION_TEXT,
        condition=f'starts with(注册地, "{place}")',
    )
    least = Clause(
        id=LEAST,
        text=LEAST_TEXT,
        condition=f"({product.limit}) >= {product.amount.least_yuan}",
        source=product.limit_source,
    )
    return PolicyDocument(
        id=product.id,
        version=product.version,
        title=product.title,
        title_en=product.title_en,
        summary=product.summary,
        department=institutions()[product.institution].name,
        jurisdiction=product.region,
        audience="firm",
        effective_from=product.valid_from,
        effective_to=product.valid_until,
        legal_basis=product.legal_basis or (LegalBasis(title=product.title),),
        sources=product.sources,
        eligibility=(region, *product.eligibility, *(() if product.limit.isdecimal() else (least,))),
        benefit=Benefit(
            period="once",
            source=product.limit_source,
            formula=formula or product.limit,
            cap=str(product.amount.most_yuan) if formula is None else None,
            rounding=Rounding(name="down", step="100"),
        ),
        funding=Funding(kind="entitlement", fund="fiscal"),
        accrual=Accrual(starts="decision_month"),
        stages=(
            Stage(key="decide", title=product.title, outcome="decide", duty="claim.decide", level="city"),
        ),
        delivery=Delivery(mode="application"),
        contacts=product.contacts,
        impact_assessment=product.impact_assessment,
    )
