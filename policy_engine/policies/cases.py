"""Cases that a civil servant can read: name, date, facts, and what must come out. They stand beside their document.

Facts are written by their Chinese names in the units of the text (yuan, plain rates). A fact left out is unknown,
``null`` is known to be none.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Entity, Relation, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.policies.dependencies import StatusName
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.judgement import Judgement, Verdict, judge_document
from policy_engine.policies.loading import shaped
from policy_engine.policies.missing import attribute_ids
from policy_engine.policies.problems import DocumentRefused, Path, Problem, path_text
from policy_engine.policies.source import SourceText, read_source

Yuan = int | str


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``amount`` in yuan, ``missing`` by FEEL path, ``failing`` by clause id; what is left out is not compared."""

    verdict: Verdict
    amount: Yuan | None = None
    periods: int | None = None
    missing: tuple[str, ...] | None = None
    failing: tuple[str, ...] | None = None


class _WrittenCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    as_of: date
    facts: dict[str, Any]
    expect: Expectation


class _WrittenCases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: Annotated[tuple[_WrittenCase, ...], msgspec.Meta(min_length=1, max_length=500)]


class Case(msgspec.Struct, frozen=True):
    name: str
    as_of: date
    subject: SubjectFacts
    expect: Expectation


class CaseOutcome(msgspec.Struct, frozen=True):
    """``difference`` is empty when the case passes, else says expected and found."""

    name: str
    difference: str
    judgement: Judgement

    @property
    def is_passed(self) -> bool:
        return not self.difference


def load_cases(
    text: str | bytes, document: PolicyDocument, statuses: tuple[StatusName, ...] = ()
) -> tuple[Case, ...]:
    """The cases in ``text``, their facts known to the catalogue. Raises ``DocumentRefused`` with lines."""
    source = read_source(text)
    written = shaped(source, _WrittenCases)
    reader = _FactReader(source, {one.name for one in statuses})
    cases = []
    for index, one in enumerate(written.cases):
        subject = reader.read(catalogue().entities[document.entity], one.facts, ("cases", index, "facts"))
        cases.append(Case(one.name, one.as_of, subject, one.expect))
    if reader.problems:
        raise DocumentRefused(reader.problems)
    return tuple(cases)


def run_cases(
    document: PolicyDocument, cases: tuple[Case, ...], statuses: tuple[StatusName, ...] = ()
) -> list[CaseOutcome]:
    """Every case judged by the oracle."""
    outcomes = []
    for case in cases:
        judgement = judge_document(document, case.subject, case.as_of, statuses)
        outcomes.append(
            CaseOutcome(case.name, _difference(case.expect, judgement, document.entity), judgement)
        )
    return outcomes


def _difference(expect: Expectation, found: Judgement, kind: EntityKind) -> str:
    pairs: list[tuple[str, Any, Any]] = [(_("结论"), expect.verdict, found.verdict)]
    if expect.amount is not None:
        pairs.append((_("金额（分）"), int(Decimal(expect.amount) * 100), found.amount_fen))
    if expect.periods is not None:
        pairs.append((_("期数"), expect.periods, found.periods))
    if expect.missing is not None:
        pairs.append((_("缺少"), sorted(attribute_ids(expect.missing, kind)), sorted(found.missing)))
    if expect.failing is not None:
        pairs.append((_("不符合"), sorted(expect.failing), sorted(found.failing)))
    told = [
        _("%(what)s应为 %(want)s，实为 %(got)s", what=what, want=want, got=got)
        for what, want, got in pairs
        if want != got
    ]
    if found.defect:
        told.append(found.defect)
    return "；".join(told)


class _FactReader:
    """Turns facts written by name into raw facts, collecting what it cannot place."""

    def __init__(self, source: SourceText, statuses: set[str]) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._statuses = statuses

    def read(self, entity: Entity, written: dict[str, Any], path: Path) -> SubjectFacts:
        facts: dict[str, Any] = {}
        related: dict[str, SubjectFacts | tuple[SubjectFacts, ...]] = {}
        statuses: dict[str, bool | None] = {}
        by_name = {one.name: one for one in entity.attributes.values()}
        for name, value in written.items():
            here = (*path, name)
            if name in by_name:
                facts[by_name[name].key] = self._raw(by_name[name], value, here)
            elif name in entity.relations:
                related[name] = self._related(entity.relations[name], value, here)
            elif name in self._statuses:
                statuses[name] = value
            else:
                self._refuse(
                    here,
                    _("目录里没有“%(name)s”的“%(name_too)s”", name=entity.name, name_too=name),
                    _("请使用目录中的名称。"),
                )
        return SubjectFacts(entity.kind, facts, related, statuses)

    def _related(self, relation: Relation, value: Any, path: Path) -> SubjectFacts | tuple[SubjectFacts, ...]:
        entity = catalogue().entities[relation.to]
        if relation.many:
            rows = value if isinstance(value, list) else []
            return tuple(self.read(entity, row or {}, (*path, index)) for index, row in enumerate(rows))
        return self.read(entity, value if isinstance(value, dict) else {}, path)

    def _raw(self, attribute: Attribute, value: Any, path: Path) -> Any:
        if value is None:
            return None
        try:
            return raw_value(attribute, value)
        except ValueError as error:
            self._refuse(
                path, _("“%(name)s”%(error)s", name=attribute.name, error=error), _("请按目录的类型填写。")
            )
            return None

    def _refuse(self, path: Path, reason: str, mend: str) -> None:
        self.problems.append(Problem("case_fact", path_text(path), self._source.line_of(path), reason, mend))


def raw_value(attribute: Attribute, value: Any) -> Any:
    """A value as people write it, in the scaled form of the catalogue. Raises ValueError with a Chinese reason."""
    if attribute.type == "boolean":
        if not isinstance(value, bool):
            raise ValueError(_("应为 true 或 false"))
        return value
    if attribute.type in ("integer", "money", "ratio"):
        return _scaled(attribute, value)
    if not isinstance(value, str):
        raise ValueError(_("应为文字，请加引号"))
    if attribute.type == "enum" and value not in attribute.values:
        raise ValueError(
            _("没有“%(value)s”这个取值，可选：%(values)s", value=value, values="、".join(attribute.values))
        )
    if attribute.type == "date":
        return date.fromisoformat(value).isoformat()
    return value


def _scaled(attribute: Attribute, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(_("应为数字"))
    try:
        scaled = Decimal(str(value)) * attribute.scale
    except ArithmeticError:
        raise ValueError(_("应为数字")) from None
    if scaled != scaled.to_integral_value():
        raise ValueError(_("的小数位超出了精度"))
    return int(scaled)
