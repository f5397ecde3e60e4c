"""扫一扫: our own codes lead on, all others lead nowhere."""

import pytest

from portals.tong.scanning import address_in
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City

BASE = "https://dongchu.example"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (f"{BASE}/licenses/scan/abc", "/licenses/scan/abc"),
        (f"{BASE}/identity/qr?c=1-2", "/identity/qr?c=1-2"),
        (f"{BASE}//evil.example/licenses/scan/abc", None),
        (f"{BASE}/zhengtong/claims", None),
        (f"{BASE}.evil.example/licenses/scan/abc", None),
        ("https://dongchu.example@evil.example/licenses/scan/abc", None),
        ("http://dongchu.example/licenses/scan/abc", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
        ("6222 0000", None),
    ],
)
def test_only_an_address_of_this_house_leads_on(text: str, address: str | None) -> None:
    assert address_in(text, BASE) == address


def test_a_foreign_code_is_named_as_one_and_what_was_typed_stays(enter: Enter, city: City) -> None:
    visitor = enter(city.cast.resident)
    answer = visitor.post("/tong/scan", data={"text": "https://evil.example/pay"})
    assert answer.status_code == 400
    assert "这不是本市的码" in answer.text
    assert "https://evil.example/pay" in answer.text
    ours = f"{city.house.settings.base_url}/licenses/scan/abc"
    on = visitor.post("/tong/scan", data={"text": ours}, follow_redirects=False)
    assert on.headers["location"] == "/licenses/scan/abc"
