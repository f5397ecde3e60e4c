"""Which judgement of a family stands on which facts, aggregates and statuses: the network that the chain runs over.

Two families of the same make-up (a household of four, a firm with nine hires) have the same network, so it is built once
for a make-up and a published set. Names in it end in ``#place``: the owner is 0, the members follow by number.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from datetime import date
from functools import cached_property

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, Attribute, EntityKind
from policy_engine.compile import NotLowerable
from policy_engine.language import ProblemList
from policy_engine.matching.chain import Concept, Network
from policy_engine.matching.footing import (
    OWNERS,
    Reading,
    base_attributes,
    footing_of,
    reading_of_aggregate,
)
from policy_engine.policies.compiled import CompiledPolicies, compile_policies
from policy_engine.policies.dependencies import feel_texts, status_of
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.schemas import FamilyValues

log = logging.getLogger(__name__)

#: Make-ups of families whose networks are kept; a city has some hundreds.
MOST_KEPT = 2_000


class Judged(msgspec.Struct, frozen=True):
    """A status or match: which policy on whom; ``below`` are the statuses to work out before, in any order.

    ``name`` is the policy's in generated code, ``status`` the FEEL name of a computed one.
    """

    policy: PublishedPolicy
    place: int
    below: tuple[str, ...]
    name: str
    status: str | None


class FamilyNetwork(msgspec.Struct, frozen=True):
    """``judged`` and ``aggregates`` tell what the network's concepts are."""

    network: Network
    judged: dict[str, Judged]
    aggregates: dict[str, Attribute]


def fact_key(attribute_id: str, place: int) -> str:
    return f"{attribute_id}#{place}"


def members_key(kind: EntityKind) -> str:
    """Changes when somebody of this kind comes to or goes from the family."""
    return f"members:{kind}#0"


def arrival_key(place: int) -> str:
    """Changes when this member comes: everything about it is new here."""
    return f"arrival#{place}"


def judgement_key(policy: PublishedPolicy, place: int) -> str:
    return f"{policy.document.id}@{policy.document.version}#{place}"


def attributes_behind(document: PolicyDocument) -> tuple[Attribute, ...]:
    """The base attributes that the words of a document may stand for, derived ones followed to their facts."""
    return base_attributes(tuple(text for _, text in feel_texts(document)))


def attributes_in(text: str) -> tuple[Attribute, ...]:
    """The base attributes behind the words of one FEEL text."""
    return base_attributes((text,))


class Networks:
    """The networks of one published set on one day, kept by make-up of the family. Safe between threads."""

    def __init__(self, published: PublishedSet, as_of: date) -> None:
        self._published = published
        self._as_of = as_of
        self._policies = published.matched_on(as_of)
        self._partial = [policy for policy, is_for_everybody in self._policies if not is_for_everybody]
        self._kept: OrderedDict[object, FamilyNetwork] = OrderedDict()
        self._mutex = threading.Lock()

    @cached_property
    def compiled(self) -> CompiledPolicies | None:
        """The policies of the day as generated code; None where one of them has no such form (it should not be in force)."""
        documents = [policy.document for policy, _ in self._policies]
        awake = {one.id for one in documents}
        resting = [one for one in self._published.statuses if one.policy_id not in awake]
        try:
            return compile_policies(documents, self._as_of, resting)
        except (NotLowerable, ProblemList) as refused:
            log.warning("the published policies are judged by the reference evaluator: %s", refused)
            return None

    def of(self, family: FamilyValues) -> FamilyNetwork:
        """Of the family's kinds of members and, where two versions are in force, of who has which."""
        kinds = tuple(one.kind for one in family.subjects)
        reached = tuple(
            policy.covers(audience_of(family, place))
            for policy in self._partial
            for place in _places(kinds, policy.document.entity)
        )
        make_up = (kinds, reached)
        with self._mutex:
            found = self._kept.get(make_up)
            if found is not None:
                self._kept.move_to_end(make_up)
                return found
        built = _built(self._published, self._policies, family)
        with self._mutex:
            self._kept[make_up] = built
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return built


