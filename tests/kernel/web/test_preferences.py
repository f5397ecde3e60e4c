"""Language and senior mode: chosen without a script, remembered, and never a way to another site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from kernel.web.preferences import same_site_path

Client = TestClient[Litestar]


def test_senior_mode_is_one_press_and_leads_back(client: Client) -> None:
    answer = client.post(
        "/preferences", data={"senior": "1", "back": "/style?layout=desk"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/style?layout=desk")
    assert "data-senior" in client.get("/style").text


def test_language_is_remembered_over_what_the_browser_asks(client: Client) -> None:
    client.post("/preferences", data={"locale": "en", "back": "/"}, follow_redirects=False)
    assert client.get("/spoken", headers={"accept-language": "zh-CN"}).text == "a month"


def test_an_unknown_language_is_left_alone(client: Client) -> None:
    answer = client.post("/preferences", data={"locale": "tlh"}, follow_redirects=False)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"}],
)
def test_another_site_cannot_change_them(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/preferences", data={"senior": "1"}, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "back",
    [
        "//evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "evil",
        "",
        "/a\r\nX: y",
        "javascript:x()",
    ],
)
def test_only_a_path_of_this_site_is_led_back_to(back: str) -> None:
    assert same_site_path(back) == "/"


@given(st.text())
def test_whatever_is_asked_the_way_back_is_a_path(back: str) -> None:
    led = same_site_path(back)
    assert led.startswith("/")
    assert not led.startswith(("//", "/\\"))


def test_services_speak_the_readers_language(client: Client) -> None:
    assert client.get("/spoken", headers={"accept-language": "en-US,en;q=0.9"}).text == "a month"
    assert client.get("/spoken", headers={"accept-language": "fr"}).text == "每月"
