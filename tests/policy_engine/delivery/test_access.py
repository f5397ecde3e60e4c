import msgspec
import pytest

from kernel.web.principal import Principal
from policy_engine.delivery.access import may_act_at, may_approve_payments, relation_to, sees_claim
from tests.policy_engine.delivery.city import (
    AGENT,
    BABY,
    DAUGHTER,
    FIRM,
    GRANDMOTHER,
    MOTHER,
    OTHER_FIRM,
    STRANGER,
    STREET,
    THREE_STAGES,
    agent,
    clerk,
    decider,
    federation,
    finance,
    official,
    person,
)

ACCEPT, FEDERATION_STAGE, DECIDE = THREE_STAGES


@pytest.mark.parametrize(
    ("principal", "subject_id", "relation"),
    [
        (person(GRANDMOTHER), GRANDMOTHER, "self"),
        (person(MOTHER), BABY, "guardian"),
        (person(DAUGHTER, acting_for=GRANDMOTHER), GRANDMOTHER, "proxy"),
        (agent(AGENT, FIRM), FIRM, "enterprise"),
        (clerk(), GRANDMOTHER, "counter"),
        (person(STRANGER), GRANDMOTHER, None),
        (person(DAUGHTER), GRANDMOTHER, None),
        (person(DAUGHTER, acting_for=GRANDMOTHER), DAUGHTER, None),
        (agent(AGENT, FIRM), OTHER_FIRM, None),
        (agent(AGENT, FIRM), AGENT, None),
        (official(1, "counter.assist", division="420281"), GRANDMOTHER, None),
        (official(1, "claim.decide"), GRANDMOTHER, None),
    ],
)
def test_in_which_role_somebody_stands(principal: Principal, subject_id: int, relation: str | None) -> None:
    wards = frozenset({BABY}) if principal.subject_id == MOTHER else frozenset()
    assert relation_to(principal, subject_id, wards=wards, division=STREET) == relation


@pytest.mark.parametrize(
    ("principal", "stage", "may"),
    [
        (clerk(), ACCEPT, True),
        (clerk(), DECIDE, False),
        (federation(), FEDERATION_STAGE, True),
        (official(1, "claim.joint_review", department="人社局"), FEDERATION_STAGE, False),
        (decider(), DECIDE, True),
        (official(1, "claim.decide", division="420200"), DECIDE, True),
        (official(1, "claim.decide", division="420204"), DECIDE, False),
        (official(1, "claim.decide", division=STREET), DECIDE, False),
        (official(1, "claim.accept", division="420203008"), ACCEPT, False),
        (person(GRANDMOTHER), ACCEPT, False),
    ],
)
def test_a_seat_acts_by_duty_and_division_and_stage(principal: Principal, stage: object, may: bool) -> None:
    assert may_act_at(principal, msgspec.convert(stage, type(ACCEPT)), STREET) is may


def test_a_file_opens_only_for_seats_that_work_on_it() -> None:
    assert sees_claim(decider(), THREE_STAGES, STREET)
    assert sees_claim(finance(), THREE_STAGES, STREET)
    assert not sees_claim(official(1, "policy.author"), THREE_STAGES, STREET)
    assert not sees_claim(official(1, "claim.decide", division="420281"), THREE_STAGES, STREET)
    assert not sees_claim(official(1, "claim.joint_review", department="人社局"), THREE_STAGES, STREET)


def test_payments_are_approved_only_in_the_seats_own_division() -> None:
    assert may_approve_payments(finance(), STREET)
    assert not may_approve_payments(official(1, "payment.approve", division="420281"), STREET)
    assert not may_approve_payments(decider(), STREET)
