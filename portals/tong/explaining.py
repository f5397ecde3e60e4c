"""How policies stand for those whose affairs one sees: oneself and one's minor children, one's household, or a principal."""

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Explanation, FactLine, NearMiss, changed_family
from policy_engine.matching.explanation import explain as explain_one
from policy_engine.matching.explanation import near_misses as near_misses_in
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.schemas import RawValue
from portals.services import Services
from portals.shared.explaining import is_within_reach
from portals.shared.families import cases_of, key_of


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One policy and one of us. ``key`` stands for the subject in addresses and forms, where its number must not be."""

    key: str
    for_name: str
    is_oneself: bool
    explanation: Explanation


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """What one fact or one clause keeps away, and from whom."""

    key: str
    for_name: str
    is_oneself: bool
    miss: NearMiss


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """For whom and for what somebody asks: the numbers behind a key."""

    subject: Subject
    standing: Standing


def explain(services: Services, principal: Principal, policy_id: str) -> list[Standing]:
    """The policy for everybody it may concern whom one may act for, who can have it first. Raises ``NotFound``."""
    return [asked.standing for asked in _asked(services, principal, policy_id)]


def asked_for(services: Services, principal: Principal, policy_id: str, key: str) -> Asked:
    """The one a form names. Raises ``NotFound`` for a key that is not one of ours."""
    for asked in _asked(services, principal, policy_id):
        if asked.standing.key == key:
            return asked
    raise NotFound(_("没有找到您要的内容。"))


def near_misses(services: Services, principal: Principal) -> list[Near]:
    """What is almost there, the nearest first, each once."""
    found: list[Near] = []
    today = services.house.clock.today()
    with services.house.database.read() as session:
        subjects = _subjects(session, services, principal)
        for case in cases_of(session, services, subjects):
            found += [
                Near(
                    key=key_of(services.house.vault, miss.unit_id),
                    for_name=_name(session, services, case, miss.unit_id),
                    is_oneself=miss.unit_id == principal.acting_for,
                    miss=miss,
                )
                for miss in near_misses_in(case, subjects, reader_id=principal.acting_for)
                if is_within_reach(miss, today)
            ]
    return sorted(found, key=lambda one: (one.miss.kind != "one_fact", not one.is_oneself))


def supposed(
    services: Services, principal: Principal, policy_id: str, key: str, changes: Mapping[str, RawValue]
) -> Explanation:
    """How the policy would stand if these facts were other than they are. Nothing is kept. Raises ``NotFound``."""
    with services.house.database.read() as session:
        published, today = services.published.current(session), services.house.clock.today()
        policy = _named(published, policy_id)
        subjects = _subjects(session, services, principal)
        for case in cases_of(session, services, subjects):
            for subject in _fitting(case, policy, subjects):
                if key_of(services.house.vault, subject.unit_id) == key:
                    other = FamilyCase(changed_family(case.family, subject, changes), published, today)
                    for one, below in other.policies_on():
                        if one.document.is_computed_status:
                            other.judge(one, below)
                    told = explain_one(other, policy, subject, reader_id=principal.acting_for)
                    return _as_supposed(told, changes)
    raise NotFound(_("没有找到您要的内容。"))


def _named(published: PublishedSet, policy_id: str) -> PublishedPolicy:
    policy = published.named(policy_id)
    if policy is None or policy.document.audience == "firm":
        raise NotFound(_("没有找到这项政策，可能已经停止执行。"))
    return policy


def _as_supposed(told: Explanation, changes: Mapping[str, RawValue]) -> Explanation:
    """What was supposed comes from no department."""

    def line(fact: FactLine) -> FactLine:
        if fact.attribute not in changes:
            return fact
        return msgspec.structs.replace(fact, source=_("您假设的"), observed_on=None)

    clauses = tuple(
        msgspec.structs.replace(one, facts=tuple(line(fact) for fact in one.facts)) for one in told.clauses
    )
    return msgspec.structs.replace(told, clauses=clauses)


def _asked(services: Services, principal: Principal, policy_id: str) -> list[Asked]:
    with services.house.database.read() as session:
        policy = _named(services.published.current(session), policy_id)
        subjects = _subjects(session, services, principal)
        found = [
            Asked(
                subject=subject,
                standing=Standing(
                    key=key_of(services.house.vault, subject.unit_id),
                    for_name=_name(session, services, case, subject.unit_id),
                    is_oneself=subject.unit_id == principal.acting_for,
                    explanation=explain_one(case, policy, subject, reader_id=principal.acting_for),
                ),
            )
            for case in cases_of(session, services, subjects)
            for subject in _fitting(case, policy, subjects)
        ]
    children = [one for one in found if not one.standing.is_oneself]
    if policy.document.each == "child" and children:
        found = children  # a benefit for a child is not asked for oneself
    return sorted(found, key=_order)


def _order(asked: Asked) -> tuple[int, bool]:
    """What can be had first, oneself before the others."""
    rank = {"eligible": 0, "unknown": 1, "ineligible": 2}[asked.standing.explanation.verdict]
    return rank, not asked.standing.is_oneself


def _subjects(session: Session, services: Services, principal: Principal) -> frozenset[int]:
    return subjects_of(session, services.ports, principal, services.house.clock.now())


def _fitting(case: FamilyCase, policy: PublishedPolicy, subjects: frozenset[int]) -> Iterator[Subject]:
    """Whoever the policy may concern, with the statuses it stands on worked out before."""
    for one, subject in case.policies_on():
        if one.document.id == policy.document.id and subject.subject_id in subjects:
            yield subject
        elif one.document.is_computed_status:
            case.judge(one, subject)


def _name(session: Session, services: Services, case: FamilyCase, unit_id: int) -> str:
    if case.family.subject(unit_id).kind == "household":
        return _("您家")
    return services.ports.people.name_of(session, unit_id)
