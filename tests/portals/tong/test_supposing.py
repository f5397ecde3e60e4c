"""What if: other facts, another answer, and nothing kept of it."""

from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City

NURSING = "disability-nursing"


def key_of(city: City, enter: Enter, policy_id: str = NURSING) -> str:
    client = enter(city.cast.elder, accept="application/json")
    standings = client.get(f"/tong/api/v1/services/{policy_id}/standings").json()
    return standings[0]["key"]


def test_a_certificate_and_a_need_of_care_would_make_her_eligible(city: City, enter: Enter) -> None:
    client = enter(city.cast.elder, accept="application/json")
    facts = {"person.disability_level": 1, "person.has_long_term_care_need": True}
    before = client.get(f"/tong/api/v1/services/{NURSING}/standings").json()
    told = client.post(
        f"/tong/api/v1/services/{NURSING}/suppositions", json={"key": before[0]["key"], "facts": facts}
    )
    assert told.status_code == 200
    assert told.json()["verdict"] == "eligible"
    assert told.json()["amount_fen"] == 100_00
    assert client.get(f"/tong/api/v1/services/{NURSING}/standings").json() == before


def test_supposing_nothing_leaves_the_answer_as_it_is(city: City, enter: Enter) -> None:
    client = enter(city.cast.elder, accept="application/json")
    [before] = client.get(f"/tong/api/v1/services/{NURSING}/standings").json()
    told = client.post(
        f"/tong/api/v1/services/{NURSING}/suppositions", json={"key": before["key"], "facts": {}}
    ).json()
    assert told["verdict"] == before["explanation"]["verdict"]


def test_the_page_answers_and_marks_what_was_supposed(city: City, enter: Enter) -> None:
    client = enter(city.cast.elder)
    address = f"/tong/services/{NURSING}/suppose"
    key = key_of(city, enter)
    page = client.get(f"{address}?who={key}").text
    assert "只填想改变的" in page
    given = {"who": key, "fact-person-disability-level": "2", "fact-person-has-long-term-care-need": "yes"}
    answer = client.post(address, data=given)
    assert answer.status_code == 200
    assert "如果是这样" in answer.text
    assert "您假设的" in answer.text
    assert "0001" not in answer.text


def test_what_does_not_fit_comes_back_to_the_form(city: City, enter: Enter) -> None:
    given = {"who": key_of(city, enter), "fact-person-disability-level": "很重"}
    answer = enter(city.cast.elder).post(f"/tong/services/{NURSING}/suppose", data=given)
    assert answer.status_code == 400
    assert "请填写数字" in answer.text


def test_a_fact_the_policy_does_not_ask_is_refused(city: City, enter: Enter) -> None:
    client = enter(city.cast.elder, accept="application/json")
    sent = {"key": key_of(city, enter), "facts": {"person.is_orphan": True}}
    assert client.post(f"/tong/api/v1/services/{NURSING}/suppositions", json=sent).status_code == 400


def test_somebody_elses_key_is_not_found(city: City, enter: Enter) -> None:
    client = enter(city.cast.agent, accept="application/json")
    sent = {"key": key_of(city, enter), "facts": {"person.disability_level": 1}}
    assert client.post(f"/tong/api/v1/services/{NURSING}/suppositions", json=sent).status_code == 404
