"""The nightly match on the system's pages: each night, and drift loudly."""

from datetime import date

import pytest
import sqlalchemy as sa

from policy_engine.matching.models import FullMatch
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
