"""Near misses and explanations for whoever one acts for, from the engine."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.web.principal import Principal
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.explanation import Explanation, NearMiss, explain, near_misses
from policy_engine.policies.published import PublishedPolicy
from policy_engine.profiles.schemas import Family
from policy_engine.profiles.service import load_family
from portals.services import Services

#: What time alone brings later than this is no step that anybody is about to take.
SOON = timedelta(days=730)


def is_within_reach(miss: NearMiss, today: date) -> bool:
    """Whether one step or a short wait would do it: who is told of a benefit that only old age brings, or that takes
    three things at once, learns nothing."""
    told = miss.explanation
    if miss.kind == "one_fact":
        return True
    if told.eligible_from is not None:
        return told.eligible_from <= today + SOON
    return any(len(step.changes) == 1 for step in told.nearest)


def near_misses_of(services: Services, principal: Principal) -> list[NearMiss]:
    """What one fact or one clause keeps away from the person or firm one acts for."""
    with services.house.database.read() as session:
        family = _family_of(session, principal)
        published = services.published.current(session)
    if family is None:
        return []
    today = services.house.clock.today()
    case = FamilyCase(family, published, today)
    found = near_misses(case, frozenset({principal.acting_for}), reader_id=principal.acting_for)
    return [miss for miss in found if is_within_reach(miss, today)]


def explanation_of(services: Services, principal: Principal, policy: PublishedPolicy) -> list[Explanation]:
    """How a policy stands for everybody or everything of the family it may concern."""
    with services.house.database.read() as session:
        family = _family_of(session, principal)
        published = services.published.current(session)
    if family is None:
        return []
    case = FamilyCase(family, published, services.house.clock.today())
    found = []
    for one, subject in case.policies_on():
        if one.document.is_computed_status:
            case.judge(one, subject)
        if one.document.id == policy.document.id and subject.subject_id in (
            principal.acting_for,
            family.owner.subject_id,
        ):
            found.append(explain(case, one, subject, reader_id=principal.acting_for))
    return found


def _family_of(session: Session, principal: Principal) -> Family | None:
    """Nothing where no department has said anything yet: a firm claimed a minute ago, an agency from elsewhere."""
    try:
        return load_family(session, principal.acting_for)
    except NotFound:
        return None
