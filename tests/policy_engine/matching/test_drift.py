"""Drift is what differs at equal facts and day, and nothing that newer facts or a later day explain."""

from datetime import date, timedelta

import pytest

from kernel.house import House
from policy_engine.matching import repository
from policy_engine.matching.bulk import match_city
from policy_engine.matching.drift import Drift, Holding, compare
from policy_engine.matching.effects import MatchEffect, Verdict
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.snapshot import from_database
from tests.policy_engine.matching.test_incremental import Home
from tests.policy_engine.matching.town import AS_OF
from tests.policy_engine.policies.documents import benefit

TRIAL = publish_documents([(benefit(id="trial"), "official")])


@pytest.fixture
def home(house: House) -> Home:
    """One member above sixty, one below, kept as the chain left them."""
    home = Home(house, TRIAL)
    home.say("person.birth_date", "1940-01-01", 0)
    home.say("person.birth_date", "1990-01-01", 1)
    return home


def drift_of(home: Home, published: PublishedSet = TRIAL, as_of: date = AS_OF) -> Drift:
    with home.house.database.read() as session:
        snapshot = from_database(session, as_of)
        result = match_city(snapshot, published, as_of)
        return compare(session, result, policy_ids=["trial"], sequence=snapshot.sequence, as_of=as_of)


def keep(
    home: Home, member: int, verdict: Verdict, *, more_facts: int = 0, as_of: date = AS_OF, fen: int = 10_000
) -> None:
    """Something wrong in the store."""
    with home.house.database.write() as session:
        effect = MatchEffect(
            policy_id="trial",
            version=1,
            subject_id=home.members[member],
            unit_id=home.members[member],
            verdict=verdict,
            amount_fen=fen if verdict == "eligible" else None,
            sequence=from_database(session, AS_OF).sequence + more_facts,
            as_of=as_of,
        )
        repository.keep(session, [effect])


def holding(home: Home, member: int, fen: int = 10_000) -> Holding:
    return Holding("trial", home.members[member], home.members[member], fen)


def test_the_chain_and_the_columns_agree(home: Home) -> None:
    assert not drift_of(home)


def test_a_match_that_only_the_store_has_is_drift(home: Home) -> None:
    keep(home, 1, "eligible")
    assert drift_of(home) == Drift((holding(home, 1),), ())


def test_a_match_that_the_store_has_lost_is_drift_and_is_logged(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    keep(home, 0, "ineligible")
    assert drift_of(home) == Drift((), (holding(home, 0),))
    assert "drift at sequence" in caplog.text


def test_another_amount_is_drift(home: Home) -> None:
    keep(home, 0, "eligible", fen=20_000)
    assert drift_of(home) == Drift((holding(home, 0, 20_000),), (holding(home, 0),))


def test_what_newer_facts_say_is_no_drift(home: Home) -> None:
    keep(home, 1, "eligible", more_facts=1)
    assert not drift_of(home)


def test_what_a_later_day_says_is_no_drift(home: Home) -> None:
    keep(home, 1, "eligible", as_of=AS_OF + timedelta(days=1))
    assert not drift_of(home)
