"""What delivery needs to know of one version of a policy: the agreement between its document and the four lives.

``policies`` makes it from a policy document; delivery never reads the document itself, so a change of its form does
not reach claims that are under way.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from kernel.i18n import Named
from kernel.web.principal import Duty
from policy_engine.policies import stacking
from policy_engine.policies.document import CapScope, LimitPer, LimitScope, NoticeField
from policy_engine.policies.rollout import rollout_bucket

Mode = Literal["automatic", "one_tap", "application"]
Period = Literal["once", "month", "quarter", "year", "none"]
#: Payments of a full year; what is paid once is counted once, a status not at all.
PAYMENTS_A_YEAR: Mapping[Period, int] = {**stacking.PAYMENTS_A_YEAR, "none": 0}
#: Times of limits, the shortest first.
LENGTHS: tuple[LimitPer, ...] = ("month", "quarter", "year", "life")
Start = Literal["qualifying_month", "application_month", "decision_month", "next_month"]
Outcome = Literal["accept", "joint_review", "decide"]


class Signatory(msgspec.Struct, frozen=True, kw_only=True):
    """A seat that must agree at a stage (会签); ``above_fen``: only of claims above that amount."""

    title: str
    department: str = ""
    above_fen: int | None = None


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One post a claim passes. ``outcome`` is what the post may do; ``level`` how many digits of the claim's division
    its seat must cover at most (9 township, 6 county, 4 city); ``department`` empty means any. ``joint`` are the seats
    that must all agree; a stage with ``above_fen`` is passed by larger claims only."""

    key: str
    title: str
    title_en: str = ""
    outcome: Outcome
    duty: Duty
    level: int
    department: str = ""
    working_days: int = 5
    #: Only where the rule expressly lets one person act here who already acted at another stage.
    may_repeat_person: bool = False
    joint: tuple[Signatory, ...] = ()
    above_fen: int | None = None

    @property
    def named(self) -> Named:
        return Named(self.title, self.title_en)


class Accrual(msgspec.Struct, frozen=True, kw_only=True):
    """From which month the right counts; ``retroactive_months`` limits how far back before the application."""

    starts: Start = "application_month"
    retroactive_months: int = 0


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many times in a calendar month, quarter, year or ever, for one unit or for all units of a subject."""

    times: int = 1
    per: LimitPer = "life"
    scope: LimitScope = "unit"


class YearlyCap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much for a calendar year, of all ``policies`` together; the policy itself is one of them."""

    amount_fen: int
    scope: CapScope = "unit"
    policies: frozenset[str]


#: What is paid once is granted once, unless its document says otherwise.
ONCE = Limit()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    policy_id: str
    version: int
    title: str
    title_en: str = ""
    department: str
    department_en: str = ""
    division: str
    mode: Mode
    period: Period
    #: ``none`` with ``is_status``: the benefit is a recognised status, no money by itself.
    is_status: bool = False
    #: A definition is computed and decided by nobody: no offer is made of it.
    is_offered: bool = True
    #: A presumed status: the offer invites to a check (核对), it promises nothing.
    is_invitation: bool = False
    is_audience_firm: bool = False
    #: Every one of them holds. A one-off benefit is counted by grants, any other by the periods it is paid for.
    limits: tuple[Limit, ...] = ()
    yearly_caps: tuple[YearlyCap, ...] = ()
    #: Policies that the same unit must have been granted before.
    requires: frozenset[str] = frozenset()
    #: Policies that the same unit may not have besides, by either document's word; and those of which only the higher
    #: is paid.
    excludes: frozenset[str] = frozenset()
    higher_of: frozenset[str] = frozenset()
    #: Whether the policy may say that there are only so many periods.
    may_end_by_itself: bool = True
    funding: Literal["entitlement", "quota"] = "entitlement"
    fund_source: str = "fiscal"
    accrual: Accrual = Accrual()
    #: Whether an open claim goes along with somebody who moves, or is finished by the office of the day of application.
    on_move: Literal["transfer", "finish"] = "transfer"
    stages: tuple[Stage, ...] = (
        Stage(
            key="decide",
            title="审定",
            title_en="Decision",
            outcome="decide",
            duty="claim.decide",
            level=6,
            working_days=10,
        ),
    )
    #: 公示; 0 means none.
    notice_days: int = 0
    is_notice_in_working_days: bool = True
    notice_place: str = ""
    #: The only fields that a public notice shows.
    notice_fields: tuple[NoticeField, ...] = ()
    offer_days: int = 180
    #: Who the publication has reached so far, in thousandths: 10 is the first one per cent.
    rollout_permille: int = 1000
    #: Figures not official for this city run as 演示 and say so.
    is_demonstration: bool = False
    legal_basis: str = ""
    phone: str = ""
    promised_working_days: int = 20

    @property
    def named(self) -> Named:
        return Named(self.title, self.title_en)

    @property
    def department_named(self) -> Named:
        return Named(self.department, self.department_en)

    @property
    def rivals(self) -> frozenset[str]:
        return self.excludes | self.higher_of

    @property
    def held_to(self) -> tuple[Limit, ...]:
        """The limits that hold, also where the document says nothing of them."""
        return self.limits or ((ONCE,) if self.period == "once" else ())

    @property
    def stands_for(self) -> LimitPer:
        """The time that a single payment stands for: the shortest in which it is limited."""
        return min((one.per for one in self.held_to), key=LENGTHS.index, default="life")

    def is_inside_rollout(self, subject_id: int) -> bool:
        """Whether ``subject_id`` is among the first ``rollout_permille``; widening keeps everybody already inside."""
        return rollout_bucket(self.policy_id, subject_id) < self.rollout_permille
