"""The nightly match on the system's pages: each night, and drift loudly."""

from datetime import date

import pytest
import sqlalchemy as sa

from kernel.notices import Notice
from policy_engine.matching.models import FullMatch
from tests.conftest import NOON
from tests.portals.zhengtong.conftest import City, Enter

PAGE, API = "/zhengtong/system/matches", "/zhengtong/api/v1/full-matches"


@pytest.fixture
def nights(city: City) -> None:
    with city.house.database.write() as session:
        session.execute(sa.delete(FullMatch))
        for day, drifted in ((1, None), (2, 0), (3, 7)):
            row = FullMatch(
                as_of=date(2026, 11, day),
                sequence=day,
                epoch=1,
                drifted=drifted,
                matched_at=city.house.clock.now(),
            )
            session.add(row)
            session.flush()


@pytest.mark.usefixtures("nights")
def test_the_latest_night_comes_first_with_its_drift(enter: Enter) -> None:
    found = enter("auditor", accept="application/json").get(API).json()
    assert [one["drifted"] for one in found] == [7, 0, None]


@pytest.mark.usefixtures("nights")
def test_the_page_warns_of_drift(enter: Enter) -> None:
    page = enter("administrator").get(PAGE).text
    assert "有 7 处偏差" in page
    assert "无偏差" in page


def test_a_seat_without_the_duty_does_not_see_it(enter: Enter) -> None:
    assert enter("street").get(PAGE).status_code == 403


def test_the_first_matches_of_a_demonstration_summon_nobody(city: City) -> None:
    """They stand in the inboxes; two thousand text messages on the first day would tell nobody anything."""
    offered = sa.select(sa.func.count()).select_from(Notice).where(Notice.kind == "offer.offered")
    written_then = offered.where(Notice.created_at == NOON)
    with city.house.database.read() as session:
        assert (session.scalar(written_then) or 0) > 100
        waiting = session.scalar(written_then.where(Notice.summon_at.is_not(None))) or 0
        assert waiting < 20  # what other tests of this city may have offered since
