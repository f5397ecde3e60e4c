"""The editor: what is typed is checked as an upload would be, and every name has an example that is accepted."""

import html
import re
from datetime import date

import pytest

from kernel.errors import InvalidInput
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import VIEWS, EntityKind
from policy_engine.catalogue.loading import KINDS
from policy_engine.catalogue.scopes import scope_of
from policy_engine.language import ProblemList, check, evaluate, parse
from portals.zhengtong.policies.building import COMPARISONS, condition_of, facts_for
from portals.zhengtong.policies.vocabulary import names
from tests.portals.zhengtong.conftest import Enter
from tests.portals.zhengtong.test_policies import entry, version_of

CHECK = "/zhengtong/api/v1/policies/checks"


def test_a_document_in_order_says_that_its_cases_pass(enter: Enter) -> None:
    text, cases = entry()
    found = (
        enter("author", accept="application/json").post(CHECK, json={"document": text, "cases": cases}).json()
    )
    assert found["problems"] == []
    assert found["cases"]
    assert all(one["difference"] == "" for one in found["cases"])


def test_what_is_wrong_names_its_line_and_nothing_is_kept(enter: Enter) -> None:
    text, cases = entry()
    author = enter("author", accept="application/json")
    before = author.get("/zhengtong/api/v1/policies").json()
    broken = text.replace("condition: ", "condition: 没有的名称 and ", 1)
    line = 1 + broken.split("没有的名称")[0].count("\n")
    found = author.post(CHECK, json={"document": broken, "cases": cases}).json()
    assert [(one["line"], one["file"]) for one in found["problems"]] == [(line, "document")]
    assert author.get("/zhengtong/api/v1/policies").json() == before


@pytest.mark.parametrize("text", ["", "- [", "a: 1", "条件", "&a [*a]", "a: {" * 200])
def test_texts_that_are_no_document_are_answered(enter: Enter, text: str) -> None:
    answer = enter("author", accept="application/json").post(CHECK, json={"document": text, "cases": ""})
    assert answer.status_code == 200
    assert answer.json()["problems"]


def test_the_part_of_the_page_tells_of_cases_that_come_out_otherwise(enter: Enter) -> None:
    text, cases = entry()
    changed = cases.replace("verdict: ineligible", "verdict: eligible")
    page = enter("author").post("/zhengtong/policies/check", {"document": text, "cases": changed})
    assert page.status_code == 200
    assert "用例结果不符" in page.text
    assert "<html" not in page.text


def test_without_the_duty_to_write_nothing_is_checked(enter: Enter) -> None:
    answer = enter("street", accept="application/json").post(CHECK, json={"document": "a", "cases": ""})
    assert answer.status_code == 403


def is_accepted(text: str, kind: EntityKind) -> bool:
    try:
        check(parse(text), scope_of(kind, date(2026, 11, 23)))
    except ProblemList:
        return False
    return True


def test_every_example_of_the_vocabulary_is_accepted() -> None:
    kinds: dict[str, EntityKind] = {
        entity.name: "person"
        if entity.kind in VIEWS
        else entity.kind  # a person's jobs are asked about a person
        for entity in catalogue().entities.values()
    }
    for line in names():
        wanted = [kinds[line.entity]] if line.entity in kinds else list(kinds.values())
        assert any(is_accepted(line.example, kind) for kind in wanted), line


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_names_are_found_by_a_word(enter: Enter, language: str) -> None:
    page = enter("author", language=language).get("/zhengtong/policies/vocabulary?q=户籍").text
    assert "starts with(户籍地" in page
    assert "残疾等级" not in page


def fields(page: str) -> dict[str, str]:
    """What the form of the page would send."""
    found = {}
    for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page):
        found[name] = html.unescape(value)
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.S):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


