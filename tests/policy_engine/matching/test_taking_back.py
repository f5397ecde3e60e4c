"""What is said when a policy is recalled or revoked reaches everybody who had been told of it."""

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.house import House
from kernel.notices.models import Notice
from policy_engine.delivery.offers.models import Offer
from policy_engine.policies.states import FULL_PERMILLE, PolicyState
from tests.conftest import NOON
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit

POLICY = benefit(id="elder-grant")


@pytest.mark.parametrize(
    ("state", "action", "said"),
    [
        (PolicyState.RECALLED, "recall", ["我们很抱歉", "标准写错了一位"]),
        (PolicyState.REVOKED, "revoke", ["已经废止", "标准写错了一位"]),
    ],
)
def test_the_words_of_whoever_takes_a_policy_back_reach_the_people(
    house: House, state: PolicyState, action: str, said: list[str]
) -> None:
    works = Works(house, FixedClock(NOON))
    works.add("household", 900, 900, hukou_division="420222100")
    works.add("person", 901, 900, birth_date="1930-01-01", hukou_division="420222100")
    works.publish(POLICY, permille=FULL_PERMILLE)
    works.work()
    works.set_state(POLICY.id, POLICY.version, state, action, note="标准写错了一位")
    works.work()
    with house.database.read() as session:
        offer = session.scalars(sa.select(Offer)).one()
        body = session.scalars(sa.select(Notice.body).where(Notice.kind == "offer.withdrawn")).one()
    assert (offer.state, offer.state_reason) == ("withdrawn", "policy_corrected")
    assert all(words in body for words in said)
