"""Which facts and published standards a condition reads, and what of them a reader may see.

Another person's facts appear only as met, not met or needed; values go to their owner alone, and a fact of the highest
class never as words (practice: readers; 个人信息保护法 Art. 28).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from kernel.clock import business_date
from policy_engine.catalogue import Attribute, DatedValue, Parameter, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.language import ast, value_of
from policy_engine.language.ast import children, dotted
from policy_engine.language.evaluator import TouchedUnknown
from policy_engine.matching.evaluation import Subject, bearers_of
from policy_engine.matching.explanation.schemas import FactLine, ParameterLine
from policy_engine.policies.amounts import Context, tree
from policy_engine.policies.missing import attribute_ids
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.schemas import Family, KnownSubject

_RELATIONS = frozenset(name for entity in catalogue().entities.values() for name in entity.relations)
_JOBS = frozenset(
    name
    for entity in catalogue().entities.values()
    for name, one in entity.relations.items()
    if one.to == "employment"
)


@lru_cache(maxsize=4096)
def facts_read(text: str, kind: EntityKind) -> tuple[str, ...]:
    """Ids of the facts that a condition about one ``kind`` reads, in the order of the text."""
    return attribute_ids(_names_in(tree(text)), kind)


def standards_called(
    node: ast.Expression, context: Context, on: date
) -> Iterator[tuple[Parameter, tuple[str, ...], DatedValue]]:
    """Each published standard that a tree calls, with the arguments and the entry in force on the day."""
    parameter = catalogue().parameters.get(node.function) if isinstance(node, ast.Call) else None
    if parameter is not None and isinstance(node, ast.Call):
        try:
            arguments = tuple(value_of(one, context) for one in node.arguments)
        except TouchedUnknown:
            arguments = ()
        if arguments and all(isinstance(one, str) for one in arguments):
            entry = parameter.entry_on(on, *arguments)
            if entry is not None:
                yield parameter, arguments, entry
    for child in children(node):
        yield from standards_called(child, context, on)


def parameter_lines(node: ast.Expression, context: Context, on: date) -> tuple[ParameterLine, ...]:
    """The standards behind a clause, for anybody to read: they are published."""
    return tuple(
        dict.fromkeys(
            ParameterLine(
                name=parameter.name,
                label_en=parameter.label_en,
                text="" if entry.value is None else f"{entry.value / parameter.scale:,.2f}{parameter.unit}",
                since=entry.since,
                source=entry.source.title,
                standing=entry.source.standing,
            )
            for parameter, _arguments, entry in standards_called(node, context, on)
        )
    )


def fact_lines(
    family: Family, ids: Iterable[str], subject: Subject, reader_id: int | None
) -> tuple[FactLine, ...]:
    """Facts by attribute id as one reader may see them; a computed status has no fact of its own and is left out."""
    return tuple(_lines(family, ids, subject, reader_id))


def may_read_all(family: Family, ids: Iterable[str], subject: Subject, reader_id: int | None) -> bool:
    """Whether everything that these facts come to may be said to the reader."""
    for attribute_id in ids:
        attribute = _attribute(attribute_id)
        if attribute_id.rpartition(".")[2] in _JOBS and reader_id not in (None, subject.unit_id):
            return False
        if attribute is None:
            continue
        if attribute.entity == "employment" and may_read_jobs_of(subject, attribute, reader_id):
            continue
        bearers = bearers_of(family, attribute.entity, subject)
        if not bearers or not all(may_read(family, one, attribute, reader_id) for one in bearers):
            return False
    return True


def may_read(family: Family, owner: KnownSubject, attribute: Attribute, reader_id: int | None) -> bool:
    """Oneself, one's own household's and firm's facts, one's own jobs; the highest class never as words."""
    if attribute.sensitivity == "highest":
        return False
    if owner.kind == "employment":
        return reader_id is None or owner.about_id == reader_id
    if reader_id is None or owner.subject_id == reader_id:
        return True
    is_member = any(one.subject_id == reader_id for one in family)
    return owner is family.owner and is_member


def may_read_jobs_of(subject: Subject, attribute: Attribute, reader_id: int | None) -> bool:
    """Whether what is said of the jobs of the one judged, also that there are none, may be said to the reader."""
    return attribute.sensitivity != "highest" and reader_id in (None, subject.unit_id)


def _lines(family: Family, ids: Iterable[str], subject: Subject, reader_id: int | None) -> Iterator[FactLine]:
    known = catalogue()
    for attribute_id in ids:
        attribute = _attribute(attribute_id)
        if attribute is None:
            continue
        bearers: Sequence[KnownSubject | None] = bearers_of(family, attribute.entity, subject)
        for owner in bearers or (None,):
            fact = None if owner is None else owner.facts.get(attribute.key)
            is_open = owner is not None and may_read(family, owner, attribute, reader_id)
            department = known.departments.get(fact.source if fact else attribute.department)
            yield FactLine(
                attribute=attribute.id,
                label=attribute.name,
                label_en=attribute.label_en,
                text=display(known, attribute, fact.value) if fact is not None and is_open else "",
                source=department.said if department is not None else fact.source if fact is not None else "",
                observed_on=business_date(fact.observed_at) if fact is not None and is_open else None,
                is_known=fact is not None,
            )


def _attribute(attribute_id: str) -> Attribute | None:
    try:
        return catalogue().attribute(attribute_id)
    except KeyError:
        return None


def _names_in(node: ast.Expression, jobs: str = "") -> Iterator[str]:
    """Names as written, a path into another entity as one (``家庭.低保家庭``, but not ``出生日期.year``).

    What is asked of one's jobs is named with them (``就业.合同月数``): they are one's own, where members are others.
    ``jobs`` is by which name a condition inside their list speaks of one of them.
    """
    match node:
        case ast.Quantified(source=ast.Name(name=name), variable=variable, condition=condition):
            yield name
            yield from _names_in(condition, variable if name in _JOBS else jobs)
        case ast.Filter(base=ast.Name(name=name), condition=condition) if name in _JOBS:
            own = catalogue().named
            for one in _names_in(condition, "item"):
                yield f"{name}.{one}" if own("employment", one) is not None else one
        case ast.Path(base=ast.Name(name=name)) if name == jobs:
            yield f"{next(iter(_JOBS))}.{node.name}"
        case ast.Path(base=ast.Name(name=name)) if name in _RELATIONS:
            yield dotted(node)
        case ast.Path(base=ast.Filter(base=ast.Name(name=name)), name=what) if name in _JOBS:
            yield f"{name}.{what}"
            yield from _names_in(node.base, jobs)
        case ast.Name():
            yield dotted(node)
        case _:
            for child in children(node):
                yield from _names_in(child, jobs)
