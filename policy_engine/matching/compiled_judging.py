"""The judgements of one family on one day by generated code: a few microseconds each, and each worked out once."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import DEFECT, ELIGIBLE, INELIGIBLE, UNDECIDED, UNKNOWN
from policy_engine.matching.judging import INELIGIBLE as TURNED_AWAY
from policy_engine.matching.judging import Outcome, ReferenceJudging, employments
from policy_engine.matching.network import FamilyNetwork
from policy_engine.policies.compiled import CompiledPolicies, Row
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import FamilyValues

_TRUTH: Mapping[int, bool | None] = {ELIGIBLE: True, INELIGIBLE: False, UNDECIDED: None, DEFECT: None}
_UNDECIDED: Outcome = ("unknown", None)


class CompiledJudging:
    """As ``ReferenceJudging``, by generated code. Facts are made into rows once; a status noted is put into them."""

    def __init__(
        self,
        family: FamilyValues,
        network: FamilyNetwork,
        published: PublishedSet,
        as_of: date,
        compiled: CompiledPolicies,
    ) -> None:
        self.family = family
        self._network = network
        self._published = published
        self._as_of = as_of
        self._compiled = compiled
        self._outcomes: dict[str, Outcome] = {}
        self._rows: dict[int, Row] = {}
        self._statuses: list[dict[str, bool | None]] = [{} for _ in family.subjects]

    def value(self, key: str) -> Any:
        """What the chain compares: an aggregate's value, or the outcome of a status or match."""
        return self.outcome(key) if key in self._network.judged else self._reference.value(key)

    def outcome(self, key: str) -> Outcome:
        """Verdict and amount in fen; what a defect of the policy gives is never offered."""
        found = self._outcomes.get(key)
        if found is None:
            judged = self._network.judged[key]
            for below in judged.below:
                if below not in self._outcomes:
                    self.outcome(below)
            answer = self._compiled.judge_one(
                judged.name, self.family.subjects[judged.place].kind, self._row(judged.place)
            )
            if judged.status:
                self._note(judged.place, judged.policy.document.id, judged.status, _TRUTH[answer[0]])
            found = self._outcomes[key] = _outcome(*answer)
        return found

    def missing(self, key: str) -> tuple[str, ...]:
        """Which facts an unknown verdict hangs on, as the reference tells it."""
        return self._reference.missing(key)

    @cached_property
    def _reference(self) -> ReferenceJudging:
        return ReferenceJudging(self.family, self._network, self._published, self._as_of)

    def _row(self, place: int) -> Row:
        row = self._rows.get(place)
        if row is None:
            row = self._rows[place] = self._compiled.row(self._facts(place))
        return row

    def _note(self, place: int, policy_id: str, name: str, held: bool | None) -> None:
        """Put a status into the rows that were made; those that carry it of many members are made anew."""
        self._statuses[place][name] = held
        column = f"status:{policy_id}"
        for other in list(self._rows):
            kind = self.family.subjects[other].kind
            places = self._compiled.places(kind)
            if column in self._compiled.kinds[kind].row_columns:
                del self._rows[other]
                continue
            above = f"{self.family.owner.kind}.{column}" if place == 0 else ""
            index = places.get(column if other == place else above)
            if index is not None:
                self._rows[other][index] = UNKNOWN if held is None else held

    def _facts(self, place: int) -> SubjectFacts:
        if place == 0:
            return self._owner
        one = self.family.subjects[place]
        relations = catalogue().entities[one.kind].relations.values()
        above = {relation.name: self._owner for relation in relations if not relation.many}
        related = {**above, **employments(self.family, place)}
        return SubjectFacts(one.kind, one.values, related, self._statuses[place])

    @cached_property
    def _owner(self) -> SubjectFacts:
        owner = self.family.owner
        members = {
            relation.name: self._members(relation.to)
            for relation in catalogue().entities[owner.kind].relations.values()
        }
        return SubjectFacts(owner.kind, owner.values, members, self._statuses[0])

    def _members(self, kind: EntityKind) -> tuple[SubjectFacts, ...]:
        return tuple(
            SubjectFacts(one.kind, one.values, {}, self._statuses[place])
            for place, one in enumerate(self.family.subjects)
            if place and one.kind == kind
        )


def _outcome(verdict: int, amount_fen: int | None) -> Outcome:
    if verdict == ELIGIBLE:
        return ("eligible", amount_fen)
    return _UNDECIDED if verdict == UNDECIDED else TURNED_AWAY
