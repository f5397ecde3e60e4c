"""Offers side by side: what each costs in all, instalment by instalment, after what the city is expected to pay back.

The order is by cost alone and says so; no bank can pay for another. What is expected of a subsidy is worked out by the
policy's own formula, quarter by quarter, on the interest that will be due; a promise it becomes only when it is decided.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from policy_engine.profiles.service import load_family
from portals.financing.banks import offers
from portals.financing.banks import repository as bank_rows
from portals.financing.banks.models import Offer
from portals.financing.banks.schemas import OfferView
from portals.financing.costs.annual_cost import CashFlow
from portals.financing.costs.changes import EarlyRepayment, repay_early
from portals.financing.costs.days import months_later
from portals.financing.costs.schedule import Schedule, schedule_of
from portals.financing.costs.statement import Charge, CostStatement, Returned, statement_of
from portals.financing.demands import repository as demand_rows
from portals.financing.guarantees import repository as guarantees
from portals.financing.guarantees.fees import fee_of, fee_rule
from portals.financing.rates.repository import rate_on
from portals.financing.subsidies.counting import quarter_of
from portals.financing.subsidies.rules import LPR, SubsidyRule, rules

#: A quarter's subsidy reaches the firm about so many months after the quarter is over.
_DELAY_MONTHS = 2
#: The number of a loan that is not there yet.
_SUPPOSED = -1


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One offer with its costs. ``first_fen`` is the first instalment, ``largest_fen`` the largest but for a bullet."""

    offer: OfferView
    statement: CostStatement
    schedule: Schedule
    first_fen: int
    largest_fen: int
    interest_fen: int
    is_cheapest: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be chosen, the cheapest first: by all-in yearly cost, then by total."""

    demand_id: uuid.UUID
    number: str
    ordered_by: str
    offers: tuple[Compared, ...]


def compare(
    session: Session, published: PublishedSet, demand_id: uuid.UUID, firm_id: int, now: datetime
) -> Comparison:
    """The offers for a firm's own demand. Raises ``NotFound`` for anybody else's."""
    demand = demand_rows.demand_of(session, demand_id, firm_id)
    if demand is None:
        raise NotFound(_("没有找到这项融资需求。"))
    found = [
        _compared(session, published, offer, offers.view(offer, application, now), now)
        for offer, application in bank_rows.offers_for(session, demand_id, firm_id)
        if offer.state in ("open", "accepted")
    ]
    shown = [one for one in found if one.offer.is_answerable or one.offer.state == "accepted"]
    shown.sort(key=lambda one: (one.statement.all_in.compounded_bp, one.statement.total_fen, one.offer.id))
    return Comparison(
        demand_id=demand_id,
        number=demand.number,
        ordered_by=_("按综合年化成本（复利）从低到高排列；相同的，按总成本。银行不能付费改变顺序。"),
        offers=tuple(
            msgspec.structs.replace(one, is_cheapest=place == 0 and len(shown) > 1)
            for place, one in enumerate(shown)
        ),
    )


def costs_of(
    session: Session, published: PublishedSet, offer_id: uuid.UUID, firm_id: int, now: datetime
) -> Compared:
    """One offer made to this firm. Raises ``NotFound``."""
    found = bank_rows.offer_to(session, offer_id, firm_id)
    if found is None:
        raise NotFound(_("没有找到这份融资方案。"))
    offer, application = found
    return _compared(session, published, offer, offers.view(offer, application, now), now)


def repaid_early(
    compared: Compared, on: date, amount_fen: int | None, fee_bp: int, keep: str
) -> EarlyRepayment:
    """What repaying early would mean. Raises ``InvalidInput``."""
    return repay_early(
        compared.schedule,
        on,
        amount_fen,
        fee_bp=fee_bp,
        keep="instalment" if keep == "instalment" else "term",
    )


def _compared(
    session: Session, published: PublishedSet, offer: Offer, view: OfferView, now: datetime
) -> Compared:
    schedule = schedule_of(offers.terms_of(offer, offer.made_at))
    charges = [*view.charges, *_guarantee_charges(session, offer)]
    returned = _expected(session, published, offer, schedule, now)
    statement = statement_of(schedule, charges, returned=returned)
    instalments = schedule.instalments
    level = instalments[:-1] or instalments
    return Compared(
        offer=view,
        statement=statement,
        schedule=schedule,
        first_fen=instalments[0].total_fen,
        largest_fen=max(one.total_fen for one in level),
        interest_fen=schedule.interest_fen,
        is_cheapest=False,
    )


def _guarantee_charges(session: Session, offer: Offer) -> Iterator[Charge]:
    """The fee as issued; before that, where the offer needs a guarantee and names no fee, the highest that is allowed."""
    issued = guarantees.issued_for(session, offer.application_id)
    named = any(one.get("kind") == "guarantee" for one in offer.charges)
    if issued is not None and issued.fee_fen is not None and not named:
        fee_fen, city_fen, name = issued.fee_fen, issued.subsidy_fen or 0, _("担保费")
    elif offer.needs_guarantee and not named:
        rule = fee_rule()
        fee = fee_of(offer.amount_fen, offer.term_months, rule.highest_fee_bp, rule)
        fee_fen, city_fen, name = fee.fee_fen, fee.city_fen, _("担保费（按上限估算）")
    else:
        return
    yield Charge(name=name, kind="guarantee", receiver="guarantor", amount_fen=fee_fen)
    if city_fen:
        yield Charge(name=_("担保费补贴"), kind="subsidy", payer="city", receiver="firm", amount_fen=city_fen)


def _expected(
    session: Session, published: PublishedSet, offer: Offer, schedule: Schedule, now: datetime
) -> tuple[Returned, ...]:
    """What the policy that pays most would give back, by its formula on each quarter's interest."""
    demand = demand_rows.demand_of(session, offer.demand_id, offer.firm_id)
    is_first = bool(demand is not None and demand.is_first_loan)
    family = load_family(session, offer.firm_id)
    known: dict[str, bool | int] = {
        "is_startup_guaranteed": offer.is_startup_guaranteed,
        "is_first_loan": is_first,
        "rate_bp": offer.rate_bp,
    }
    by_policy = {one.policy: one for one in rules()}
    found = []
    for policy, _is_for_everybody in published.matched_on(schedule.terms.disbursed_on):
        rule = by_policy.get(policy.document.id)
        if rule is not None and policy.covers(offer.firm_id):
            reference_of = _references(session, rule, schedule.terms.disbursed_on)
            flows = tuple(_flows(published, policy, family, known, reference_of, schedule, now))
            if flows:
                name = _("%(policy)s（预计）", policy=policy.document.title)
                found.append(Returned(name=name, flows=flows))
    best = max(found, key=lambda one: sum(flow.amount_fen for flow in one.flows), default=None)
    return () if best is None else (best,)


