"""What nobody can reach, and what two rows both claim: clauses that rule each other out, tiers that overlap."""

from collections.abc import Iterator
from itertools import combinations

from kernel.i18n import gettext as _
from policy_engine.language import ProblemList, ast, parse, parse_unary_tests
from policy_engine.language.ranges import contradicted, overlap
from policy_engine.policies.document import AmountTable, PolicyDocument
from policy_engine.policies.form_rules import Finding


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


__all__ = ["overlapping_tiers", "unreachable_clauses"]
