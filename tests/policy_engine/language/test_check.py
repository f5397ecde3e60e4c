"""The type check refuses, with the place and a mend, what would be wrong or has no columnar form."""

from decimal import Decimal

import pytest

from policy_engine.language import (
    Binding,
    FeelType,
    ProblemList,
    Scope,
    TableFunction,
    TableRow,
    check,
    parse,
)
from policy_engine.language.types import BOOLEAN, DATE, INTEGER, STRING

MONEY = FeelType("number", 100)
KIND = FeelType("string", values=("城镇", "农村"))
HOUSEHOLD = Scope({"月收入": Binding(MONEY, "income", is_nullable=True), "低保": Binding(BOOLEAN, "dibao")})
MEMBER = Scope({"年龄": Binding(INTEGER, "age")})
SCOPE = Scope(
    {
        "年龄": Binding(INTEGER, "age"),
        "等级": Binding(INTEGER, "level", is_nullable=True),
        "性质": Binding(KIND, "kind"),
        "户籍地": Binding(STRING, "place"),
        "出生": Binding(DATE, "born"),
        "认定": Binding(DATE, "certified", is_nullable=True),
        "孤儿": Binding(BOOLEAN, "orphan"),
        "家庭": Binding(FeelType("entity", entity="household"), "household"),
        "成员": Binding(FeelType("list", entity="member"), "members"),
        "标准": TableFunction((STRING, KIND), MONEY, (TableRow("42", ("城镇",), Decimal(815)),)),
    },
    {"household": HOUSEHOLD, "member": MEMBER},
)


def problems_of(text: str, expected: str | None = None) -> list[tuple[int, str]]:
    with pytest.raises(ProblemList) as caught:
        check(parse(text), SCOPE, expected)  # type: ignore[arg-type]
    return [(one.column, one.message + "|" + one.mend) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("年令 >= 60", 1, "目录中没有“年令”|是不是“年龄”"),
        ("孤儿 and 甲乙丙", 8, "目录中没有“甲乙丙”|可用的名称有"),
        ("家庭.月收人 = 3", 1, "没有“月收人”|是不是“月收入”"),
        ("年龄.year = 3", 1, "数字没有“year”"),
        ('年龄 = "六十"', 1, "数字不能和文字比较"),
        ("户籍地 < 3", 1, "文字不能和数字比较"),
        ('性质 < "城镇"', 1, "文字不能比较大小"),
        ("孤儿 > true", 1, "是否不能比较大小"),
        ('性质 = "城市"', 6, "没有“城市”这个值|可选：城镇、农村"),
        ('性质 in ("城镇", "乡村")', 14, "没有“乡村”这个值"),
        ("孤儿 and 年龄", 8, "应为是否，却是数字"),
        ("not(年龄)", 5, "应为是否，却是数字"),
        ("孤儿 + 1 > 0", 1, "应为数字，却是是否"),
        ("年龄 ** 2 > 3", 1, "乘方"),
        ("年龄 / 2 > 3", 1, "除法只能写在取整函数里|请写成 round half up"),
        ("if 孤儿 then 1 else true", 1, "then 是数字，else 却是是否"),
        ("[1, 2] = [1, 2]", 1, "不支持这种写法"),
        ("成员[年龄 > 60] = null", 1, "不支持这种写法"),
        ("标准 > 3", 1, "要带参数"),
        ("标准(户籍地) > 3", 1, "需要2个参数，这里有1个"),
        ("标准(年龄, 性质) > 3", 4, "应为文字，却是数字"),
        ("平均(年龄) > 3", 1, "没有“平均”这个函数"),
        ("round half up(年龄 / 3, 9) > 3", 1, "0 到 6"),
        ('date("2026-W01-1") > 出生', 1, "“date”的参数不对"),
        ("some x in 年龄 satisfies true", 11, "应为名单，却是数字"),
        ("some x in 成员 satisfies x.出生 > 出生", 24, "没有“出生”"),
        ("年龄 < 60 and 年龄 >= 80", 1, "互相矛盾"),
        ("年龄 between 80 and 90 and 年龄 < 80", 1, "互相矛盾"),
        ("孤儿 or (年龄 > 60 and 60 >= 年龄)", 8, "互相矛盾"),
        ('出生 > @"2000-01-01" and 出生 < @"1999-01-01"', 1, "互相矛盾"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, column: int, message: str) -> None:
    reason, _, mend = message.partition("|")
    found = [one for one in problems_of(text) if one[0] == column]
    assert any(reason in one.split("|")[0] and mend in one.split("|")[1] for _, one in found), found


@pytest.mark.parametrize(
    "text",
    [
        "等级 < 3",
        "等级 between 1 and 2",
        "年龄 between 等级 and 9",
        "等级 in [1..2]",
        "年龄 in [等级..9]",
        "-等级 < 3",
        "等级 + 1 > 2",
        "min(等级, 2) > 1",
        "abs(等级) > 1",
        "round up(等级 / 2, 0) > 1",
        "家庭.月收入 < 500",
        "years and months duration(认定, 出生).years > 3",
        "(if 孤儿 then 等级 else 1) < 3",
        "等级 != null or 等级 < 3",
        "等级 = null and 等级 < 3",
        "if 等级 = null then 等级 + 1 > 2 else true",
    ],
)
def test_what_may_be_none_is_neither_ordered_nor_reckoned_with(text: str) -> None:
    assert any("可能是“没有”（null）" in message for _, message in problems_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "等级 = 3",
        "等级 in (1, 2)",
        "等级 != null and 等级 < 3",
        "等级 = null or 等级 < 3",
        "家庭.月收入 != null and 家庭.月收入 < 标准(户籍地, 性质) * 2",
        "if 等级 != null then 等级 + 1 > 2 else true",
        "if 等级 = null then true else 等级 + 1 > 2",
        "if 孤儿 and 等级 != null then 等级 < 3 else false",
        "(if 等级 != null then 等级 else 9) < 3",
        "not(等级 = null or 等级 > 2)",
        "some x in 成员 satisfies x.年龄 >= 60 and 家庭.低保",
        "count(成员) >= 3",
        "认定 = null or 认定.year = 2026",
        "round half up(年龄 * 0.055, 2) >= 1.5",
        "年龄 < 60 or 年龄 >= 80",
    ],
)
def test_what_is_sound_passes(text: str) -> None:
    assert check(parse(text), SCOPE, "boolean").kind == "boolean"


def test_everything_wrong_is_told_at_once_in_order() -> None:
    assert [column for column, _ in problems_of("年令 > 1 and 孤儿 > 1 and 等级 < 2")] == [1, 12, 23]


def test_a_value_twice_looked_at_is_told_once() -> None:
    assert len(problems_of("年令 between 1 and 2")) == 1


def test_a_condition_where_an_amount_is_wanted_is_refused() -> None:
    assert "应为数字，却是是否" in problems_of("孤儿", "number")[0][1]


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("年龄", 1),
        ("家庭.月收入 = null", 1),
        ("标准(户籍地, 性质)", 100),
        ("标准(户籍地, 性质) * 0.5", 1000),
        ("年龄 + 0.25", 100),
        ("round half up(年龄 / 3, 2)", 100),
        ("min(年龄, 0.5)", 10),
        ("if 孤儿 then 1 else 2.75", 100),
    ],
)
def test_numbers_know_their_units(text: str, scale: int) -> None:
    assert check(parse(text), SCOPE).scale == scale
