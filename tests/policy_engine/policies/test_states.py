"""What may follow what in the life of a policy version."""

from datetime import date

import pytest

from kernel.errors import IllegalTransition
from policy_engine.policies.states import STATE_LABELS, Action, PolicyState, actions_from, after, state_on

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
WAY: tuple[Action, ...] = (
    "submit",
    "review",
    "verify",
    "shadow",
    "fund",
    "approve",
    "publish",
    "widen",
    "suspend",
    "resume",
    "revoke",
    "evaluate",
    "archive",
)


def test_the_way_from_draft_to_archive() -> None:
    state = PolicyState.DRAFT
    for action in WAY:
        state = after(state_on(state, FIRST, LAST, FIRST), action)
    assert state is PolicyState.ARCHIVED


@pytest.mark.parametrize("action", ["review", "verify", "approve", "publish"])
def test_no_step_is_left_out(action: Action) -> None:
    with pytest.raises(IllegalTransition, match="草稿"):
        after(PolicyState.DRAFT, action)


@pytest.mark.parametrize("state", [PolicyState.RECALLED, PolicyState.REVOKED, PolicyState.SUPERSEDED])
def test_what_has_ended_is_evaluated_and_nothing_else(state: PolicyState) -> None:
    assert actions_from(state) == ("evaluate",)


def test_nothing_follows_the_archive() -> None:
    assert actions_from(PolicyState.ARCHIVED) == ()


@pytest.mark.parametrize("state", [PolicyState.PUBLISHED, PolicyState.EFFECTIVE, PolicyState.EXPIRED])
def test_nothing_published_goes_back_to_draft(state: PolicyState) -> None:
    assert "send_back" not in actions_from(state)


@pytest.mark.parametrize(
    ("stored", "day", "state"),
    [
        ("published", date(2025, 12, 31), "published"),
        ("published", FIRST, "effective"),
        ("published", LAST, "effective"),
        ("published", date(2027, 1, 1), "expired"),
        ("suspended", LAST, "suspended"),
        ("suspended", date(2027, 1, 1), "expired"),
        ("recalled", date(2027, 1, 1), "recalled"),
        ("draft", date(2027, 1, 1), "draft"),
    ],
)
def test_first_and_last_day_need_no_clock_to_strike(stored: str, day: date, state: str) -> None:
    assert state_on(stored, FIRST, LAST, day) == state


def test_every_state_has_a_label() -> None:
    assert set(STATE_LABELS) == set(PolicyState)
