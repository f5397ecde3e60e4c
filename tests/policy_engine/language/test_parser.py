"""Texts become trees, and what is no FEEL is refused with the place and a mend."""

import pytest

from policy_engine.language import ProblemList, ast, evaluate, parse, parse_unary_tests


def refused(text: str) -> tuple[int, int, str, str]:
    with pytest.raises(ProblemList) as caught:
        parse(text)
    problem = caught.value.problems[0]
    return problem.line, problem.column, problem.message, problem.mend


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "mend"),
    [
        ("", 1, 1, "缺少一个值", "补上"),
        ("年龄 >=", 1, 6, "缺少一个值", "补上"),
        ("年龄 >= 60 岁", 1, 10, "多出了“岁”", "运算符"),
        ("年龄 >= 60\nand 孤儿 ==", 2, 9, "缺少一个值", "补上"),
        ("年龄 ＞= 60", 1, 4, "＞", "半角符号 >"),
        ("（年龄", 1, 1, "（", "半角符号 ("),
        ("(年龄", 1, 4, "应为“)”，却是“结尾”", "补上 )"),
        ('性质 = "城镇', 1, 6, "缺少右引号", '"'),
        ("年龄 # 3", 1, 4, "看不懂", "删去"),
        ("if 孤儿 then 1", 1, 13, "应为“else”", "else"),
        ("some 3 in 成员 satisfies true", 1, 6, "应为名称", "名称"),
        ("some x 成员 satisfies true", 1, 8, "应为“in”", "in"),
        ("年龄 between 1", 1, 13, "应为“and”", "and"),
        ('@"2026-13-01"', 1, 2, "应为日期", "2026-01-31"),
        ('@"20260131"', 1, 2, "应为日期", "2026-01-31"),
        ('"\\ud800"', 1, 1, "半个字符", "\\u"),
        ("1 + /* not closed", 1, 5, "注释没有写完", "*/"),
        ("家庭.", 1, 4, "应为名称", "名称"),
        ("1 < 2 < 3", 1, 7, "多出了“<”", "运算符"),
    ],
)
def test_what_is_no_feel_is_refused_with_its_place(
    text: str, line: int, column: int, message: str, mend: str
) -> None:
    found = refused(text)
    assert found[:2] == (line, column)
    assert message in found[2]
    assert mend in found[3]


def test_comments_and_line_breaks_count_for_nothing() -> None:
    assert evaluate("1 // one\n + /* and\n two */ 2") == 3


def test_a_node_remembers_where_it_began() -> None:
    tree = parse("年龄 >= 60\n  and 孤儿")
    assert isinstance(tree, ast.Junction)
    assert [(one.line, one.column) for one in tree.operands] == [(1, 1), (2, 7)]


def test_and_binds_closer_than_or() -> None:
    assert evaluate("true or true and false") is True
    assert evaluate("(true or true) and false") is False


def test_products_bind_closer_than_sums_and_powers_closest() -> None:
    assert evaluate("2 + 3 * 2 ** 2 - 6 / 3") == 12


def test_minus_and_division_lean_to_the_left() -> None:
    assert evaluate("10 - 3 - 2") == 5
    assert evaluate("16 / 4 / 2") == 2


def test_a_name_of_several_words_is_found_when_it_is_known() -> None:
    assert evaluate("monthly income + 1", {"monthly income": evaluate("2")}) == 3


def test_texts_may_hold_escaped_characters() -> None:
    assert evaluate(r'"a\"b\\c\n\u0041\ud83d\udca9\U01F40E"') == 'a"b\\c\nA💩🐎'


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("[1..5]", [1, 3, 5]),
        ("(1..5)", [3]),
        ("(1..5]", [3, 5]),
        ("[1..5)", [1, 3]),
        ("]1..5[", [3]),
        ("[1..5[", [1, 3]),
        ("(<= 3)", [0, 1, 3]),
        ("(> 1, 0)", [0, 3, 5, 6]),
    ],
)
def test_intervals_are_open_or_closed_as_their_brackets_say(text: str, inside: list[int]) -> None:
    assert [number for number in (0, 1, 3, 5, 6) if evaluate(f"{number} in {text}")] == inside


def test_a_dash_in_a_table_asks_nothing() -> None:
    assert parse_unary_tests(" - ") is None


def test_a_cell_may_hold_several_tests() -> None:
    tests = parse_unary_tests('-1, < 3, [10..20), "a"')
    assert tests is not None
    assert [type(one) for one in tests] == [ast.Negative, ast.Interval, ast.Interval, ast.Literal]


@pytest.mark.parametrize("cell", ["not(1)", "", "1 2", "> ", "[1..", "年龄 > 3"])
def test_a_cell_that_is_no_test_is_refused(cell: str) -> None:
    with pytest.raises(ProblemList):
        parse_unary_tests(cell)
