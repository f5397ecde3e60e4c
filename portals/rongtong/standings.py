"""惠企政策 as they stand for the firm one acts for: what it has, what it could have, what one step keeps away, and the rest.

Nothing is judged here that the engine does not judge anyway: claims and offers are the delivery's, verdicts and near misses the
matching's.
"""

from collections import defaultdict
from datetime import date
from typing import Literal

import msgspec

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import views
from policy_engine.delivery.claims.schemas import ClaimRow
from policy_engine.delivery.offers.schemas import OfferRow
from policy_engine.delivery.states import AwardState, ClaimState
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.explanation import near_misses
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.schemas import Family
from policy_engine.profiles.service import load_family
from portals.financing.profile.health import HealthLine, is_a_step, near_line
from portals.services import Services

#: In this order a page shows them; ``unknown``: nobody has said enough yet to tell.
Standing = Literal["has", "could", "near", "unknown", "not_now"]
#: Claims that came to nothing say nothing of what the firm has; nor do those whose right has ended.
_NOTHING = frozenset({ClaimState.REFUSED, ClaimState.WITHDRAWN})


class PolicyStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. ``note``: how far the claim is, or the step that is lacking; ``day``: by when to answer, or from when time
    alone brings it; ``href``: where to go on."""

    policy_id: str
    title: str
    summary: str
    department: str
    is_demonstration: bool
    standing: Standing
    note: str
    amount_fen: int | None
    period: str
    day: date | None
    href: str


def standings_of(services: Services, principal: Principal) -> list[PolicyStanding]:
    """Every policy for firms in force today or still at work for this one, the best standing first, then by title."""
    house, today = services.house, services.house.clock.today()
    with house.database.read() as session:
        published = services.published.current(session)
        now = house.clock.now()
        claims = views.my_claims(session, services.ports, principal, now=now)
        awards = views.my_awards(session, services.ports, principal, now=now)
        offers = views.inbox_offers(session, services.ports, principal, now=now)
        try:
            family = load_family(session, principal.acting_for)
        except NotFound:  # no department has said anything of this firm yet
            family = None
    judged = _Judged(published, family, principal, today)
    over = {one.claim_id for one in awards if one.state == AwardState.ENDED}
    living = [one for one in claims if one.state not in _NOTHING and one.id not in over]
    # What has expired is still paid, decided and offered to those who came in time.
    kept = [published.named(one.policy.policy_id) for one in (*living, *offers)]
    listed = {
        one.document.id: one
        for one in (*published.effective_on(today), *kept)
        if one is not None and one.document.audience == "firm"
    }
    found = [_standing(one, living, offers, judged) for one in listed.values()]
    order = {"has": 0, "could": 1, "near": 2, "unknown": 3, "not_now": 4}
    return sorted(found, key=lambda one: (order[one.standing], one.title))


class _Judged:
    """The firm and all it is paid for, judged once: the best verdict on each policy, and the steps."""

    def __init__(
        self, published: PublishedSet, family: Family | None, principal: Principal, today: date
    ) -> None:
        self.verdicts: dict[str, set[str]] = defaultdict(set)
        self.steps: dict[str, HealthLine] = {}
        if family is None:
            return
        case = FamilyCase(family, published, today)
        for policy, subject in case.policies_on():
            if policy.document.audience == "firm" and subject.subject_id == principal.acting_for:
                self.verdicts[policy.document.id].add(case.judge(policy, subject).verdict)
        near = near_misses(case, frozenset({principal.acting_for}), reader_id=principal.acting_for)
        for miss in near:
            if is_a_step(miss, today):
                self.steps.setdefault(miss.explanation.policy_id, near_line(miss, "policy", case))


def _standing(
    policy: PublishedPolicy, claims: list[ClaimRow], offers: list[OfferRow], judged: _Judged
) -> PolicyStanding:
    document = policy.document
    verdicts, step = judged.verdicts[document.id], judged.steps.get(document.id)
    offered = [one for one in offers if one.policy.policy_id == document.id]
    claimed = [one for one in claims if one.policy.policy_id == document.id]
    rest: Standing = "unknown" if "unknown" in verdicts or not verdicts else "not_now"

    def told(
        standing: Standing,
        note: str = "",
        amount_fen: int | None = None,
        day: date | None = None,
        href: str = f"/rongtong/policies/{document.id}",
    ) -> PolicyStanding:
        return PolicyStanding(
            policy_id=document.id,
            title=document.named.said,
            summary=document.summary,
            department=document.department_named.said,
            is_demonstration=policy.is_demonstration,
            standing=standing,
            note=note,
            amount_fen=amount_fen,
            period=document.benefit.period if document.benefit else "",
            day=day,
            href=href,
        )

    if offered:
        first, more = offered[0], len(offered) - 1
        note = _("另有 %(count)d 份等您确认", count=more) if more else ""
        return told("could", note, first.first_fen, first.lapses_on, f"/rongtong/offers/{first.id}")
    if claimed:
        newest = claimed[0]
        return told("has", newest.state_label, newest.amount_fen, None, f"/rongtong/claims/{newest.id}")
    if "eligible" in verdicts:
        return told("could", _("条件都符合，点开看怎么办"))
    if step is not None:
        return told("near", step.note, step.amount_fen, step.day)
    return told(rest)
