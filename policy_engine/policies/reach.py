"""What nobody can reach, what two rows both claim, and what none does: contradictions, tiers that overlap or leave a gap."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.language import ProblemList, ast, parse, parse_unary_tests
from policy_engine.language.ranges import contradicted, gaps, overlap
from policy_engine.policies.document import AmountTable, PolicyDocument
from policy_engine.policies.problems import Finding


def unreachable_clauses(document: PolicyDocument) -> Iterator[Finding]:
    """Clauses that no subject meets together. Their texts have passed the check, each for itself."""
    conditions = [parse(one.condition) for one in document.eligibility]
    for index in range(1, len(conditions)):
        before = set(contradicted(conditions[:index]))
        for name in contradicted(conditions[: index + 1]):
            if name not in before:
                reason = _("和前面的条款合起来，对“%(name)s”的要求互相矛盾，没有人能符合", name=name)
                yield "unreachable", ("eligibility", index, "condition"), reason, _("请检查上下限。")


def overlapping_tiers(document: PolicyDocument) -> Iterator[Finding]:
    """Two rows of a table with unique hits that one value meets: its amount would be none."""
    table = document.benefit.table if document.benefit else None
    if table is None or table.hit_policy != "U":
        return
    for first, second in combinations(range(len(table.rules)), 2):
        if _both_hit(table, first, second):
            reason = _("第 %(first)d 行和第 %(second)d 行会同时命中", first=first + 1, second=second + 1)
            mend = _("请让各档首尾相接而不重叠，或改用先到先得（F）。")
            yield "overlapping_tiers", ("benefit", "table", "rules", second, "when"), reason, mend


def gapped_tiers(document: PolicyDocument) -> Iterator[Finding]:
    """Values between two tiers that no row pays for, though the clauses let them in."""
    table = document.benefit.table if document.benefit else None
    if table is None or table.hit_policy not in ("U", "A", "F", "P"):
        return
    for place, value in enumerate(table.inputs):
        step = _step(document, value)
        if step is None or any(rule.when[place].strip() == "-" for rule in table.rules):
            continue
        for rows in _alike_but_for(table, place):
            for above, below in gaps(parse(value), _tests(table, rows, place), step):
                if _may_lie(document, f"{value} {above} and {value} {below}"):
                    reason = _(
                        "“%(value)s”在 %(above)s 且 %(below)s 时没有一行适用",
                        value=value,
                        above=above,
                        below=below,
                    )
                    mend = _("请让各档首尾相接；确实不发的，请写进条款，或加一行发 0 元。")
                    yield "gapped_tiers", ("benefit", "table", "rules", rows[0], "when"), reason, mend


def _step(document: PolicyDocument, value: str) -> Decimal | timedelta | None:
    """The smallest difference between two values of an input that is a plain fact; None for anything else."""
    node = parse(value)
    if not isinstance(node, ast.Name):
        return None
    attribute = catalogue().named(document.entity, node.name)
    if attribute is None:
        return None
    if attribute.type == "date":
        return timedelta(days=1)
    return Decimal(1) / attribute.scale if attribute.type in ("integer", "money", "ratio") else None


def _alike_but_for(table: AmountTable, place: int) -> Iterator[list[int]]:
    """The rows that differ in one cell alone, in groups of two or more."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, rule in enumerate(table.rules):
        others = tuple(one.strip() for index, one in enumerate(rule.when) if index != place)
        groups.setdefault(others, []).append(number)
    yield from (rows for rows in groups.values() if len(rows) > 1)


def _tests(table: AmountTable, rows: list[int], place: int) -> list[ast.Expression]:
    found: list[ast.Expression] = []
    for number in rows:
        try:
            found += parse_unary_tests(table.rules[number].when[place]) or ()
        except ProblemList:
            return []
    return found


def _may_lie(document: PolicyDocument, gap: str) -> bool:
    """Whether the clauses leave room for values in the gap."""
    clauses = [parse(one.condition) for one in document.eligibility]
    return len(contradicted([*clauses, parse(gap)])) == len(contradicted(clauses))


def _both_hit(table: AmountTable, first: int, second: int) -> bool:
    """Where every cell is the same but one, and that one's tests share a value."""
    cells = zip(table.inputs, table.rules[first].when, table.rules[second].when, strict=True)
    differing = [(value, one, other) for value, one, other in cells if one.strip() != other.strip()]
    if len(differing) != 1:
        return not differing
    value, one, other = differing[0]
    try:
        mine, theirs = parse_unary_tests(one), parse_unary_tests(other)
    except ProblemList:
        return False
    if mine is None or theirs is None:
        return True
    tested: ast.Expression = parse(value)
    return any(overlap(tested, here, there) for here in mine for there in theirs)


__all__ = ["gapped_tiers", "overlapping_tiers", "unreachable_clauses"]
