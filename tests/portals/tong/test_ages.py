"""Answers say how old their data are: on the offer, on the page that says why, and for programs; a source down is said."""

import re
from datetime import datetime

from connectors.resilience import Watch
from connectors.resilience.breaker import FAILURES
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City


def test_an_offer_and_its_reasons_say_how_old_their_data_are(enter: Enter, city: City) -> None:
    resident, program = enter(city.cast.resident), enter(city.cast.resident, accept="application/json")
    found = re.search(r"/tong/offers/[0-9a-f-]+", resident.get("/tong").text)
    assert found is not None
    sources = program.get(found[0].replace("/tong/offers", "/tong/api/v1/offers") + "/sources").json()
    assert sources
    for one in sources:
        assert datetime.fromisoformat(one["oldest_at"]) <= datetime.fromisoformat(one["newest_at"])
        assert not one["is_down"]
    page = resident.get(found[0]).text
    assert "这些信息有多新" in page
    assert sources[0]["source_name"] in page
    assert "暂时连不上" not in page
    offer = program.get(found[0].replace("/tong/offers", "/tong/api/v1/offers")).json()
    why = f"/tong/services/{offer['row']['policy']['policy_id']}"
    assert "这些信息有多新" in resident.get(why).text

    system = "disabled_federation"
    assert system in {one["source"] for one in sources}
    breaker = Watch(city.house.ephemeral, city.house.clock).breaker(system)
    for _ in range(FAILURES):
        breaker.failed()
    try:
        for path in (found[0], why):
            assert "系统暂时连不上" in resident.get(path).text
        told = program.get(found[0].replace("/tong/offers", "/tong/api/v1/offers") + "/sources").json()
        assert {one["source"] for one in told if one["is_down"]} == {system}
        assert "cannot be reached" in enter(city.cast.resident, language="en").get(found[0]).text
    finally:
        breaker.succeeded()
    stranger = enter(city.cast.parent, accept="application/json")
    assert (
        stranger.get(found[0].replace("/tong/offers", "/tong/api/v1/offers") + "/sources").status_code == 404
    )
