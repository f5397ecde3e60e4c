"""What a policy document says, in the shape a clerk fills in and a lawyer checks: YAML on disk and in the API.

FEEL texts stay texts here; ``checking`` types them, ``judgement`` evaluates them. Amounts in FEEL are yuan.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from kernel.i18n import Named
from kernel.web.principal import Duty
from policy_engine.catalogue import Source
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind

Audience = Literal["person", "household", "firm"]
Each = Literal["self", "child", "hire", "loan", "home", "project"]
Period = Literal["once", "month", "quarter", "year"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
#: What readers of English are told; empty where nobody has given one, and they are told the Chinese.
EnglishName = Annotated[str, msgspec.Meta(max_length=160)]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,78}[a-z0-9]$")]
DivisionCode = Annotated[str, msgspec.Meta(pattern=r"^\d{6}(\d{3})?$")]
SourceKey = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Few = msgspec.Meta(max_length=40)
WorkingDays = Annotated[int, msgspec.Meta(ge=0, le=250)]
Yuan = Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a document: fixed once read, and strict about what it may hold."""


class ItemCodes(_Part, frozen=True, kw_only=True):
    """事项编码: the national code of the item, and the code of its implementation here."""

    basic_code: str | None = None
    implementation_code: str | None = None


class LegalBasis(_Part, frozen=True, kw_only=True):
    title: Name
    document_number: str | None = None
    clause: str | None = None


class Clause(_Part, frozen=True, kw_only=True):
    """One condition: the words of the text, the FEEL that encodes them, and the source the figures in it come from."""

    id: Slug
    text: Text
    condition: Text
    source: SourceKey | None = None


class TableRule(_Part, frozen=True, kw_only=True):
    """One row: a unary test per input (``-`` is any) and the FEEL of its output, none where rows are only counted."""

    when: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)]
    then: Text | None = None


#: As the standard names them. C, R and O give lists, which are no amount: read, and refused by the check with a mend.
HitPolicy = Literal["U", "A", "P", "F", "C+", "C<", "C>", "C#", "C", "R", "O"]


class AmountTable(_Part, frozen=True, kw_only=True):
    """A decision table as in DMN 1.5 §8; decision 15 says which hit policies make an amount.

    ``ranking`` is for P: its outputs, numbers all of them, the most important first. ``per_hit`` is for C#: what each
    row that hits is worth.
    """

    hit_policy: HitPolicy
    inputs: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=12)]
    rules: Annotated[tuple[TableRule, ...], msgspec.Meta(min_length=1, max_length=200)]
    ranking: Annotated[tuple[Text, ...], msgspec.Meta(max_length=200)] = ()
    per_hit: Text | None = None


class Rounding(_Part, frozen=True, kw_only=True):
    """How the amount becomes whole steps; ``step`` in yuan."""

    name: Literal["half_up", "half_even", "down", "up"] = "half_up"
    step: Literal["0.01", "0.1", "1", "10", "100"] = "0.01"


class Benefit(_Part, frozen=True, kw_only=True):
    """Money: a formula or a table (yuan), between ``floor`` and ``cap``, per ``period``, for ``periods`` at most."""

    period: Period
    source: SourceKey
    formula: Text | None = None
    table: AmountTable | None = None
    cap: Text | None = None
    floor: Text | None = None
    periods: Text | None = None
    rounding: Rounding = Rounding()
    unit: Literal["元"] = "元"


class Status(_Part, frozen=True, kw_only=True):
    """A status instead of money. ``name`` is its word in FEEL for the audience.

    definition: computed, may be built on freely. presumed: the engine's guess at ``attribute``, for invitations only.
    recognised: an authority's decision; granting a claim here sets ``attribute``, which is what others then read.
    """

    name: Name
    nature: Literal["definition", "recognised", "presumed"]
    attribute: str | None = None
    invitation: Text | None = None
    label_en: str = ""


class Appropriation(_Part, frozen=True, kw_only=True):
    """An authorised sum for one fiscal year."""

    account: Name
    year: Annotated[int, msgspec.Meta(ge=2000, le=2200)]
    budget_fen: Annotated[int, msgspec.Meta(ge=0)]


class Funding(_Part, frozen=True, kw_only=True):
    """``authority`` is ``local`` (the city, 大冶 or 阳新, by the subject's division) or a division code."""

    kind: Literal["entitlement", "quota"]
    fund: Literal["fiscal", "shared", "unemployment_insurance"]
    authority: Annotated[str, msgspec.Meta(pattern=r"^(local|\d{6})$")] = "local"
    appropriations: Annotated[tuple[Appropriation, ...], Few] = ()


class Accrual(_Part, frozen=True, kw_only=True):
    """From which month the right counts and when it stops; ``proration`` of a period begun or ended inside it."""

    starts: Literal["qualifying_month", "application_month", "decision_month", "next_month"]
    stops: Literal["loss_month", "next_month", "end_of_period"] = "next_month"
    retroactive_months: Annotated[int, msgspec.Meta(ge=0, le=120)] = 0
    proration: Literal["none", "month"] = "none"


NoticeField = Literal["name_masked", "firm_name", "division", "amount", "period"]


class Notice(_Part, frozen=True, kw_only=True):
    """公示: how long, where, and the only fields that may be shown. No notice at all is the default."""

    days: Annotated[int, msgspec.Meta(ge=1, le=60)]
    kind: Literal["working", "natural"] = "working"
    place: Name
    fields: tuple[NoticeField, ...]


