"""The published policies as generated Python on one day, and subjects' facts as the rows it reads.

Made once per set of documents and day, and kept. Its verdicts and amounts are the reference's; what is missing, and why
somebody is turned away, is asked of the reference.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute, EntityKind
from policy_engine.catalogue.loading import KINDS
from policy_engine.catalogue.scopes import StatusBinding, relation_path, scope_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import NOT_GIVEN, UNKNOWN, Answer, CompiledKind, compile_kind
from policy_engine.policies.dependencies import StatusName, status_of
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.plans import plan_of

Row = list[Any]
_Reader = Callable[[SubjectFacts], Any]


class CompiledPolicies(msgspec.Struct, frozen=True):
    """``kinds`` by the kind of subject; keys are ``<id>@<version>``."""

    kinds: Mapping[EntityKind, CompiledKind]
    _readers: Mapping[EntityKind, tuple[_Reader, ...]]
    _places: Mapping[EntityKind, Mapping[str, int]]

    def row(self, subject: SubjectFacts) -> Row:
        """The subject's facts, with those of its relations and the statuses it carries, as its policies read them."""
        return [read(subject) for read in self._readers[subject.kind]]

    def places(self, kind: EntityKind) -> Mapping[str, int]:
        """Where each column lies in a row of this kind."""
        return self._places[kind]

    def judge(self, subject: SubjectFacts) -> dict[str, Answer]:
        """Every policy on this kind of subject; statuses on the subject itself are worked out on the way."""
        compiled = self.kinds[subject.kind]
        return dict(zip(compiled.keys, compiled.judge(self.row(subject)), strict=True))

    def judge_one(self, key: str, kind: EntityKind, row: Sequence[Any]) -> Answer:
        """One policy on a row made before; statuses are read from the row. Raises KeyError for another kind's policy."""
        return self.kinds[kind].judge_one[key](row)


def compile_policies(
    documents: Iterable[PolicyDocument], as_of: date, resting: Iterable[StatusName] = ()
) -> CompiledPolicies:
    """The documents in force, statuses before what stands on them, compiled for one day. Raises ``NotLowerable``.

    ``resting`` are statuses that may be named too, of which nobody knows anything on this day. The same documents on the
    same day are compiled once. Where two versions of a status are in force, each for its own subjects, ask ``judge_one``
    of the one that covers the subject.
    """
    given = tuple(documents)
    asleep = tuple(resting)
    key = (tuple(map(id, given)), asleep, as_of)
    with _mutex:
        kept = _kept.get(key)
    if kept is None:
        kept = (given, _compiled(given, as_of, asleep))
        with _mutex:
            _kept[key] = kept
            while len(_kept) > _MOST_KEPT:
                _kept.popitem(last=False)
    return kept[1]


#: By the documents' identities, which stay theirs because the documents are kept beside what was made of them.
_Key = tuple[tuple[int, ...], tuple[StatusName, ...], date]
_kept: OrderedDict[_Key, tuple[tuple[PolicyDocument, ...], CompiledPolicies]] = OrderedDict()
_mutex = threading.Lock()
_MOST_KEPT = 8


def _compiled(
    documents: tuple[PolicyDocument, ...], as_of: date, resting: tuple[StatusName, ...]
) -> CompiledPolicies:
    statuses = [*(one for one in map(status_of, documents) if one is not None), *resting]
    kinds: dict[EntityKind, CompiledKind] = {}
    readers: dict[EntityKind, tuple[_Reader, ...]] = {}
    for kind in KINDS:
        plans = [plan_of(one) for one in documents if one.entity == kind]
        bound = [StatusBinding(one.name, one.entity, one.policy_id) for one in dict.fromkeys(statuses)]
        compiled = compile_kind(plans, scope_of(kind, as_of, bound))
        names = {f"status:{one.policy_id}": one for one in statuses}
        kinds[kind] = compiled
        readers[kind] = tuple(_reader(kind, column, compiled, names) for column in compiled.columns)
    places = {kind: {name: at for at, name in enumerate(one.columns)} for kind, one in kinds.items()}
    return CompiledPolicies(kinds, readers, places)


def _reader(
    kind: EntityKind, column: str, compiled: CompiledKind | None, statuses: Mapping[str, StatusName]
) -> _Reader:
    entity = catalogue().entities[kind]
    if column in statuses:
        return _status_reader(statuses[column].name)
    if column in entity.attributes:
        return _fact_reader(entity.attributes[column])
    head, _, rest = column.partition(".")
    for relation in entity.relations.values():
        if relation_path(relation) != head:
            continue
        if not relation.many:
            return _inner_reader(relation.name, _reader(relation.to, rest, compiled, statuses))
        inner = () if compiled is None else compiled.row_columns
        return _rows_reader(relation.name, [_row_reader(relation.to, one, statuses) for one in inner])
    raise KeyError(f"{kind} has no column {column!r}")


def _row_reader(kind: EntityKind, column: str, statuses: Mapping[str, StatusName]) -> _Reader:
    """What another kind's rows carry is unknown of this one's: nobody reads it."""
    if column in statuses or column in catalogue().entities[kind].attributes:
        return _reader(kind, column, None, statuses)
    return lambda _subject: UNKNOWN


def _fact_reader(attribute: Attribute) -> _Reader:
    key, absent = attribute.key, attribute.absent if attribute.may_be_absent else UNKNOWN
    missing = UNKNOWN if attribute.derived is None else NOT_GIVEN
    is_date = attribute.type == "date"

    def read(subject: SubjectFacts) -> Any:
        raw = subject.facts.get(key, missing)
        if raw is None:
            return absent
        return date.fromisoformat(raw) if is_date and isinstance(raw, str) else raw

    return read


def _status_reader(name: str) -> _Reader:
    def read(subject: SubjectFacts) -> Any:
        held = subject.statuses.get(name)
        return UNKNOWN if held is None else held

    return read


def _inner_reader(relation: str, read_inner: _Reader) -> _Reader:
    def read(subject: SubjectFacts) -> Any:
        related = subject.related.get(relation)
        return read_inner(related) if isinstance(related, SubjectFacts) else UNKNOWN

    return read


def _rows_reader(relation: str, readers: Sequence[_Reader]) -> _Reader:
    def read(subject: SubjectFacts) -> Any:
        related = subject.related.get(relation)
        if not isinstance(related, tuple):
            return UNKNOWN
        return [[one(row) for one in readers] for row in related]

    return read


__all__ = ["CompiledPolicies", "compile_policies"]