class _Cache:
    """The networks of the last few sets and days; a set is held, so that no other can take its place in memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[int, date], tuple[PublishedSet, Networks]] = OrderedDict()
        self._mutex = threading.Lock()

    def __call__(self, published: PublishedSet, as_of: date) -> Networks:
        key = (id(published), as_of)
        with self._mutex:
            if key not in self._kept:
                self._kept[key] = published, Networks(published, as_of)
                if len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            return self._kept[key][1]


networks_of = _Cache(4)


def audience_of(family: FamilyValues, place: int) -> int:
    """Whose benefit it is: the owner's for its hires, loans, projects and homes, else everybody's own."""
    one = family.subjects[place]
    return family.owner.subject_id if one.kind in ITEM_OWNERS else one.subject_id


def _places(kinds: tuple[EntityKind, ...], kind: EntityKind) -> list[int]:
    return [place for place, one in enumerate(kinds) if one == kind]


def _built(
    published: PublishedSet, policies: list[tuple[PublishedPolicy, bool]], family: FamilyValues
) -> FamilyNetwork:
    kinds = tuple(one.kind for one in family.subjects)
    aggregates, concepts = _aggregates(kinds)
    ground = 1 + max((one.stratum for one in concepts), default=-1)
    judged: dict[str, Judged] = {}
    by_policy: dict[str, dict[int, str]] = {}
    for policy, is_for_everybody in policies:
        document = policy.document
        footing = footing_of(document, published.statuses)
        status = status_of(document)
        for place in _places(kinds, document.entity):
            if is_for_everybody or policy.covers(audience_of(family, place)):
                key = judgement_key(policy, place)
                by_policy.setdefault(document.id, {})[place] = key
                below = tuple(
                    by_policy[one.policy_id][other]
                    for one in footing.statuses
                    for other in _read_places(kinds, footing.reading, one.entity, place)
                    if other in by_policy.get(one.policy_id, ())
                )
                name = f"{document.id}@{document.version}"
                judged[key] = Judged(policy, place, below, name, None if status is None else status.name)
                inputs = {*_inputs(kinds, footing.reading, place), *below, arrival_key(place)}
                concepts.append(Concept(key, ground + policy.stratum, frozenset(inputs)))
    return FamilyNetwork(Network(concepts), judged, aggregates)


def _aggregates(kinds: tuple[EntityKind, ...]) -> tuple[dict[str, Attribute], list[Concept]]:
    """What is derived of the owner: each above those that it stands on itself."""
    derived = catalogue().entities[kinds[0]].derived_attributes if kinds[0] in OWNERS else ()
    strata: dict[str, int] = {}

    def stratum(one: Attribute) -> int:
        if one.id not in strata:
            below = reading_of_aggregate(one).aggregates
            strata[one.id] = 1 + max((stratum(under) for under in below), default=-1)
        return strata[one.id]

    concepts = [
        Concept(fact_key(one.id, 0), stratum(one), frozenset(_inputs(kinds, reading_of_aggregate(one), 0)))
        for one in derived
    ]
    return {fact_key(one.id, 0): one for one in derived}, concepts


def _inputs(kinds: tuple[EntityKind, ...], reading: Reading, place: int) -> Iterator[str]:
    for attribute in reading.attributes:
        for other in _read_places(kinds, reading, attribute.entity, place):
            yield fact_key(attribute.id, other)
    for aggregate in reading.aggregates:
        if aggregate.entity == kinds[0]:
            yield fact_key(aggregate.id, 0)
    for kind in reading.reached:
        yield members_key(kind)


def _read_places(
    kinds: tuple[EntityKind, ...], reading: Reading, whose: EntityKind, place: int
) -> Collection[int]:
    """Whose fact is read from ``place``: its own, the owner's, or every member's where the words name them."""
    if whose in reading.reached:
        return _places(kinds, whose)
    if whose == kinds[place]:
        return (place,)
    return (0,) if whose == kinds[0] else ()
