"""The simulation as page and as API: a standard may be raised, a slip of the pen is answered, nothing changes."""

import pytest

from tests.portals.zhengtong.conftest import Enter
from tests.portals.zhengtong.test_policies import version_of


def simulation(enter: Enter, policy_id: str, query: str = "") -> dict[str, object]:
    path = f"/zhengtong/api/v1/policies/{version_of(enter, policy_id)}/simulation{query}"
    answer = enter("publisher", accept="application/json").get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_version_in_force_against_itself_moves_nobody(enter: Enter) -> None:
    whole = simulation(enter, "dibao")["whole"]
    assert isinstance(whole, dict)
    assert whole["stays"] > 0
    assert whole["gains"] == whole["loses"] == whole["raised"] == whole["lowered"] == 0


def test_a_higher_standard_costs_more(enter: Enter) -> None:
    found = simulation(enter, "dibao", "?standard=低保标准&change_permille=100")
    before, after = found["before"], found["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["yearly_fen"] > before["yearly_fen"] > 0
    assert found["standards"] == {"低保标准": 100}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_shows_who_moves(enter: Enter, language: str) -> None:
    path = f"/zhengtong/policies/{version_of(enter, 'dibao')}/simulation?standard=低保标准&change=-5.5"
    page = enter("publisher", language=language).get(path)
    assert page.status_code == 200
    assert ("其中降低" if language == "zh-CN" else "reduced") in page.text
    assert ("大冶市" if language == "zh-CN" else "Daye") in page.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?standard=没有的标准&change=10", "没有名为"),
        ("?standard=低保标准&change=十", "请用数字"),
        ("?standard=低保标准&change=nan", "请用数字"),
        ("?standard=低保标准&change=-101", "之间"),
        ("?standard=低保标准&change=1e99", "之间"),
    ],
)
def test_a_slip_of_the_pen_is_answered_on_the_page(enter: Enter, query: str, words: str) -> None:
    page = enter("publisher").get(f"/zhengtong/policies/{version_of(enter, 'dibao')}/simulation{query}")
    assert page.status_code == 200
    assert words in page.text


def test_an_unknown_version_is_not_found(enter: Enter) -> None:
    answer = enter("publisher", accept="application/json").get(
        "/zhengtong/api/v1/policies/00000000-0000-7000-8000-000000000000/simulation"
    )
    assert answer.status_code == 404
