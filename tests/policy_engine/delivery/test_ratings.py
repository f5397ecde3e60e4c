"""好差评: voluntary, once, hidden from the handler; a bad one comes back as a task with a clock and an answer."""

from datetime import timedelta

import pytest

from kernel import notices
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from policy_engine.delivery import views
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ratings import service
from policy_engine.delivery.ratings.figures import figures_of
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.ratings.repository import Tally
from policy_engine.delivery.ratings.schemas import RatingTask
from tests.policy_engine.delivery.city import (
    DECIDER,
    GRANDMOTHER,
    SECOND_DECIDER,
    STRANGER,
    Office,
    clerk,
    decider,
    official,
    person,
)


def rate(
    office: Office, claim: Claim, grade: int = 1, principal: Principal | None = None, words: str = "跑了三趟"
) -> Rating:
    with office.database.write() as session:
        return service.rate(
            session,
            office.ports,
            claim_id=claim.id,
            principal=principal or person(GRANDMOTHER),
            grade=grade,
            words=words,
            may_be_called=False,
            now=office.now,
        )


def tasks(office: Office, principal: Principal, state: str = "task") -> list[RatingTask]:
    with office.database.read() as session:
        return views.rating_tasks(session, office.ports, principal, state=state, now=office.now)


def answer(office: Office, rating: Rating, principal: Principal, text: str = "已向您致歉并改进") -> None:
    with office.database.write() as session:
        service.answer_rating(
            session, rating_id=rating.id, principal=principal, is_founded=True, answer=text, now=office.now
        )


def test_only_its_own_people_rate_a_finished_claim_once(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(IllegalTransition):
        rate(office, claim)
    office.grant(claim)
    with pytest.raises(NotFound):
        rate(office, claim, principal=person(STRANGER))
    with pytest.raises(Forbidden):
        rate(office, claim, 5, principal=clerk())
    with pytest.raises(InvalidInput):
        rate(office, claim, 6)
    rate(office, claim, 5)
    with pytest.raises(Conflict):
        rate(office, claim, 1)
    with office.database.read() as session:
        detail = views.claim_detail(session, office.ports, claim.id, person(GRANDMOTHER), now=office.now)
        at_counter = views.claim_detail(session, office.ports, claim.id, clerk(), now=office.now)
    assert (detail.rating is not None, detail.may_rate) == (True, False)
    assert (at_counter.rating, at_counter.may_rate) == (None, False)


def test_a_bad_word_is_answered_by_somebody_who_had_no_hand_in_it(office: Office) -> None:
    office.town.officials = [decider(), decider(SECOND_DECIDER), clerk()]
    claim = office.grant(office.claimed())
    rating = rate(office, claim)
    assert tasks(office, decider()) == []
    with pytest.raises(Forbidden):
        tasks(office, clerk())
    (task,) = tasks(office, decider(SECOND_DECIDER))
    assert (task.grade, task.words, task.caller, task.working_days_left) == (1, "跑了三趟", "", 5)
    with office.database.read() as session:
        assert "rating.task" not in {one.kind for one in notices.inbox(session, DECIDER)}
        assert "rating.task" in {one.kind for one in notices.inbox(session, SECOND_DECIDER)}
    for handler in (decider(), clerk(), official(SECOND_DECIDER, "claim.decide", division="429000")):
        with pytest.raises(NotFound):
            answer(office, rating, handler)
    with pytest.raises(InvalidInput):
        answer(office, rating, decider(SECOND_DECIDER), " ")
    answer(office, rating, decider(SECOND_DECIDER))
    with pytest.raises(IllegalTransition):
        answer(office, rating, decider(SECOND_DECIDER))
    with office.database.read() as session:
        assert "rating.answered" in {one.kind for one in notices.inbox(session, GRANDMOTHER)}
        detail = views.claim_detail(session, office.ports, claim.id, person(GRANDMOTHER), now=office.now)
    assert detail.rating is not None
    assert detail.rating.answer == "已向您致歉并改进"


def test_a_late_task_is_reminded_of_once(office: Office) -> None:
    office.town.officials = [decider(SECOND_DECIDER)]
    rate(office, office.grant(office.claimed()))
    office.clock.move(timedelta(days=20))
    with office.database.write() as session:
        assert service.remind_of_ratings(session, office.ports, now=office.now) == 1
        assert service.remind_of_ratings(session, office.ports, now=office.now) == 0


def test_groups_too_small_to_hide_anybody_have_no_figures() -> None:
    few, many = figures_of(
        [Tally("a", "民政局", 1, 4, 2, 1), Tally("b", "民政局", 5, 3, 0, 0), Tally("b", "民政局", 2, 2, 1, 0)]
    )
    assert (few.count, few.grades, few.open_tasks) == (None, (), None)
    assert (many.count, many.grades, many.satisfied_permille) == (5, (0, 2, 0, 0, 3), 600)