def _references(session: Session, rule: SubsidyRule, begun_on: date) -> Callable[[date], int]:
    """LPR for the quarter that begins on a day, of days to come as it is known now; 0 where the policy names none."""

    @cache
    def reference_of(quarter_starts_on: date) -> int:
        day = rule.reference_day(begun_on, quarter_starts_on)
        known = None if day is None else rate_on(session, LPR, day)
        return 0 if known is None else known.rate_bp

    return reference_of


def _flows(
    published: PublishedSet,
    policy: PublishedPolicy,
    family: Family,
    known: Mapping[str, bool | int],
    reference_of: Callable[[date], int],
    schedule: Schedule,
    now: datetime,
) -> Iterator[CashFlow]:
    """Quarter by quarter; within the policy's cap for a calendar year."""
    caps = [int(one.yuan * 100) for one in policy.document.yearly_caps]
    left: dict[int, int] = {}
    for following, interest_fen in _by_quarter(schedule):
        starts_on = quarter_of(following - timedelta(days=1))[0]
        supposed = {**known, "reference_rate_bp": reference_of(starts_on)}
        amount_fen = _judged(published, policy, family, supposed, interest_fen, schedule, now)
        year = following.year
        for cap_fen in caps:
            amount_fen = min(amount_fen, left.get(year, cap_fen))
            left[year] = left.get(year, cap_fen) - amount_fen
        if amount_fen > 0:
            yield CashFlow(months_later(following, _DELAY_MONTHS), amount_fen)


def _by_quarter(schedule: Schedule) -> Sequence[tuple[date, int]]:
    """The interest of each quarter, by the first day after it."""
    sums: dict[date, int] = {}
    for one in schedule.instalments:
        following = quarter_of(one.due_on)[1]
        sums[following] = sums.get(following, 0) + one.interest_fen
    return [(following, fen) for following, fen in sorted(sums.items()) if fen]


def _judged(
    published: PublishedSet,
    policy: PublishedPolicy,
    family: Family,
    known: Mapping[str, bool | int],
    interest_fen: int,
    schedule: Schedule,
    now: datetime,
) -> int:
    """The policy on a loan that is not there yet: as this offer would make it, sound, with this interest settled."""
    values: dict[str, bool | int | str] = {
        **known,
        "principal": schedule.terms.principal_fen,
        "subsidised_interest": interest_fen,
        "interest_settled_this_quarter": interest_fen,
        "is_overdue": False,
        "is_extended": False,
        "drawn_on": schedule.terms.disbursed_on.isoformat(),
    }
    loan = KnownSubject(
        subject_id=_SUPPOSED,
        kind="loan",
        owner_id=family.owner.subject_id,
        about_id=None,
        division=family.owner.division,
        sequence=family.sequence,
        facts={key: KnownFact(value, "bank", now) for key, value in values.items()},
    )
    supposed = msgspec.structs.replace(family, members=(*family.members, loan))
    case = FamilyCase(supposed, published, schedule.terms.disbursed_on)
    judgement = case.judge(policy, Subject(family.owner.subject_id, _SUPPOSED))
    return judgement.amount_fen or 0 if judgement.verdict == "eligible" else 0
