"""What may follow what in the life of a policy version."""

import pytest

from kernel.errors import IllegalTransition
from policy_engine.policies.states import STATE_LABELS, PolicyState, actions_from, after


def test_the_way_from_draft_to_publication() -> None:
    state = PolicyState.DRAFT
    for action in ("submit", "approve", "publish", "widen"):
        state = after(state, action)
    assert state is PolicyState.PUBLISHED


def test_a_draft_cannot_be_published_directly() -> None:
    with pytest.raises(IllegalTransition, match="草稿"):
        after(PolicyState.DRAFT, "publish")


@pytest.mark.parametrize("state", [PolicyState.RECALLED, PolicyState.SUPERSEDED])
def test_nothing_follows_the_end(state: PolicyState) -> None:
    assert actions_from(state) == ()


def test_nothing_published_goes_back_to_draft() -> None:
    assert "send_back" not in actions_from(PolicyState.PUBLISHED)


def test_every_state_has_a_label() -> None:
    assert set(STATE_LABELS) == set(PolicyState)