class Signatory(_Part, frozen=True, kw_only=True):
    """One of the seats that must agree at a stage (会签); ``above_yuan``: only where the amount is above that."""

    title: Name
    department: Annotated[str, msgspec.Meta(max_length=60)] = ""
    above_yuan: Yuan | None = None


class Stage(_Part, frozen=True, kw_only=True):
    """One post that a claim passes, routed to the division of this level around the subject.

    ``joint`` names the seats that must all agree, each by another person. A stage ``above_yuan`` is passed only by
    claims whose amount is above that, or not known yet.
    """

    key: Slug
    title: Name
    title_en: EnglishName = ""
    outcome: Literal["accept", "joint_review", "decide"]
    duty: Duty
    level: Literal["township", "county", "city", "province"]
    department: str = ""
    working_days: WorkingDays = 5
    may_repeat_person: bool = False
    joint: Annotated[tuple[Signatory, ...], msgspec.Meta(max_length=8)] = ()
    above_yuan: Yuan | None = None

    @property
    def named(self) -> Named:
        return Named(self.title, self.title_en)

    @property
    def level_digits(self) -> int:
        """How many digits of the division's code this level has: 9, 6, 4 or 2."""
        return {"township": 9, "county": 6, "city": 4, "province": 2}[self.level]


class Evidence(_Part, frozen=True, kw_only=True):
    """What a claim must show: a licence, a fact already here, a declaration 告知承诺, or a paper."""

    id: Slug
    title: Name
    kind: Literal["licence", "fact", "declaration", "paper"]
    is_required: bool = True


class Delivery(_Part, frozen=True, kw_only=True):
    mode: Literal["automatic", "one_tap", "application"]
    evidence: Annotated[tuple[Evidence, ...], Few] = ()
    offer_days: Annotated[int, msgspec.Meta(ge=1, le=730)] = 180


LimitPer = Literal["month", "quarter", "year", "life"]
LimitScope = Literal["unit", "subject"]
CapScope = Literal["unit", "subject", "household"]


class Limit(_Part, frozen=True, kw_only=True):
    """At most ``times`` per calendar ``per`` for one unit, or for all units of one subject. Every limit holds.

    What is paid once is counted by grants, what is paid again and again by periods.
    """

    times: Annotated[int, msgspec.Meta(ge=1)]
    per: LimitPer
    scope: LimitScope = "unit"


class YearlyCap(_Part, frozen=True, kw_only=True):
    """At most so many whole ``yuan`` for one calendar year, counted by the year that payments are for.

    Per unit, per subject (all its units), or per household (all of its members and itself); ``together_with`` names
    policies whose payments count against the same sum, which then bounds theirs as well.
    """

    yuan: Yuan
    source: SourceKey
    scope: CapScope = "unit"
    together_with: Annotated[tuple[Slug, ...], Few] = ()


class Contact(_Part, frozen=True, kw_only=True):
    title: Name
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+\- ]{3,20}$")]


class TimeLimits(_Part, frozen=True, kw_only=True):
    """Statutory and promised, in working days from acceptance to decision."""

    statutory_working_days: WorkingDays | None = None
    promised_working_days: WorkingDays = 20


class PolicyDocument(_Part, frozen=True, kw_only=True):
    """One version of one policy. Exactly one of ``benefit`` and ``status`` is given."""

    id: Slug
    version: Annotated[int, msgspec.Meta(ge=1)]
    title: Name
    title_en: EnglishName = ""
    summary: Text
    department: Name
    department_en: EnglishName = ""
    jurisdiction: DivisionCode
    audience: Audience
    each: Each = "self"
    effective_from: date
    effective_to: date | None = None
    item: ItemCodes = ItemCodes()
    legal_basis: Annotated[tuple[LegalBasis, ...], msgspec.Meta(min_length=1, max_length=40)]
    sources: Annotated[dict[SourceKey, Source], Few]
    eligibility: Annotated[tuple[Clause, ...], msgspec.Meta(min_length=1, max_length=60)]
    benefit: Benefit | None = None
    status: Status | None = None
    requires: Annotated[tuple[Slug, ...], Few] = ()
    excludes: Annotated[tuple[Slug, ...], Few] = ()
    choose_higher_with: Annotated[tuple[Slug, ...], Few] = ()
    limits: Annotated[tuple[Limit, ...], Few] = ()
    yearly_caps: Annotated[tuple[YearlyCap, ...], Few] = ()
    funding: Funding | None = None
    accrual: Accrual | None = None
    #: Somebody moves while a claim is open: the file goes along, or the office of the day of application finishes it.
    on_move: Literal["transfer", "finish"] = "transfer"
    notice: Notice | None = None
    stages: Annotated[tuple[Stage, ...], Few] = ()
    time_limits: TimeLimits = TimeLimits()
    delivery: Delivery
    contacts: Annotated[tuple[Contact, ...], msgspec.Meta(min_length=1, max_length=40)]
    relief: Annotated[tuple[Text, ...], Few] = ()
    impact_assessment: str | None = None

    @property
    def named(self) -> Named:
        return Named(self.title, self.title_en)

    @property
    def department_named(self) -> Named:
        return Named(self.department, self.department_en)

    @property
    def entity(self) -> EntityKind:
        """Whose facts the conditions are read on: the hire, loan, home or project of an ``each``, else the audience."""
        return self.each if self.each in ITEM_OWNERS else self.audience

    @property
    def is_computed_status(self) -> bool:
        """A status that the engine works out, so that others may stand on its verdict."""
        return self.status is not None and self.status.nature != "recognised"
