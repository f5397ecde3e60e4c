"""Three values of truth: what is unknown stays open exactly where it could still decide."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.language import UNKNOWN, Truth, judge, judge_amount, parse, unknown_names, value_of

T, F, U = Truth.TRUE, Truth.NOT_TRUE, Truth.UNKNOWN
VALUES: dict[str, Any] = {"t": True, "f": False, "n": None, "u": UNKNOWN}


def truth(text: str, context: dict[str, Any] | None = None) -> Truth:
    return judge(parse(text), VALUES if context is None else context)


@pytest.mark.parametrize(
    ("operator", "table"),
    [
        ("and", {"tt": T, "tf": F, "tn": F, "tu": U, "ff": F, "fn": F, "fu": F, "nn": F, "nu": F, "uu": U}),
        ("or", {"tt": T, "tf": T, "tn": T, "tu": T, "ff": F, "fn": F, "fu": U, "nn": F, "nu": U, "uu": U}),
    ],
)
def test_truth_tables(operator: str, table: dict[str, Truth]) -> None:
    for (left, right), expected in table.items():
        assert truth(f"{left} {operator} {right}") is expected
        assert truth(f"{right} {operator} {left}") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not(t)", F),
        ("not(f)", T),
        ("not(n)", F),
        ("not(u)", U),
        ("not(not(n))", F),
        ("not(n and f)", T),
        ("not(n and t)", F),
        ("not(u and f)", T),
        ("not(u or t)", F),
        ("not(u or n)", F),
        # a null condition takes else; an unknown one leaves both open
        ("if t then t else u", T),
        ("if f then u else t", T),
        ("if n then u else t", T),
        ("if u then f else n", F),
        ("if u then t else f", U),
        ("not(if n then t else f)", T),
        ("not(if u then t else t)", F),
        # leaves by plain FEEL
        ("n = 1", F),
        ("n != 1", T),
        ("n < 1", F),
        ("not(n < 1)", F),
        ("n = u", U),
        ("u = u", U),
        ("u < 5 or u >= 5", U),
        ("u between 1 and 2", U),
        ("1 in (1, u)", U),
        ("n", F),
        ("3", F),
    ],
)
def test_a_formula_is_judged(text: str, expected: Truth) -> None:
    assert truth(text) is expected


@pytest.mark.parametrize(
    ("ages", "some", "every"),
    [
        ([70, 8], T, F),
        ([70, UNKNOWN], T, U),
        ([8, UNKNOWN], U, F),
        ([UNKNOWN], U, U),
        ([70, None], T, F),
        ([8, None], F, F),
        ([], F, T),
    ],
)
def test_one_member_known_to_qualify_decides_whatever_is_unknown_of_the_others(
    ages: list[Any], some: Truth, every: Truth
) -> None:
    context = {"成员": [{"年龄": Decimal(a) if isinstance(a, int) else a} for a in ages], "名单": ages}
    context["名单"] = [Decimal(a) if isinstance(a, int) else a for a in ages]
    assert truth("some x in 成员 satisfies x.年龄 > 60", context) is some
    assert truth("every x in 成员 satisfies x.年龄 > 60", context) is every
    assert truth("some x in 名单 satisfies x > 60", context) is some
    negated = {T: F, F: T, U: U}
    if None not in ages:
        assert truth("not(every x in 成员 satisfies x.年龄 > 60)", context) is negated[every]


def test_a_relation_may_itself_be_unknown() -> None:
    context = {"家庭": UNKNOWN, "成员": UNKNOWN}
    assert truth("家庭.低保", context) is U
    assert truth("some x in 成员 satisfies true", context) is U
    assert unknown_names(parse("家庭.低保 and 家庭.低保"), context) == ["家庭"]


def test_an_aggregate_over_an_unknown_item_is_unknown() -> None:
    context = {"成员": [{"收入": Decimal(1)}, {"收入": UNKNOWN}], "名单": [Decimal(1), UNKNOWN]}
    assert truth("sum(成员.收入) > 0", context) is U
    assert truth("sum(名单) > 0", context) is U
    assert truth("count(成员[收入 > 0]) > 0", context) is U
    assert unknown_names(parse("sum(成员.收入)"), context) == ["成员.收入"]


def test_a_filter_on_a_single_subject_may_be_unknown() -> None:
    assert truth("count(家庭[收入 > 0]) = 1", {"家庭": {"收入": UNKNOWN}}) is U


def test_unknown_names_come_in_order_and_once() -> None:
    context = {"a": UNKNOWN, "b": Decimal(1), "家庭": {"c": UNKNOWN}}
    assert unknown_names(parse("a > 1 and b > 1 and 家庭.c > a"), context) == ["a", "家庭.c"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("if t then 5 else x", Decimal(5)),
        ("if u then 5 else 5", UNKNOWN),
        ("1 + (if n then x else 2)", Decimal(3)),
        ("min(if t then 5 else x, 9)", Decimal(5)),
        ("round half up((if f then x else 5) / 3, 2)", Decimal("1.67")),
        ("round half up((if t then x else 5) / 3, 2)", UNKNOWN),
        ("x * 0", UNKNOWN),
        ("1 / 0", None),
        ("n + 1", None),
    ],
)
def test_an_amount_needs_only_the_branch_that_is_taken(text: str, value: object) -> None:
    found = judge_amount(parse(text), {**VALUES, "x": UNKNOWN})
    assert found == value


#: Each leaf asks one fact, and both answers are possible: name -> what it may be.
LEAVES: dict[str, tuple[Any, ...]] = {
    "{} = 1": (Decimal(1), Decimal(2), None),
    "{} != 1": (Decimal(1), Decimal(2), None),
    "{} < 5": (Decimal(1), Decimal(9), None),
    "{} between 2 and 6": (Decimal(3), Decimal(9), None),
    "{} in (1, [4..5])": (Decimal(1), Decimal(7), None),
    "{}": (True, False, None),
}


@st.composite
def formulas(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, tuple[Any, ...]]]:
    """A formula of leaves, and, or and not; what is known; and what each unknown fact, which occurs once, may be."""
    count = draw(st.integers(1, 5))
    parts, known, unknown = list[str](), dict[str, Any](), dict[str, tuple[Any, ...]]()
    for name in (f"x{number}" for number in range(count)):
        leaf = draw(st.sampled_from(sorted(LEAVES)))
        if draw(st.booleans()):
            unknown[name] = LEAVES[leaf]
        else:
            known[name] = draw(st.sampled_from(LEAVES[leaf]))
        parts.append(draw(st.sampled_from(["{}", "not({})", "not(not({}))"])).format(leaf.format(name)))
    while len(parts) > 1:
        left, right = parts.pop(draw(st.integers(0, len(parts) - 1))), parts.pop()
        shape = draw(st.sampled_from(["({} and {})", "({} or {})", "not({} and {})", "not({} or {})"]))
        parts.append(shape.format(left, right))
    return parts[0], known, unknown


def outcomes(text: str, known: dict[str, Any], unknown: dict[str, tuple[Any, ...]]) -> set[bool]:
    """Whether plain FEEL says true, for every way the unknown facts may turn out."""
    tree, found = parse(text), set[bool]()
    for values in itertools.product(*unknown.values()):
        found.add(value_of(tree, {**known, **dict(zip(unknown, values, strict=True))}) is True)
    return found


@settings(max_examples=200)
@given(formulas())
def test_a_verdict_is_what_all_completions_agree_on(
    drawn: tuple[str, dict[str, Any], dict[str, tuple[Any, ...]]],
) -> None:
    text, known, unknown = drawn
    expected = {frozenset({True}): T, frozenset({False}): F}.get(frozenset(outcomes(text, known, unknown)), U)
    assert truth(text, {**known, **dict.fromkeys(unknown, UNKNOWN)}) is expected


@settings(max_examples=80)
@given(formulas(), formulas(), formulas())
def test_a_choice_never_says_what_a_completion_denies(
    condition: tuple[str, dict[str, Any], dict[str, tuple[Any, ...]]],
    yes: tuple[str, dict[str, Any], dict[str, tuple[Any, ...]]],
    no: tuple[str, dict[str, Any], dict[str, tuple[Any, ...]]],
) -> None:
    text, known, unknown = "", dict[str, Any](), dict[str, tuple[Any, ...]]()
    for word, prefix, (part, facts, open_facts) in zip(
        ("if", "then", "else"), "cyn", (condition, yes, no), strict=True
    ):
        text += f" {word} {part.replace('x', prefix)}"
        known |= {name.replace("x", prefix): value for name, value in facts.items()}
        unknown |= {name.replace("x", prefix): one for name, one in itertools.islice(open_facts.items(), 2)}
        known |= {
            name.replace("x", prefix): one[0] for name, one in itertools.islice(open_facts.items(), 2, None)
        }
    found = truth(text, {**known, **dict.fromkeys(unknown, UNKNOWN)})
    if found is not U:
        assert outcomes(text, known, unknown) == {found is T}


def test_a_member_that_a_filter_turns_away_says_nothing() -> None:
    context = {
        "成员": [
            {"年龄": Decimal(40), "收入": Decimal(300)},
            {"年龄": Decimal(12), "收入": UNKNOWN},
            {"年龄": UNKNOWN, "收入": Decimal(0)},
        ]
    }
    adults = "成员[年龄 >= 18 and 收入 > 0]"
    assert truth(f"count({adults}) = 1", context) is T
    assert judge_amount(parse(f"sum({adults}.收入)"), context) == 300
    assert unknown_names(parse(f"sum({adults}.收入)"), context) == []


def test_a_member_that_a_filter_leaves_open_leaves_the_whole_open() -> None:
    context = {"成员": [{"年龄": UNKNOWN, "收入": Decimal(300)}, {"年龄": Decimal(40), "收入": Decimal(1)}]}
    assert truth("count(成员[年龄 >= 18]) >= 1", context) is U
    assert judge_amount(parse("sum(成员[年龄 >= 18].收入)"), context) is UNKNOWN
    assert truth("some x in 成员 satisfies x.年龄 >= 18", context) is T
