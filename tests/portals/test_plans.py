"""With a million claims in the store nobody waits for a walk through all of them: what is asked for every claim, payment,
death and page is found by an index. SQLite keeps no figures of its tables, so it plans here as it does in a whole city."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from benchmarks.at_city_size import heard
from kernel.database import Database
from policy_engine.delivery.accounts import repository as accounts
from policy_engine.delivery.awards import repository as awards
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims import waiting
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.oversight import evidence
from policy_engine.delivery.payments import line, listing
from policy_engine.delivery.payments import repository as payments
from policy_engine.delivery.payments.models import PaymentBatch
from policy_engine.delivery.ratings import repository as ratings
from policy_engine.delivery.states import PaymentState
from policy_engine.delivery.views import rights
from policy_engine.profiles import repository as profiles
from portals.zhengtong.counter import repository as counter

TODAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
YEAR = (date(2026, 1, 1), date(2027, 1, 1))
STREET, CITY = "420203007", "420200"
LARGE = {
    "profile",
    "offer",
    "claim",
    "claim_stage_decision",
    "award",
    "payment",
    "payee_account",
    "fact_change",
}
RESERVED, PAID = PaymentState.RESERVED, PaymentState.PAID
AN_ID = uuid.UUID(int=7)


def _in_question(of: Callable[[], sa.ColumnElement[bool]], session: Session) -> object:
    return awards.in_question(session, CITY, of(), 200)


def _at_a_desk(division: str) -> waiting.Fits:
    return waiting.Fits(desks=['["claim.accept",9,""]', '["claim.decide",6,"民政局"]'], division=division)


def _in_the_city(state: PaymentState) -> listing.Fits:
    return listing.Fits(division=CITY, states=(state,))


ASKED: dict[str, Callable[[Session], object]] = {
    "rights of a unit": lambda s: awards.awards_on_unit(s, ["a", "b"], 1),
    "its latest right": lambda s: awards.latest_on(s, "a", 1),
    "units that have a right": lambda s: offers.units_awarded(s, ["a"], [1, 2]),
    "how often granted": lambda s: awards.times_granted(s, "a", "unit", [1, 2], YEAR),
    "rights of the dead": lambda s: awards.lock_live_of_subject(s, 1),
    "rights lost on a day": lambda s: awards.lock_loss_day(s, "a", TODAY),
    "rights that would be raised": lambda s: awards.lock_raised(s, "a", 200),
    "who is paid into an account": lambda s: accounts.people_paid_into(s, b"1"),
    "open claims on a unit": lambda s: claims.open_claims_on(s, ["a"], 1),
    "units under a claim": lambda s: claims.units_under_claim(s, [("a", 1), ("a", 2)]),
    "many units under a claim": lambda s: claims.units_under_claim(s, [("a", unit) for unit in range(1, 40)]),
    "other offers of a unit": lambda s: offers.lock_rival_offers(
        s, Offer(id=AN_ID, policy_id="a", unit_id=1)
    ),
    "offers that lapse": lambda s: offers.lock_lapsed(s, TODAY, 300),
    "unreached in a street": lambda s: counter.unopened(s, STREET, before=NOW, limit=200),
    "desks of the city": waiting.known_desks,
    "unreached in the city by policy": lambda s: counter.policies_unopened(s, CITY, before=NOW),
    "waiting in a street": lambda s: waiting.waiting_at(s, _at_a_desk(STREET), limit=50),
    "waiting in the city": lambda s: waiting.waiting_at(s, _at_a_desk(CITY), limit=50),
    "how much waits in the city": lambda s: waiting.counted(
        s, _at_a_desk(CITY), overdue_until=TODAY, soon_until=TODAY
    ),
    "payments to approve": lambda s: listing.listed(s, _in_the_city(RESERVED), limit=100),
    "payments to approve, added up": lambda s: listing.groups(s, _in_the_city(RESERVED)),
    "payments that arrived": lambda s: listing.listed(s, _in_the_city(PAID), limit=100, is_newest_first=True),
    "how far batches have come": lambda s: listing.settled_of_batches(s, [AN_ID]),
    "payments of a batch": lambda s: listing.listed(s, listing.Fits(batch_id=AN_ID), limit=100),
    "a run gathered": lambda s: payments.lock_for_run(s, CITY, "a", "2026-11", official_id=1, concerned=[2]),
    "put into a run": lambda s: payments.gather(s, PaymentBatch(id=AN_ID), [AN_ID]),
    "payments to a unit": lambda s: payments.regular_payments_on(s, ["a"], 1),
    "what an official granted to kin": lambda s: evidence.granted_to(s, 1, [2, 3]),
    "bad ratings for others": lambda s: ratings.tasks_for(s, CITY, 1, "task", 100),
    "changed since the snapshot": lambda s: list(profiles.rows_since(s, 0, "person")),
    **{f"rights in question: {name}": partial(_in_question, of) for name, of in rights.QUESTIONS.items()},
}
#: What sorts all that waits in a city by its numbers alone, or counts it, by an index that has everything asked for.
ONLY_BY_INDEX = {"waiting in a street", "waiting in the city", "payments to approve", "payments of a batch"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty one: SQLite plans the same way for any other."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'city.db'}")
    database.create_all()
    yield database
    database.close()


@pytest.mark.parametrize("name", ASKED)
def test_nothing_walks_through_a_whole_table(name: str, city: Database) -> None:
    for table, how in _plans(city, ASKED[name]):
        assert not (table in LARGE and how.startswith("SCAN")), how


@pytest.mark.parametrize("name", sorted(ONLY_BY_INDEX))
def test_long_lists_are_sorted_without_reading_what_is_in_them(name: str, city: Database) -> None:
    assert any("USING COVERING INDEX" in how for _table, how in _plans(city, ASKED[name]))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("who is paid into an account", "ix_claim_account_id"),
        ("who is paid into an account", "ix_award_account_id"),
        ("open claims on a unit", "ix_claim_unit_id"),
        ("units under a claim", "ix_claim_unit_id"),
        ("many units under a claim", "ix_claim_unit_id"),
        ("other offers of a unit", "ix_offer_unit_id"),
        ("payments to a unit", "uq_payment_policy_id_unit_id_period"),
        ("a run gathered", "ix_claim_stage_decision_official_id"),
        ("rights in question: died", "ix_award_state_end_reason"),
        ("rights in question: amount", "ix_award_rematched_in_division"),
        ("rights that would be raised", "ix_award_rematched"),
        ("offers that lapse", "ix_offer_state_lapses_on"),
        ("unreached in a street", "ix_offer_unopened"),
        ("changed since the snapshot", "ix_profile_sequence"),
        ("rights lost on a day", "uq_award_live_policy_id_unit_id"),
    ],
)
def test_few_among_many_are_found_by_what_makes_them_few(name: str, index: str, city: Database) -> None:
    assert any(index in how for _table, how in _plans(city, ASKED[name]))


def test_the_planner_is_told_which_states_are_asked_for(city: Database) -> None:
    """What PostgreSQL plans for any value it plans for common ones: of whom nobody waits, it would go through everybody."""
    with heard(city) as asked, city.read() as session:
        assert not line.has_waiting(session, Budget(policy_id="a"), today=TODAY)
    ((text, values),) = asked
    assert "'awaiting_funds', 'waitlisted'" in text
    assert tuple(values) == ("a",)


def _plans(city: Database, work: Callable[[Session], object]) -> Iterator[tuple[str, str]]:
    """(table, how it is read) of every statement of a piece of work."""
    with city.engine.connect() as connection:
        with heard(city) as asked, Session(connection) as session:
            session.execute(
                sa.text("INSERT INTO fact_sequence (name, value) VALUES ('facts', 1)")
            )  # something changed
            work(session)
            session.rollback()
        driver: Any = connection.connection.driver_connection
        for text, values in asked:
            if text.startswith(("SELECT", "UPDATE", "DELETE")):
                for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", values):
                    words = row[3].split()
                    yield words[1] if len(words) > 1 else "", row[3]
