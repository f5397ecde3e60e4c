"""A feed that would stop more than one right in two hundred a day waits for a person."""

import pytest

from kernel.errors import Conflict, Forbidden
from kernel.outbox import Worker
from policy_engine.delivery import service
from policy_engine.delivery.awards.losses import ORDINARY, Outcome, measure
from policy_engine.delivery.awards.models import Award, LossDay
from tests.policy_engine.delivery.city import Office, clerk, decider


def many(office: Office, count: int) -> list[int]:
    """So many rights in force."""
    office.budget(100_000_000)
    people = list(range(2_001, 2_001 + count))
    for subject_id in people:
        office.grant(office.claimed(subject_id=subject_id))
    return people


def lose(office: Office, people: list[int]) -> None:
    for subject_id in people:
        office.town.lose("nursing", subject_id)
        office.reconcile(office.effect(subject_id=subject_id, sequence=40, verdict="ineligible"))


def work(office: Office) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(
        office.database,
        office.clock,
        {"award.ended": lambda _message: None, **handlers},
    ).run_until_idle()


def states(office: Office) -> list[str]:
    with office.database.read() as session:
        return sorted(one.state for one in session.query(Award))


def decide(office: Office, outcome: Outcome) -> None:
    with office.database.write() as session:
        service.decide_losses(
            session,
            policy_id="nursing",
            day=office.clock.today(),
            principal=decider(),
            outcome=outcome,
            reason="与残联核对过",
            now=office.now,
        )


def test_the_measure_is_half_a_per_cent_and_never_less_than_ordinary_work() -> None:
    assert [measure(live) for live in (0, 100, 1_000, 1_200, 40_000)] == [ORDINARY, ORDINARY, 5, 6, 200]


def test_ordinary_losses_are_heard_one_by_one(office: Office) -> None:
    lose(office, many(office, ORDINARY)[:ORDINARY])
    work(office)
    assert states(office) == ["suspected"] * ORDINARY


def test_too_many_in_a_day_stop_nobody_until_a_person_looked(office: Office) -> None:
    lose(office, many(office, ORDINARY + 2))
    work(office)
    assert states(office) == ["active"] * (ORDINARY + 2)
    with office.database.read() as session:
        [day] = session.query(LossDay).all()
        assert (day.state, day.loss_count, day.live_count) == ("held", ORDINARY + 2, ORDINARY + 2)
    decide(office, "carried_out")
    work(office)
    assert states(office) == ["suspected"] * (ORDINARY + 2)


def test_a_feed_that_was_wrong_is_dismissed_once(office: Office) -> None:
    people = many(office, ORDINARY + 1)
    lose(office, people)
    work(office)
    with pytest.raises(Forbidden), office.database.write() as session:
        service.decide_losses(
            session,
            policy_id="nursing",
            day=office.clock.today(),
            principal=clerk(),
            outcome="dismissed",
            reason="x",
            now=office.now,
        )
    decide(office, "dismissed")
    work(office)
    lose(office, people[:1])
    assert states(office) == ["active"] * (ORDINARY + 1)
    with pytest.raises(Conflict):
        decide(office, "carried_out")
