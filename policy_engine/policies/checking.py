"""The one gate before a document is taken in: its form, its FEEL, and what it stands on."""

from collections.abc import Iterable, Iterator
from datetime import date

from kernel.i18n import gettext as _
from policy_engine.catalogue import Catalogue, Standing, catalogue
from policy_engine.catalogue.parameters import STANDINGS
from policy_engine.catalogue.scopes import StatusBinding, scope_of
from policy_engine.compile import NotLowerable, condition_to_polars, number_to_polars
from policy_engine.compile.names import Place
from policy_engine.language import ProblemList, Scope, ast, check, parse, parse_unary_tests
from policy_engine.language.types import Kind
from policy_engine.policies.amounts import row_conditions
from policy_engine.policies.dependencies import (
    StatusLoop,
    StatusName,
    feel_texts,
    mentioned,
    status_of,
    statuses_used,
    strata,
)
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.form_rules import FORM_RULES
from policy_engine.policies.problems import Finding, Path, Problem, path_text
from policy_engine.policies.published import PublishedSet
from policy_engine.policies.reach import gapped_tiers, overlapping_tiers, unreachable_clauses
from policy_engine.policies.source import SourceText
from policy_engine.policies.table_rules import table_shape


def check_document(
    document: PolicyDocument,
    catalogue: Catalogue,
    published: PublishedSet,
    *,
    source: SourceText | None = None,
) -> list[Problem]:
    """Everything that keeps ``document`` from publication beside what is ``published``; empty when nothing does.

    With the ``source`` it was read from, every problem names its line.
    """
    findings = [finding for rule in FORM_RULES for finding in rule(document, catalogue)]
    findings += _language(document, published)
    findings += _permitted_uses(document, catalogue)
    findings += _foundations(document, published)
    return [
        Problem(code, path_text(path), source.line_of(path) if source else 0, reason, mend)
        for code, path, reason, mend in findings
    ]


def standing_of(document: PolicyDocument, catalogue: Catalogue) -> Standing:
    """As good as the worst of its figures: of its sources, and of the standards it calls by name."""
    found: list[Standing] = [one.standing for one in document.sources.values()]
    words = mentioned(document)
    called = [one for one in catalogue.parameters.values() if one.name in words]
    found += [one.standing_in(document.jurisdiction, date.max) for one in called]
    return max(found, key=STANDINGS.index, default="unverified")


def bindings(statuses: Iterable[StatusName]) -> tuple[StatusBinding, ...]:
    """Computed statuses as the catalogue's scopes take them."""
    return tuple(StatusBinding(one.name, one.entity, one.policy_id) for one in statuses)


def _language(document: PolicyDocument, published: PublishedSet) -> Iterator[Finding]:
    own = status_of(document)
    others = [one for one in published.statuses if one.policy_id != document.id]
    scope = scope_of(document.entity, document.effective_from, bindings([*others, *([own] if own else [])]))
    is_sound = True
    for path, text in feel_texts(document):
        try:
            _check_text(document, path, text, scope)
        except ProblemList as found:
            is_sound = False
            yield from _told(path, found)
    if is_sound:
        yield from _lowering(document, scope)


def _told(path: Path, found: ProblemList) -> Iterator[Finding]:
    for one in found.problems:
        reason = _("%(reason)s（第 %(column)d 列）", reason=one.message, column=one.column)
        yield "feel", path, reason, one.mend or _("请按目录的名称和类型改写。")


def _lowering(document: PolicyDocument, scope: Scope) -> Iterator[Finding]:
    """What cannot be worked out for the whole city at once is refused here, and never guessed."""
    place, table = Place.of(scope), document.benefit.table if document.benefit else None
    for path, text in feel_texts(document):
        if "when" in path or "inputs" in path:
            continue
        lower = condition_to_polars if path[0] == "eligibility" else number_to_polars
        try:
            lower(parse(text), place)
        except NotLowerable as found:
            yield from _told(path, found)
    yield from unreachable_clauses(document)
    if table is None or any(table_shape(document, catalogue())):
        return
    yield from overlapping_tiers(document)
    yield from gapped_tiers(document)
    for index, row in enumerate(row_conditions(table)):
        try:
            condition_to_polars(row, place)
        except NotLowerable as found:
            yield from _told(("benefit", "table", "rules", index, "when"), found)


def _check_text(document: PolicyDocument, path: Path, text: str, scope: Scope) -> None:
    if "when" in path:
        table = document.benefit.table if document.benefit else None
        column = path[-1]
        tests = parse_unary_tests(text)
        if table is None or tests is None or not isinstance(column, int) or column >= len(table.inputs):
            return
        check(ast.Membership(value=parse(table.inputs[column]), tests=tests), scope, "boolean")
        return
    expected: Kind | None = "boolean" if path[0] == "eligibility" else "number"
    check(parse(text), scope, None if "inputs" in path else expected)


def _permitted_uses(document: PolicyDocument, catalogue: Catalogue) -> Iterator[Finding]:
    """A policy stands only on facts whose legal basis allows them to decide eligibility."""
    words = mentioned(document)
    for one in catalogue.attributes:
        if one.name in words and "eligibility" not in one.permitted_uses:
            reason = _("“%(name)s”依法不得用于资格判断", name=one.name)
            yield "forbidden_use", ("eligibility",), reason, _("请改用其他事实。")


def _foundations(document: PolicyDocument, published: PublishedSet) -> Iterator[Finding]:
    others = [one.document for one in published.policies if one.document.id != document.id]
    own = status_of(document)
    if own is not None:
        for other in map(status_of, others):
            if other is not None and other.name == own.name:
                reason = _("身份“%(name)s”已由政策 %(policy)s 定义", name=own.name, policy=other.policy_id)
                yield "status_name", ("status", "name"), reason, _("请另取名称。")
                return
    try:
        strata([*others, document])
    except StatusLoop as loop:
        reason = _("身份互相依赖，成了环：%(ring)s", ring=" → ".join(loop.ring))
        yield "status_loop", ("eligibility",), reason, _("请去掉其中一处引用。")
        return
    yield from _no_presumption_below(document, others)


def _no_presumption_below(document: PolicyDocument, others: list[PolicyDocument]) -> Iterator[Finding]:
    """Money and definitions stand on definitions and recognised statuses only; a guess makes invitations."""
    if document.status is not None and document.status.nature == "presumed":
        return
    presumed = _presumed_under(document, {one.name: one for one in map(status_of, others) if one}, others)
    if presumed is None:
        return
    reason = _("不能建立在推定的身份“%(name)s”之上", name=presumed.name)
    code = "definition_on_presumed" if document.benefit is None else "money_on_presumed"
    yield code, ("eligibility",), reason, _("请改用经认定的身份；推定只用于邀请。")


def _presumed_under(
    document: PolicyDocument, statuses: dict[str, StatusName], others: list[PolicyDocument]
) -> StatusName | None:
    by_id = {one.id: one for one in others}
    for used in statuses_used(document, statuses.values()):
        if used.is_presumed:
            return used
        deeper = _presumed_under(by_id[used.policy_id], statuses, others)
        if deeper is not None:
            return deeper
    return None
