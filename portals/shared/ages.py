"""How old the data are on which an offer, an explanation or a claim stands, and whether their sources can be asked now.

Every policy names what it reads; each such fact says when its source observed it. By source they become one line: the
oldest and the newest, and whether the source's system answers and was read without a gap. Times only: nobody's values.
"""

import uuid
from collections import defaultdict
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from connectors.resilience import Watch
from connectors.resilience.states import SystemState, states
from kernel.errors import NotFound
from kernel.i18n import ENGLISH, current_locale
from policy_engine.catalogue import catalogue
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.offers import repository as offers
from policy_engine.matching.footing import base_attributes
from policy_engine.policies.dependencies import feel_texts
from policy_engine.profiles.service import load_family
from portals.services import Services

#: Where a connector is called otherwise than the source of its facts.
SOURCES_OF_SYSTEMS = {"social_insurance": "human_resources", "technology": "science", "banks": "bank"}


class DataAge(msgspec.Struct, frozen=True, kw_only=True):
    """One source: when what counts here was observed, the first and the last of it.

    ``is_down``: its system does not answer, since ``down_since``; ``is_late``: it answers, but has not been read since
    ``read_until``.
    """

    source: str
    source_name: str
    oldest_at: datetime
    newest_at: datetime
    is_down: bool
    is_late: bool
    down_since: datetime | None
    read_until: datetime | None


def of_offer(services: Services, offer_id: uuid.UUID) -> tuple[DataAge, ...]:
    """For whoever may see the offer, which the caller has made sure of."""
    with services.house.database.read() as session:
        offer = offers.get_offer(session, offer_id)
        if offer is None:
            return ()
        return of_policy(session, services, offer.policy_id, offer.policy_version, offer.subject_id)


def of_claim(services: Services, claim_id: uuid.UUID) -> tuple[DataAge, ...]:
    """For whoever may see the claim, which the caller has made sure of."""
    with services.house.database.read() as session:
        claim = claims.get_claim(session, claim_id)
        if claim is None:
            return ()
        return of_policy(session, services, claim.policy_id, claim.policy_version, claim.subject_id)


def of_policy(
    session: Session, services: Services, policy_id: str, version: int | None, subject_id: int
) -> tuple[DataAge, ...]:
    """What a policy reads of a subject's family, source by source, by name; none where nothing is known."""
    published = services.published.current(session)
    policy = published.named(policy_id, version) or published.named(policy_id)
    if policy is None:
        return ()
    try:
        family = load_family(session, subject_id)
    except NotFound:
        return ()
    seen: defaultdict[str, list[datetime]] = defaultdict(list)
    for attribute in base_attributes(tuple(text for _, text in feel_texts(policy.document))):
        for member in family:
            fact = member.facts.get(attribute.key) if member.kind == attribute.entity else None
            if fact is not None:
                seen[fact.source].append(fact.observed_at)
    house = services.house
    systems = {
        SOURCES_OF_SYSTEMS.get(one.system, one.system): one
        for one in states(session, Watch(house.ephemeral, house.clock), now=house.clock.now())
    }
    lines = [_line(source, times, systems.get(source)) for source, times in seen.items()]
    return tuple(sorted(lines, key=lambda one: one.source_name))


def _line(source: str, times: list[datetime], system: SystemState | None) -> DataAge:
    department = catalogue().departments.get(source)
    is_english = current_locale() == ENGLISH
    name = source if department is None else department.label_en if is_english else department.name
    is_down = system is not None and system.condition == "down"
    return DataAge(
        source=source,
        source_name=name,
        oldest_at=min(times),
        newest_at=max(times),
        is_down=is_down,
        is_late=system is not None and system.is_stale and not is_down,
        down_since=system.failing_since if system is not None and is_down else None,
        read_until=system.data_as_of if system is not None else None,
    )
