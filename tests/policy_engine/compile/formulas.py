"""Conditions, numbers and people that every compiler is tried on, with what the reference sees of them."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from policy_engine.language import (
    UNKNOWN,
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

KIND = FeelType("string", values=("城镇", "农村"))
STANDARD = TableFunction(
    (STRING, KIND),
    FeelType("number", 100),
    (
        TableRow("420222", ("城镇",), Decimal(750)),
        TableRow("420222", ("农村",), None),
        TableRow("4202", ("城镇",), Decimal("815.5")),
        TableRow("4202", ("农村",), Decimal(685)),
    ),
)
HOUSEHOLD = Scope(
    {
        "低保": Binding(BOOLEAN, "is_dibao"),
        "收入": Binding(FeelType("number", 100), "income", is_nullable=True),
    }
)
SCOPE = Scope(
    {
        "年龄": Binding(INTEGER, "age"),
        "等级": Binding(INTEGER, "level", is_nullable=True),
        "性质": Binding(KIND, "kind"),
        "户籍地": Binding(STRING, "place"),
        "出生": Binding(DATE, "born", is_nullable=True),
        "孤儿": Binding(BOOLEAN, "orphan"),
        "裁员率": Binding(FeelType("number", 1000), "rate"),
        "家庭": Binding(FeelType("entity", entity="household"), "household"),
        "今天": Binding(DATE, may_be_unknown=False, definition=parse('@"2026-11-23"')),
        "岁数": Binding(INTEGER, definition=parse("年龄 + 1")),
        "标准": STANDARD,
    },
    {"household": HOUSEHOLD},
)
#: name in FEEL -> (column, what it may be in FEEL, how it lies in a frame)
FACTS: dict[str, tuple[str, st.SearchStrategy[Any], Any]] = {
    "年龄": ("age", st.integers(0, 110).map(Decimal), lambda v: int(v)),
    "等级": ("level", st.none() | st.integers(1, 4).map(Decimal), lambda v: None if v is None else int(v)),
    "性质": ("kind", st.sampled_from(["城镇", "农村"]), str),
    "户籍地": ("place", st.sampled_from(["420222101", "420202007", "430000000"]), str),
    "出生": ("born", st.none() | st.dates(date(1910, 1, 1), date(2026, 11, 23)), lambda v: v),
    "孤儿": ("orphan", st.booleans(), bool),
    "裁员率": ("rate", st.integers(0, 1000).map(lambda v: Decimal(v) / 1000), lambda v: int(v * 1000)),
    "家庭.低保": ("household.is_dibao", st.booleans(), bool),
    "家庭.收入": (
        "household.income",
        st.none() | st.integers(0, 10**7).map(lambda v: Decimal(v) / 100),
        lambda v: None if v is None else int(v * 100),
    ),
}


def raw(name: str, value: Any) -> Any:
    """A value as it lies in rows and columns."""
    return value if value is UNKNOWN else FACTS[name][2](value)


def is_coarse_enough(text: str) -> bool:
    """Products and roundings inside one another may come to more decimals than columns can hold: refused, by right."""
    try:
        check(parse(text, list(SCOPE.names)), SCOPE)
    except ProblemList as refusal:
        return not any("小数位数过多" in one.message for one in refusal.problems)
    return True


whole = st.integers(0, 100).map(str)
numbers = st.recursive(
    st.sampled_from(["年龄", "岁数", "裁员率", "标准(户籍地, 性质)", "0.055", "815.5", "今天.year", "3"])
    | whole,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"min({t[0]}, {t[1]})"),
        st.tuples(
            st.sampled_from(["round half up", "round down", "floor", "ceiling", "round up"]), inner, inner
        ).map(lambda t: f"{t[0]}({t[1]} / {t[2]}, 2)"),
        st.tuples(st.sampled_from(["孤儿", "家庭.低保", "等级 in (1, 2)"]), inner, inner).map(
            lambda t: f"(if {t[0]} then {t[1]} else {t[2]})"
        ),
    ),
    max_leaves=4,
).filter(is_coarse_enough)
leaves = st.one_of(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), numbers).map(" ".join),
    st.sampled_from(
        [
            "孤儿",
            "家庭.低保",
            "等级 in (1, 2)",
            "等级 = null",
            "等级 != 3",
            "出生 != null",
            "出生 = 今天",
            '性质 = "城镇"',
            '性质 in ("农村")',
            'starts with(户籍地, "4202")',
            "年龄 between 60 and 79",
            "年龄 in ([90..94], < 3)",
            "家庭.收入 = null",
            "家庭.收入 != null and 家庭.收入 < 标准(户籍地, 性质) * 2",
            "出生 != null and years and months duration(出生, 今天).years >= 60",
            '出生 = null or 出生 >= date("2023-11-24")',
        ]
    ),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: f"({t[0]}) and ({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}) or ({t[1]})"),
        inner.map(lambda t: f"not({t})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(if {t[0]} then {t[1]} else {t[2]})"),
    ),
    max_leaves=5,
)
people = st.lists(
    st.fixed_dictionaries({name: strategy | st.just(UNKNOWN) for name, (_, strategy, _) in FACTS.items()}),
    min_size=8,
    max_size=8,
)


def context_of(person: dict[str, Any]) -> dict[str, Any]:
    household = {name.split(".")[1]: value for name, value in person.items() if "." in name}
    own = {name: value for name, value in person.items() if "." not in name}
    age = own["年龄"]
    return {
        **own,
        "家庭": household,
        "今天": date(2026, 11, 23),
        "岁数": UNKNOWN if age is UNKNOWN else age + 1,
        "标准": STANDARD,
    }
