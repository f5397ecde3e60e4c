"""Purging takes what is over and leaves what lives."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from identity.accounts.models import LoginEvent
from identity.jobs import BATCH, KEEP_ATTEMPTS, purge_expired
from kernel.house import House
from kernel.ids import new_id
from tests.identity.conftest import City
from tests.identity.relying_party import TokenClient, mini_attempt, obtain_code


def test_only_what_has_expired_is_purged(own_city: City) -> None:
    attempt, client = mini_attempt(), TokenClient(own_city.issuer)
    tokens = client.redeem(attempt, obtain_code(own_city.surfer(), attempt)["code"]).json()
    assert purge_expired(own_city.house) == 0
    own_city.clock.move(timedelta(minutes=5))
    assert purge_expired(own_city.house) == 1  # the code
    assert client.refresh(tokens["refresh_token"]).status_code == 200
    own_city.clock.move(timedelta(hours=13))
    assert purge_expired(own_city.house) == 3  # both refresh tokens and the browser's session
    assert purge_expired(own_city.house) == 0


def test_attempts_to_sign_in_are_kept_for_two_years_and_then_deleted_in_batches(any_house: House) -> None:
    """Those at accounts that do not exist too: they hold an address and a device."""
    house, now = any_house, any_house.clock.now()

    def attempt(at: datetime) -> dict[str, object]:
        return {
            "event_id": new_id(),
            "subject_id": None,
            "at": at,
            "is_success": False,
            "address_sealed": b"sealed",
            "address_index": b"index",
            "device": "Edge · Windows",
            "device_index": None,
            "method": "pwd",
        }

    hour, old, young = timedelta(hours=1), now - KEEP_ATTEMPTS, [now, now - timedelta(days=183)]
    with house.database.write() as session:
        rows = [attempt(old - hour) for _ in range(BATCH + 20)] + [attempt(at) for at in (*young, old + hour)]
        session.execute(sa.insert(LoginEvent), rows)
    assert timedelta(days=183) < KEEP_ATTEMPTS
    assert [purge_expired(house) for _ in range(3)] == [BATCH, 20, 0]
    with house.database.read() as session:
        assert set(session.scalars(sa.select(LoginEvent.at))) == {*young, old + hour}
