"""惠企政策 in Rongtong, in the city of these tests: each policy says how it stands for the firm one acts for."""

import uuid
from collections import Counter
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from policy_engine.delivery import service as delivery
from portals.rongtong.app import create_app
from tests.portals.tong.conftest import principal
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, City

PORTALS = [ROOT / "portals" / name for name in ("rongtong", "shared", "financing")]


@pytest.fixture(scope="module")
def desk(city: City) -> Any:
    translations = Translations.load(locale_folders(*PACKAGES, ROOT / "portals"))
    folders = {one.name: one / "templates" for one in PORTALS}
    return create_app(city.services, Pages(folders, translations=translations, is_demonstration=True))


def acting(city: City, desk: Any, firm: int, language: str = "zh-CN") -> TestClient[Any]:
    someone = principal(city, city.cast.agent, firm, ("rongtong", "licences"))
    token = uuid.uuid4().hex
    city.tokens[token] = msgspec.structs.replace(someone, capacity="enterprise", client_id="rongtong")
    client = TestClient(desk, base_url="http://dongchu.test")
    client.headers.update({"authorization": f"Bearer {token}", "accept-language": language})
    return client


def test_every_policy_says_how_it_stands_for_this_firm(city: City, desk: Any) -> None:
    firm = city.cast.firm
    client = acting(city, desk, firm)
    rows = client.get("/rongtong/api/v1/policies").json()
    offers = client.get("/rongtong/api/v1/offers").json()
    assert offers, "the demonstration's firm is offered something"
    order = ["has", "could", "near", "unknown", "not_now"]
    assert [one["standing"] for one in rows] == sorted((one["standing"] for one in rows), key=order.index)
    assert max(Counter(one["policy_id"] for one in rows).values()) == 1
    could = {one["policy_id"]: one["href"] for one in rows if one["standing"] == "could"}
    assert could[offers[0]["policy"]["policy_id"]].startswith("/rongtong/offers/")
    near = {one["explanation"]["policy_id"] for one in client.get("/rongtong/api/v1/near-misses").json()}
    assert near - could.keys() == {one["policy_id"] for one in rows if one["standing"] == "near"}
    page = client.get("/rongtong/policies", headers={"accept": "text/html"}).text
    assert page.index("可以享受") < page.index("差一步") < page.index("目前不符合")
    english = acting(city, desk, firm, "en").get("/rongtong/policies", headers={"accept": "text/html"}).text
    assert "In force or under way" in english or "One more step and it may fit" in english
    assert "可以享受" not in english


def test_what_was_declined_stays_within_reach(city: City, desk: Any) -> None:
    """The right stays, and the page says so: there is no offer to open any more, but the policy."""
    firm = city.cast.firm
    client = acting(city, desk, firm)
    offers = client.get("/rongtong/api/v1/offers").json()
    policy = offers[-1]["policy"]["policy_id"]
    someone = principal(city, city.cast.agent, firm, ("rongtong",))
    for one in offers:
        if one["policy"]["policy_id"] == policy:
            with city.house.database.write() as session:
                delivery.decline(
                    session,
                    city.services.ports,
                    offer_id=uuid.UUID(one["id"]),
                    principal=msgspec.structs.replace(someone, capacity="enterprise"),
                    reason="",
                    now=city.clock.now(),
                )
    rows = client.get("/rongtong/api/v1/policies").json()
    after = next(one for one in rows if one["policy_id"] == policy)
    assert (after["standing"], after["href"]) == ("could", f"/rongtong/policies/{policy}")
