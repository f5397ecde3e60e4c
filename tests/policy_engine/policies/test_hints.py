"""Names in English are asked for, never demanded."""

from policy_engine.policies.hints import hints_for
from policy_engine.policies.library import library
from policy_engine.policies.loading import load_document
from tests.policy_engine.policies.documents import BENEFIT


def test_each_name_that_is_missing_is_asked_for_at_its_line() -> None:
    loaded = load_document(BENEFIT)
    hints = hints_for(loaded.document, source=loaded.source)
    assert [one.where for one in hints] == ["title", "department", "stages[1].title", "stages[2].title"]
    assert BENEFIT.splitlines()[hints[0].line - 1] == "title: 试验津贴"
    assert "title_en" in hints[0].mend


def test_a_document_with_english_names_is_asked_for_nothing() -> None:
    text = BENEFIT.replace("title: 试验津贴", "title: 试验津贴\ntitle_en: Trial allowance")
    text = text.replace("department: 黄石市民政局", "department: 黄石市民政局\ndepartment_en: Civil Affairs")
    text = text.replace("title: 受理,", "title: 受理, title_en: Acceptance,")
    text = text.replace("title: 决定,", "title: 决定, title_en: Decision,")
    assert hints_for(load_document(text).document) == []


def test_everything_in_the_library_can_be_read_in_english() -> None:
    assert {one.document.id: hints_for(one.document) for one in library() if hints_for(one.document)} == {}
