"""A document's slips are told with line, reason and mend."""

import pytest

from policy_engine.policies.library import FOLDER, library
from policy_engine.policies.loading import load_document
from policy_engine.policies.problems import DocumentRefused, Problem

DIBAO = (FOLDER / "420200" / "dibao.yaml").read_text(encoding="utf-8")


def problem_after(old: str, new: str) -> tuple[Problem, int]:
    """The one problem after an edit, and the line on which the edit stands."""
    assert old in DIBAO
    text = DIBAO.replace(old, new, 1)
    with pytest.raises(DocumentRefused) as caught:
        load_document(text)
    (problem,) = caught.value.problems
    return problem, DIBAO[: DIBAO.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("audience: household", "audience: village", "audience", "“village”不在可选范围内"),
        ("version: 1", "version: one", "version", "这里应为整数"),
        ("version: 1", "version: 0", "version", "内容不符合要求"),
        ("period: month", "perod: month", "benefit.perod", "不认识的项 perod"),
        ('"12345"', "12345", "contacts[1].phone", "这里应为文字"),
        ("2025-07-01", "2025-7-1", "effective_from", "日期"),
        ("name: up", "name: upwards", "benefit.rounding.name", "“upwards”不在可选范围内"),
        ("id: dibao", "id: 低保", "id", "写法不符合要求"),
    ],
)
def test_slip_names_its_place(old: str, new: str, where: str, reason: str) -> None:
    problem, line = problem_after(old, new)
    assert (problem.where, problem.line) == (where, line)
    assert reason in problem.reason
    assert problem.mend


def test_wrong_standing_is_told_with_the_choices_and_the_line() -> None:
    problem, line = problem_after("    standing: official", "    standing: wonderful")
    assert (problem.where, problem.line) == ("sources.standard_2025.standing", line)
    assert "official" in problem.mend


def test_missing_item_is_named() -> None:
    problem, _ = problem_after("department: 黄石市民政局\n", "")
    assert "department" in problem.reason


@pytest.mark.parametrize("text", ["", "[]", "just words", "12"])
def test_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentRefused):
        load_document(text)


def test_library_reads_whole() -> None:
    ids = [one.document.id for one in library()]
    assert len(ids) == len(set(ids)) >= 14
