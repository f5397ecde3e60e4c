"""What a decision table must satisfy before its FEEL is read: a test for each input, and a hit policy that makes an amount."""

from collections import Counter
from collections.abc import Iterator

from kernel.i18n import gettext as _
from policy_engine.catalogue import Catalogue
from policy_engine.language import ProblemList
from policy_engine.policies.amounts import constant
from policy_engine.policies.document import AmountTable, PolicyDocument
from policy_engine.policies.problems import Finding, Path

#: Tests of all cells of a table together.
MOST_TESTS = 800
_TABLE: Path = ("benefit", "table")
_LISTS = ("C", "R", "O")


def table_shape(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Every row of the table has one test per input."""
    table = document.benefit.table if document.benefit else None
    if table is None:
        return
    for index, rule in enumerate(table.rules):
        if len(rule.when) != len(table.inputs):
            path = ("benefit", "table", "rules", index, "when")
            reason = _(
                "有 %(when)s 个条件，应与 %(inputs)s 个输入一一对应",
                when=len(rule.when),
                inputs=len(table.inputs),
            )
            yield "table_row", path, reason, _("不限的写“-”。")
    tests = sum(cell.count(",") + 1 for rule in table.rules for cell in rule.when)
    if tests > MOST_TESTS:  # every two of them are compared
        reason = _("表里的条件共有 %(tests)d 项，最多 %(most)d 项", tests=tests, most=MOST_TESTS)
        yield "table_size", ("benefit", "table", "rules"), reason, _("请用区间合并，或拆成几项政策。")


def table_makes_one_amount(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """An amount is one number: lists are refused, and what a hit policy needs beside its rows is there."""
    table = document.benefit.table if document.benefit else None
    if table is None:
        return
    if table.hit_policy in _LISTS:
        reason = _("命中规则 %(policy)s 得到的是一串结果，金额只能是一个数", policy=table.hit_policy)
        mend = _(
            "各行相加写 C+，取最高写 C>，取最低写 C<，每命中一行发一份写 C#，按优先次序取一行写 P 或 F。"
        )
        yield "list_of_amounts", (*_TABLE, "hit_policy"), reason, mend
        return
    is_counted = table.hit_policy == "C#"
    if is_counted and table.per_hit is None:
        reason, mend = _("命中规则 C# 只数命中几行，没有写每行值多少"), _('请写 per_hit，如 per_hit: "500"。')
        yield "no_per_hit", _TABLE, reason, mend
    if table.per_hit is not None and not is_counted:
        reason = _("per_hit 只用于命中规则 C#")
        yield "idle_per_hit", (*_TABLE, "per_hit"), reason, _("请删去，或改用 C#。")
    for index, rule in enumerate(table.rules):
        path: Path = (*_TABLE, "rules", index)
        if is_counted and rule.then is not None:
            reason = _("命中规则 C# 不看各行的结果")
            yield "idle_output", (*path, "then"), reason, _("请删去 then；各行金额不同的，改用 C+。")
        if not is_counted and rule.then is None:
            yield "no_output", path, _("这一行没有写结果"), _("请补上 then。")
    yield from _ranking(table)


def _ranking(table: AmountTable) -> Iterator[Finding]:
    """P ranks the values of its outputs, so each is a number and stands in the ranking once."""
    path: Path = (*_TABLE, "ranking")
    if table.hit_policy != "P":
        if table.ranking:
            yield "idle_ranking", path, _("ranking 只用于命中规则 P"), _("请删去，或改用 P。")
        return
    try:
        ranked = [constant(one) for one in table.ranking]
        outputs = [None if one.then is None else constant(one.then) for one in table.rules]
    except ProblemList:
        return  # told where the text stands
    listed = Counter(ranked)
    for index, value in enumerate(ranked):
        where: Path = (*path, index)
        if value is None:
            yield "ranking_number", where, _("优先次序里只能写数字"), _("请写明金额；要计算的，改用 F。")
        elif value in ranked[:index]:
            yield (
                "duplicate_rank",
                where,
                _("%(value)s 在优先次序里写了两次", value=value),
                _("请只保留一处。"),
            )
        elif value not in outputs:
            reason = _("没有一行的结果是 %(value)s", value=value)
            yield "idle_rank", where, reason, _("请删去，或更正对应的行。")
    for index, value in enumerate(outputs):
        there: Path = (*_TABLE, "rules", index, "then")
        if value is None and table.rules[index].then is not None:
            reason = _("命中规则 P 按结果的次序取一行，结果须是写明的数字")
            yield "ranked_number", there, reason, _("请写明金额；要计算的，按行的先后排好，改用 F。")
        elif value is not None and not listed[value]:
            reason = _("%(value)s 不在优先次序 ranking 里", value=value)
            yield "unranked", there, reason, _("请把它写进 ranking，最优先的在前。")


TABLE_RULES = (table_shape, table_makes_one_amount)
