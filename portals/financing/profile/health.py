"""政策体检: what a firm has, what it could have, what one step keeps away, with amounts and dates.

It stands on what the engine says anyway: rights in force and offers of the delivery, explanations and near misses of policies and
of products. Nothing is judged here.
"""

from collections.abc import Callable
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from kernel.i18n import ENGLISH, Named, current_locale
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import views
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import NearMiss, near_misses
from policy_engine.matching.explanation.schemas import FactChanged
from policy_engine.matching.explanation.situation import Situation
from policy_engine.profiles.schemas import Family, RawValue
from portals.financing.products.offered import OfferedSet
from portals.financing.products.views import ProductRow, products_for
from portals.services import Services
from portals.shared.explaining import is_within_reach

#: What nobody changes for a benefit's sake.
NO_STEPS = frozenset({"firm.registered_division", "firm.industry"})


class HealthLine(msgspec.Struct, frozen=True, kw_only=True):
    """One policy or product: how much, by which day, what the step is, and where to go."""

    kind: str
    title: str
    amount_fen: int | None
    period: str
    day: date | None
    note: str
    href: str
    is_demonstration: bool


class HealthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``has``: rights in force. ``could``: offers and products that fit. ``near``: what one step keeps away."""

    as_of: date
    has: tuple[HealthLine, ...]
    could: tuple[HealthLine, ...]
    near: tuple[HealthLine, ...]


def health_of(
    session: Session, services: Services, principal: Principal, family: Family, offered: OfferedSet
) -> HealthCheck:
    """The check of the firm one acts for, as of today."""
    now, today = services.house.clock.now(), services.house.clock.today()
    awards = views.my_awards(session, services.ports, principal, now=now)
    offers = views.inbox_offers(session, services.ports, principal, now=now)
    published = services.published.current(session)
    firm_id = family.owner.subject_id
    case = FamilyCase(family, published, today)
    policies = near_misses(case, frozenset({firm_id}), reader_id=principal.acting_for)
    products_case = FamilyCase(family, offered.engine, today)
    products_case.work_out(frozenset(one.policy_id for one in offered.engine.statuses))
    found = near_misses(products_case, frozenset({firm_id}), reader_id=firm_id)
    products = [one for one in found if one.explanation.policy_id in offered.by_id]
    fitting = [one for one in products_for(offered, family, today) if one.verdict == "eligible"]
    return HealthCheck(
        as_of=today,
        has=tuple(
            HealthLine(
                kind="policy",
                title=one.policy.title,
                amount_fen=one.amount_fen,
                period=one.policy.period,
                day=one.next_due_on,
                note=one.state_label,
                href=f"/rongtong/claims/{one.claim_id}",
                is_demonstration=one.policy.is_demonstration,
            )
            for one in awards
        ),
        could=(
            *(
                HealthLine(
                    kind="policy",
                    title=one.policy.title,
                    amount_fen=one.amount_fen,
                    period=one.policy.period,
                    day=one.lapses_on,
                    note=one.policy.department,
                    href=f"/rongtong/offers/{one.id}",
                    is_demonstration=one.policy.is_demonstration,
                )
                for one in offers
            ),
            *(_could_have(one) for one in fitting),
        ),
        near=(
            *(near_line(one, "policy", case) for one in policies if is_a_step(one, today)),
            *(near_line(one, "product", products_case) for one in products if is_a_step(one, today)),
        ),
    )


def is_a_step(one: NearMiss, today: date) -> bool:
    """Within reach, and not by moving away or taking up another trade."""
    changed = {change.attribute for step in one.explanation.nearest[:1] for change in step.changes}
    return is_within_reach(one, today) and not changed & NO_STEPS


def _could_have(one: ProductRow) -> HealthLine:
    return HealthLine(
        kind="product",
        title=one.title,
        amount_fen=one.limit_fen,
        period="",
        day=None,
        note=one.institution_name,
        href=f"/rongtong/financing/products/{one.id}",
        is_demonstration=one.is_demonstration,
    )


def near_line(one: NearMiss, kind: str, case: FamilyCase) -> HealthLine:
    told = one.explanation
    steps = [step.sentence for step in told.nearest[:1]] or [told.sentence]
    if one.kind == "one_fact":
        lacking = told.deciding or told.missing
        names = [fact.label_en if current_locale() == ENGLISH else fact.label for fact in lacking]
        steps = [_("还差一项信息：%(what)s", what="、".join(names))]
    base = "/rongtong/policies" if kind == "policy" else "/rongtong/financing/products"
    title = Named(told.title, told.title_en).said
    return HealthLine(
        kind=kind,
        title=title,
        amount_fen=told.amount_fen or amount_then(one, case),
        period="",
        day=told.eligible_from,
        note=steps[0],
        href=f"{base}/{told.policy_id}",
        is_demonstration=told.is_demonstration,
    )


def amount_then(one: NearMiss, case: FamilyCase) -> int | None:
    """What it would be once the nearest step is taken; none where that is not enough to say.

    Nor where it would be more with a longer step: a grant that is as large as the project says nothing of one fen.
    """
    policy = case.published.named(one.explanation.policy_id, one.explanation.version)
    if policy is None or not one.explanation.nearest:
        return None
    nearest = one.explanation.nearest[0].changes
    situation = Situation(case, policy, Subject(one.subject_id, one.unit_id))

    def amount(change: Callable[[FactChanged], RawValue]) -> int | None:
        return situation.judged(changes={one.attribute: change(one) for one in nearest}).amount_fen

    least = amount(lambda change: change.to_value)
    return least if least == amount(_a_longer_step) else None


def _a_longer_step(change: FactChanged) -> RawValue:
    then = change.to_value
    return 2 * then if change.way == "at_least" and isinstance(then, int) else then
