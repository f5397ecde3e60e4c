"""Every error has two faces: RFC 9457 for programs, and for people a page with the way on."""

import logging

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.exc import DataError

from kernel.house import House
from kernel.notices.models import NoticePreference
from kernel.notices.service import set_preference
from kernel.web.pages import Pages
from kernel.web.problems import problem_of
from tests.kernel.web.conftest import make_app

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
Client = TestClient[Litestar]


def test_a_program_gets_problem_json_that_names_the_field(client: Client) -> None:
    answer = client.get("/wrong/input")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:dongchu:problem:invalid-input",
        "title": "提交的内容有误",
        "status": 400,
        "detail": "请检查。",
        "instance": "/wrong/input",
        "errors": [{"where": "phone", "what": "手机号应是 11 位数字", "mend": "请重新填写"}],
    }


def test_a_person_gets_a_page_with_a_way_on(client: Client) -> None:
    answer = client.get("/wrong/conflict", headers=BROWSER)
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("text/html")
    assert "情况已有变化" in answer.text
    assert "返回修改" in answer.text
    assert "tel:12345" in answer.text


def test_who_is_not_signed_in_any_more_is_led_to_sign_in(client: Client) -> None:
    page = client.get("/wrong/stranger", headers=BROWSER)
    assert page.status_code == 401
    assert "去登录" in page.text


def test_the_page_speaks_the_readers_language(client: Client) -> None:
    answer = client.get("/wrong/conflict", headers={**BROWSER, "accept-language": "en-GB,zh;q=0.5"})
    assert "Things have changed meanwhile" in answer.text


def test_an_unknown_address_is_a_page_or_a_problem(client: Client) -> None:
    assert "没有找到您要的内容" in client.get("/nowhere", headers=BROWSER).text
    assert client.get("/nowhere").json()["type"] == "urn:dongchu:problem:not-found"


def test_an_api_answers_json_even_to_a_browser(client: Client) -> None:
    assert (
        client.get("/tong/api/v1/nothing", headers=BROWSER).headers["content-type"]
        == "application/problem+json"
    )


def test_a_wrong_parameter_is_listed(client: Client) -> None:
    problem = client.get("/number?n=many").json()
    assert problem["status"] == 400
    assert problem["errors"][0]["where"] == "n"


def test_a_wrong_method_stays_405(client: Client) -> None:
    problem = client.get("/only-post").json()
    assert (problem["status"], problem["type"]) == (405, "urn:dongchu:problem:method-not-allowed")


@pytest.mark.parametrize(("kind", "seconds"), [("fast", "30"), ("busy", "5")])
def test_waiting_is_said_in_seconds(client: Client, kind: str, seconds: str) -> None:
    answer = client.get(f"/wrong/{kind}", headers=BROWSER)
    assert answer.headers["retry-after"] == seconds
    assert f"请在 {seconds} 秒后再试" in answer.text


def test_an_unforeseen_error_is_logged_and_tells_nothing(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="dongchu.web"):
        problem = client.get("/wrong/bug").json()
    assert problem["status"] == 500
    assert "secret" not in str(problem)
    assert problem["incident"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("text", ["甲\x00乙", "甲" * 13])
def test_what_postgresql_will_not_hold_is_bad_input_and_leaves_nothing(
    postgres_house: House, text: str
) -> None:
    """As any storey would meet it that forgot a check: the word of the database, not a fault of ours."""

    def choose_two() -> None:
        with postgres_house.database.write() as session:
            set_preference(session, 7, "sms", is_enabled=False)
            set_preference(session, 7, text * 2, is_enabled=True)

    with pytest.raises(DataError) as refused:
        choose_two()
    problem = problem_of(refused.value, "/somewhere")
    assert (problem.status, problem.slug, problem.incident) == (400, "invalid-input", "")
    assert "甲" not in problem.detail
    with postgres_house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(NoticePreference)) == 0


def test_htmx_gets_a_toast_and_keeps_its_page(client: Client) -> None:
    answer = client.get("/wrong/conflict", headers={"hx-request": "true", "accept": "*/*"})
    assert answer.headers["hx-retarget"] == "#toasts"
    assert "<html" not in answer.text
    assert "情况已有变化" in answer.text


def test_a_browser_without_a_session_is_led_to_sign_in(pages: Pages) -> None:
    with TestClient(make_app(pages, sign_in=True)) as client:
        answer = client.get("/wrong/stranger", headers=BROWSER, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/wrong/stranger")
        assert client.get("/wrong/stranger").status_code == 401


def test_errors_carry_the_security_headers(client: Client) -> None:
    headers = client.get("/nowhere", headers=BROWSER).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
