"""The editor: what is typed is checked as an upload would be, and every name has an example that is accepted."""

from datetime import date

import pytest

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.scopes import scope_of
from policy_engine.language import ProblemList, check, parse
from portals.zhengtong.policies.vocabulary import names
from tests.portals.zhengtong.conftest import Enter
from tests.portals.zhengtong.test_policies import entry

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
    kinds = {entity.name: entity.kind for entity in catalogue().entities.values()}
    for line in names():
        wanted = [kinds[line.entity]] if line.entity in kinds else list(kinds.values())
        assert any(is_accepted(line.example, kind) for kind in wanted), line


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_names_are_found_by_a_word(enter: Enter, language: str) -> None:
    page = enter("author", language=language).get("/zhengtong/policies/vocabulary?q=户籍").text
    assert "starts with(户籍地" in page
    assert "残疾等级" not in page
