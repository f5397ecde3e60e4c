"""What stands on which status, and in which order it can be worked out."""

import pytest

from policy_engine.policies.dependencies import StatusLoop, mentioned, status_of, statuses_used, strata
from tests.policy_engine.policies.documents import benefit, clause, status

ELDERLY = status()
FRAIL = status(
    id="trial-frail",
    status={"name": "体弱老人", "nature": "definition"},
    eligibility=[clause("老年人 and 需要长期照护")],
)
ALLOWANCE = benefit(eligibility=[clause("体弱老人")])


def test_status_is_worked_out_before_what_stands_on_it() -> None:
    levels = strata([ALLOWANCE, FRAIL, ELDERLY])
    assert levels == {("trial-status", 1): 0, ("trial-frail", 1): 1, ("trial-allowance", 1): 2}


def test_ring_of_statuses_is_named_in_order() -> None:
    first = status(eligibility=[clause("体弱老人")])
    with pytest.raises(StatusLoop) as caught:
        strata([first, FRAIL])
    assert caught.value.ring in {("老年人", "体弱老人", "老年人"), ("体弱老人", "老年人", "体弱老人")}


def test_status_that_stands_on_itself_is_a_ring() -> None:
    with pytest.raises(StatusLoop):
        strata([status(eligibility=[clause("not(老年人)")])])


def test_name_inside_a_string_is_no_dependency() -> None:
    assert "老年人" not in mentioned(benefit(eligibility=[clause('就业状态 = "老年人"')]))


def test_status_of_the_household_is_seen_through_its_relation() -> None:
    poor = status_of(
        status(
            audience="household",
            status={
                "name": "推定低保家庭",
                "nature": "presumed",
                "attribute": "household.is_dibao",
                "invitation": "可以申请核对。",
            },
        )
    )
    assert poor is not None
    assert statuses_used(benefit(eligibility=[clause("家庭.推定低保家庭")]), [poor]) == (poor,)


def test_recognised_status_is_a_fact_and_not_computed() -> None:
    recognised = status(
        audience="household",
        status={"name": "低保家庭", "nature": "recognised", "attribute": "household.is_dibao"},
    )
    assert status_of(recognised) is None
