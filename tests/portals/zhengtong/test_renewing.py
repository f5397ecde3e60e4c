"""Whoever wrote a policy hears ahead of its last day that it ends, once at each step, and a new holder of the seat too."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.notices.models import Notice
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.states import PolicyState
from portals.zhengtong.policies.renewing import STEPS, step_of, tell_authors
from tests.conftest import NOON
from tests.portals.zhengtong.conftest import City, Enter

TODAY = NOON.date()


@pytest.fixture
def session(city: City) -> Iterator[Session]:
    """Everything is taken back."""
    with Session(city.house.database.engine) as session:
        yield session
        session.rollback()


def ending(session: Session, on: date) -> PolicyVersion:
    version = session.scalars(
        sa.select(PolicyVersion).where(PolicyVersion.state == PolicyState.PUBLISHED)
    ).first()
    assert version is not None
    for other in session.scalars(sa.select(PolicyVersion).where(PolicyVersion.effective_to.is_not(None))):
        other.effective_to = None
    version.effective_to = on
    session.flush()
    return version


def told(session: Session) -> list[Notice]:
    session.flush()
    return list(session.scalars(sa.select(Notice).where(Notice.kind == "policy.renewal")))


def test_the_seat_that_wrote_it_is_told_once_at_each_step(session: Session) -> None:
    version = ending(session, TODAY + timedelta(days=50))
    assert tell_authors(session, now=NOON) == 1
    assert tell_authors(session, now=NOON + timedelta(days=1)) == 0
    assert tell_authors(session, now=NOON + timedelta(days=37)) == 1
    assert tell_authors(session, now=NOON + timedelta(days=51)) == 1
    assert tell_authors(session, now=NOON + timedelta(days=200)) == 0
    notices = told(session)
    assert [one.title.partition("：")[0] for one in notices] == ["政策将到期", "政策将到期", "政策已到期"]
    assert {one.link for one in notices} == {f"/zhengtong/policies/{version.id}"}


def test_a_policy_without_a_near_end_tells_nobody(session: Session) -> None:
    ending(session, TODAY + timedelta(days=61))
    assert tell_authors(session, now=NOON) == 0


def test_where_the_authors_seat_is_vacant_every_author_is_told(session: Session) -> None:
    version = ending(session, TODAY + timedelta(days=10))
    version.author_seat_id = 999_999
    session.flush()
    assert tell_authors(session, now=NOON) >= 1


@pytest.mark.parametrize(("days", "step"), [(61, 0), (60, 1), (14, 2), (0, 2), (-1, 3)])
def test_steps_come_with_the_days(days: int, step: int) -> None:
    assert step_of(TODAY + timedelta(days=days), TODAY) == step
    assert len(STEPS) == 3


def test_the_first_page_of_an_author_shows_what_ends(city: City, enter: Enter) -> None:
    with city.house.database.write() as session:
        version = session.scalars(
            sa.select(PolicyVersion).where(PolicyVersion.state == PolicyState.PUBLISHED)
        ).first()
        assert version is not None
        before, version.effective_to = version.effective_to, TODAY + timedelta(days=5)
        version_id = version.id
    try:
        assert "到期待续的政策" in enter("author").get("/zhengtong").text
    finally:
        with city.house.database.write() as session:
            row = session.get(PolicyVersion, version_id)
            assert row is not None
            row.effective_to = before
