"""Answers say how old their data are: on the offer, on the page that says why, and for programs; a source down is said."""

from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from connectors.resilience import Watch
from connectors.resilience.breaker import FAILURES
from policy_engine.delivery.offers.models import Offer
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City


def open_offer(city: City) -> tuple[int, UUID]:
    """Of somebody who is nobody's part: whoever has one may be answering it in another test."""
    parts = [one for one in msgspec.structs.astuple(city.cast) if isinstance(one, int)]
    statement = sa.select(Offer.subject_id, Offer.id).where(
        Offer.policy_id == "disability-nursing", Offer.state == "offered", Offer.subject_id.not_in(parts)
    )
    with city.house.database.read() as session:
        subject_id, offer_id = session.execute(statement.order_by(Offer.subject_id)).first() or (0, None)
    assert offer_id is not None
    return subject_id, offer_id


def test_an_offer_and_its_reasons_say_how_old_their_data_are(enter: Enter, city: City) -> None:
    subject_id, offer_id = open_offer(city)
    resident, program = enter(subject_id), enter(subject_id, accept="application/json")
    shown, told = f"/tong/offers/{offer_id}", f"/tong/api/v1/offers/{offer_id}"
    sources = program.get(f"{told}/sources").json()
    assert sources
    for one in sources:
        assert datetime.fromisoformat(one["oldest_at"]) <= datetime.fromisoformat(one["newest_at"])
        assert not one["is_down"]
    page = resident.get(shown).text
    assert "这些信息有多新" in page
    assert sources[0]["source_name"] in page
    assert "暂时连不上" not in page
    offer = program.get(told).json()
    why = f"/tong/services/{offer['row']['policy']['policy_id']}"
    assert "这些信息有多新" in resident.get(why).text

    system = "disabled_federation"
    assert system in {one["source"] for one in sources}
    breaker = Watch(city.house.ephemeral, city.house.clock).breaker(system)
    for _ in range(FAILURES):
        breaker.failed()
    try:
        for path in (shown, why):
            assert "系统暂时连不上" in resident.get(path).text
        now_told = program.get(f"{told}/sources").json()
        assert {one["source"] for one in now_told if one["is_down"]} == {system}
        assert "cannot be reached" in enter(subject_id, language="en").get(shown).text
    finally:
        breaker.succeeded()
    stranger = enter(city.cast.parent, accept="application/json")
    assert stranger.get(f"{told}/sources").status_code == 404
