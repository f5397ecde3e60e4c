"""What an explanation says, ready to be shown or read out: values only, in the language of its reader."""

from datetime import date
from typing import Literal

import msgspec

from policy_engine.catalogue import Standing
from policy_engine.policies.judgement import ClauseTruth, Verdict


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact behind a clause; for readers who may not see it without ``text`` and ``observed_on``."""

    attribute: str
    label: str
    label_en: str
    text: str
    source: str
    observed_on: date | None
    is_known: bool


class ParameterLine(msgspec.Struct, frozen=True, kw_only=True):
    """A published standard that a clause or the amount called upon; ``text`` is its value with the unit."""

    name: str
    label_en: str
    text: str
    since: date
    source: str
    standing: Standing


class ClauseExplained(msgspec.Struct, frozen=True, kw_only=True):
    """``in_words``: the condition as a sentence, with what its standards come to.

    ``holds_from``: the first day on which time alone makes a clause true that does not hold today.
    ``holds_until``: the last day on which one that holds today does, where time alone ends it.
    """

    id: str
    text: str
    condition: str
    truth: ClauseTruth
    facts: tuple[FactLine, ...]
    missing: tuple[FactLine, ...]
    holds_from: date | None = None
    in_words: str = ""
    holds_until: date | None = None
    parameters: tuple[ParameterLine, ...] = ()


class FactChanged(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as it would have to be. ``to_value`` is raw (fen, per-mille, ISO date); ``way`` says which side of it."""

    attribute: str
    label: str
    label_en: str
    from_text: str
    to_text: str
    to_value: bool | int | str | None
    way: Literal["at_least", "at_most", "becomes"]


class ChangeSet(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that, changed together and nothing else, leave no clause failing; ``sentence`` can be read out.

    ``is_enough``: the policy then fits; otherwise facts that nobody knows are still to be told.
    """

    changes: tuple[FactChanged, ...]
    is_enough: bool
    sentence: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """``missing``: all that is open; ``deciding``: the fewest facts that settle an unknown verdict whatever they say.

    ``nearest``: for an ineligible one, the smallest plausible changes of facts after which no clause fails, the
    nearest first. ``eligible_from``: the first day on which time alone does it. ``sentence`` sums it up.
    """

    policy_id: str
    version: int
    title: str
    title_en: str
    verdict: Verdict
    amount_fen: int | None
    periods: int | None
    clauses: tuple[ClauseExplained, ...]
    missing: tuple[FactLine, ...]
    is_demonstration: bool
    as_of: date
    deciding: tuple[FactLine, ...] = ()
    nearest: tuple[ChangeSet, ...] = ()
    eligible_from: date | None = None
    sentence: str = ""

    @property
    def open_clauses(self) -> tuple[ClauseExplained, ...]:
        return tuple(one for one in self.clauses if one.truth != "met")


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that one thing keeps away: a clause that does not hold yet, or a fact that nobody knows."""

    explanation: Explanation
    subject_id: int
    unit_id: int
    kind: Literal["one_fact", "one_clause"]