def test_a_clause_is_put_together_from_the_catalogue_and_saved_as_a_draft(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    before = author.get(f"/zhengtong/policies/edit?source={version}")
    assert before.status_code == 200
    assert "检查通过" in before.text
    sent = fields(before.text)
    chosen = {"words": "户籍在阳新县", "fact": "户籍地", "comparison": "inside", "value": "420222"}
    built = author.post("/zhengtong/policies/edit", {**sent, **chosen, "do": "build"})
    assert "starts with(户籍地, &#34;420222&#34;)" in built.text
    saved = author.post("/zhengtong/policies/edit", {**fields(built.text), "do": "save"})
    assert saved.status_code == 303, saved.text
    program = enter("author", accept="application/json")
    document = program.get(f"/zhengtong/api/v1/policies/{version}").json()["document"]
    text, cases = entry()  # others read this draft as it was
    program.post("/zhengtong/api/v1/policies", json={"document": text, "cases": cases})
    assert document["eligibility"][-1]["condition"] == 'starts with(户籍地, "420222")'
    assert document["delivery"]["evidence"]  # what the form does not show stays


def test_the_table_of_amounts_and_the_stages_are_written_in_the_form(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    page = author.get(f"/zhengtong/policies/edit?source={version}")

    def press(do: str, **typed: str) -> None:
        nonlocal page
        page = author.post("/zhengtong/policies/edit", {**fields(page.text), **typed, "do": do})
        assert page.status_code in (200, 303), page.text

    press("add-rule")
    press("add-input", **{"rule-2-when-0": "[100..109]", "rule-3-when-0": ">= 110", "rule-3-then": "500"})
    press("add-stage", **{"input-1": "性别"})
    assert 'name="rule-3-when-1"' in page.text
    press("remove-input-1", **{"stage-1-title": "残联会审", "stage-1-outcome": "joint_review"})
    press("save")
    assert page.status_code == 303
    program = enter("author", accept="application/json")
    document = program.get(f"/zhengtong/api/v1/policies/{version}").json()["document"]
    text, cases = entry()  # others read this draft as it was
    program.post("/zhengtong/api/v1/policies", json={"document": text, "cases": cases})
    table = document["benefit"]["table"]
    assert table["inputs"] == ["年龄"]
    assert [one["when"] for one in table["rules"]] == [["[90..94]"], ["[95..99]"], ["[100..109]"], [">= 110"]]
    assert table["rules"][-1]["then"] == "500"
    assert [(one["outcome"], one["duty"]) for one in document["stages"]] == [
        ("accept", "claim.accept"),
        ("joint_review", "claim.joint_review"),
        ("decide", "claim.decide"),
    ]


def test_what_is_wrong_in_a_row_or_a_stage_is_told_beside_it(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    sent = fields(author.get(f"/zhengtong/policies/edit?source={version}").text)
    wrong = {"rule-1-when-0": "[90..99]", "stage-0-outcome": "decide"}
    page = author.post("/zhengtong/policies/edit", {**sent, **wrong, "do": "check"}).text
    assert "第 1 行和第 2 行会同时命中" in page
    assert "决定之后不能再有环节" in page
    assert page.count('aria-invalid="true"') == 2


def test_a_formula_becomes_a_table_and_a_formula_again(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    sent = fields(author.get(f"/zhengtong/policies/edit?source={version}").text)
    page = author.post("/zhengtong/policies/edit", {**sent, "do": "by-formula"})
    page = author.post("/zhengtong/policies/edit", {**fields(page.text), "formula": "60", "do": "check"})
    assert "检查通过" in page.text or "没有写错" in page.text
    page = author.post("/zhengtong/policies/edit", {**fields(page.text), "do": "by-table"})
    table = {"input-0": "年龄", "rule-0-then": "", "hit_policy": "C#", "rule-0-when-0": ">= 90"}
    page = author.post("/zhengtong/policies/edit", {**fields(page.text), **table, "do": "check"})
    page = author.post("/zhengtong/policies/edit", {**fields(page.text), "per_hit": "60", "do": "check"})
    assert "检查通过" in page.text or "没有写错" in page.text


@pytest.mark.parametrize(
    "do", ["remove-rule-99", "remove-input-x", "remove-stage-999999999", "earlier-stage-0"]
)
def test_buttons_that_name_nothing_change_nothing(enter: Enter, do: str) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    sent = fields(author.get(f"/zhengtong/policies/edit?source={version}").text)
    after = fields(author.post("/zhengtong/policies/edit", {**sent, "do": do}).text)
    kept = ("input-", "rule-", "stage-", "clause-")
    assert {key: one for key, one in after.items() if key.startswith(kept)} == {
        key: one for key, one in sent.items() if key.startswith(kept)
    }


def test_a_wrong_condition_is_told_beside_its_clause_and_nothing_is_saved(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    sent = fields(author.get(f"/zhengtong/policies/edit?source={version}").text)
    sent["clause-0-condition"] = "身高 >= 180"
    answer = author.post("/zhengtong/policies/edit", {**sent, "do": "save"})
    assert answer.status_code == 400
    assert "身高" in answer.text
    assert 'aria-invalid="true"' in answer.text or "error" in answer.text
    typed = author.post("/zhengtong/policies/edit/check", sent)
    assert "没有" in typed.text


def test_of_several_jobs_one_must_meet_the_condition(enter: Enter) -> None:
    author, version = enter("author"), version_of(enter, "yangxin-elderly-allowance")
    sent = fields(author.get(f"/zhengtong/policies/edit?source={version}").text)
    chosen = {"words": "签过一年以上合同", "fact": "就业.合同月数", "comparison": "at_least", "value": "12"}
    page = author.post("/zhengtong/policies/edit", {**sent, **chosen, "do": "build"}).text
    assert '<optgroup label="任一就业">' in page
    condition = [value for name, value in fields(page).items() if name.endswith("-condition")][-1]
    assert condition == "count(就业[合同月数 >= 12]) >= 1"
    short, long = {"合同月数": 6}, {"合同月数": 12}
    assert evaluate(condition, {"就业": [short]}) is False
    assert evaluate(condition, {"就业": [short, long]}) is True


@pytest.mark.parametrize(
    ("fact", "comparison", "value", "field"),
    [
        ("身高", "is", "1", "fact"),
        ("年龄", "taller", "1", "comparison"),
        ("年龄", "at_least", "很老", "value"),
        ("年龄", "known", "", "comparison"),
        ("性别", "is", "其他", "value"),
        ("户籍地", "inside", '4202" or true', "value"),
        ("出生日期", "less", "2026-02-30", "value"),
    ],
)
def test_what_does_not_go_together_is_refused_by_field(
    enter: Enter, fact: str, comparison: str, value: str, field: str
) -> None:
    sent = {"kind": "person", "fact": fact, "comparison": comparison, "value": value}
    answer = enter("author", accept="application/json").post(
        "/zhengtong/api/v1/policies/conditions", json=sent
    )
    assert answer.status_code == 400
    assert [one["where"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("kind", KINDS)
def test_every_condition_from_the_catalogue_passes_the_check(kind: EntityKind) -> None:
    scope = scope_of(kind, date(2026, 11, 23))
    values = {"integer": "12", "money": "815.50", "ratio": "20%", "date": "2026-01-31", "division": "4202"}
    for fact in facts_for(kind):
        value = fact.attribute.values[0] if fact.attribute.values else values.get(fact.attribute.type, "甲")
        for comparison in COMPARISONS:
            try:
                condition = condition_of(kind, fact.path, comparison, value)
            except InvalidInput:
                continue
            check(parse(condition), scope, "boolean")
