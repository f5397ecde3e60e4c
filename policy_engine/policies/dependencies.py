"""Which policies stand on which statuses, and the order in which they can be worked out.

Names are looked for in the FEEL texts outside string literals: a status has one name in the whole city, so a mention
is a dependency. A mention too many only costs an order; one too few would be wrong.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from policy_engine.catalogue.attributes import EntityKind
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.problems import Path

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"[^\W\d]\w*")
Key = tuple[str, int]


class StatusName(msgspec.Struct, frozen=True):
    """A computed status that conditions may name, on the entity it belongs to."""

    name: str
    entity: EntityKind
    is_presumed: bool
    policy_id: str


class StatusLoop(ValueError):
    """Statuses that stand on one another in a ring; ``ring`` names them in order."""

    def __init__(self, ring: Sequence[str]) -> None:
        super().__init__(" → ".join(ring))
        self.ring = tuple(ring)


def status_of(document: PolicyDocument) -> StatusName | None:
    """The computed status that this document defines, or None."""
    if document.status is None or not document.is_computed_status:
        return None
    is_presumed = document.status.nature == "presumed"
    return StatusName(document.status.name, document.entity, is_presumed, document.id)


def feel_texts(document: PolicyDocument) -> Iterator[tuple[Path, str]]:
    """Every FEEL text of a document with the path where it stands; unary tests of a table included."""
    for index, clause in enumerate(document.eligibility):
        yield ("eligibility", index, "condition"), clause.condition
    benefit = document.benefit
    if benefit is None:
        return
    for key in ("formula", "cap", "floor", "periods"):
        text = getattr(benefit, key)
        if text is not None:
            yield ("benefit", key), text
    if benefit.table is not None:
        table = benefit.table
        for index, text in enumerate(table.inputs):
            yield ("benefit", "table", "inputs", index), text
        for row, rule in enumerate(table.rules):
            for column, text in enumerate(rule.when):
                yield ("benefit", "table", "rules", row, "when", column), text
            if rule.then is not None:
                yield ("benefit", "table", "rules", row, "then"), rule.then
        for index, text in enumerate(table.ranking):
            yield ("benefit", "table", "ranking", index), text
        if table.per_hit is not None:
            yield ("benefit", "table", "per_hit"), table.per_hit


def mentioned(document: PolicyDocument) -> frozenset[str]:
    """Every word that the FEEL of a document could use as a name."""
    return frozenset[str]().union(*(words_in(text) for _, text in feel_texts(document)))


def words_in(text: str) -> frozenset[str]:
    """Every word that a FEEL text could use as a name."""
    return frozenset(_WORD.findall(_STRING.sub(" ", text)))


def statuses_used(document: PolicyDocument, statuses: Iterable[StatusName]) -> tuple[StatusName, ...]:
    """The computed statuses that a document names."""
    words = mentioned(document)
    return tuple(one for one in statuses if one.name in words)


def with_statuses_below(
    wanted: Iterable[PolicyDocument], in_force: Mapping[str, PolicyDocument], statuses: Iterable[StatusName]
) -> set[str]:
    """The ids of the policies wanted and, through all strata, of those in force whose statuses they name."""
    known = tuple(statuses)
    pending, found = list(wanted), set[str]()
    while pending:
        document = pending.pop()
        found.add(document.id)
        below = {one.policy_id for one in statuses_used(document, known)} - found
        pending += [in_force[one] for one in below if one in in_force]
    return found


def standing_on(document: PolicyDocument, documents: Iterable[PolicyDocument]) -> tuple[str, ...]:
    """The ids of the ``documents`` (in order of strata) that name the status of ``document``, through all strata."""
    status = status_of(document)
    names = set[str]() if status is None else {status.name}
    found: dict[str, None] = {}
    for one in documents:
        if one.id != document.id and names & mentioned(one):
            found[one.id] = None
            above = status_of(one)
            names |= set[str]() if above is None else {above.name}
    return tuple(found)


def strata(documents: Sequence[PolicyDocument]) -> dict[Key, int]:
    """For each (id, version) how many statuses lie under it at most. Raises ``StatusLoop``."""
    by_name: dict[str, list[PolicyDocument]] = {}
    for one in documents:
        status = status_of(one)
        if status is not None:
            by_name.setdefault(status.name, []).append(one)
    words = {(one.id, one.version): mentioned(one) for one in documents}
    levels: dict[Key, int] = {}

    def level(document: PolicyDocument, above: tuple[str, ...]) -> int:
        key = (document.id, document.version)
        if key in levels:
            return levels[key]
        under = [0]
        for name in sorted(words[key] & by_name.keys()):
            if name in above:
                raise StatusLoop([*above[above.index(name) :], name])
            under += [level(one, (*above, name)) + 1 for one in by_name[name]]
        levels[key] = max(under)
        return levels[key]

    for one in documents:
        own = status_of(one)
        level(one, () if own is None else (own.name,))
    return levels
