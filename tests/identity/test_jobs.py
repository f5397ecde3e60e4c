"""Purging takes what is over and leaves what lives."""

from datetime import timedelta

from identity.jobs import purge_expired
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
