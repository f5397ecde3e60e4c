"""Where a claim stands in its stage map, and what it waits for there."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kernel.clock import business_date
from kernel.working_days import add_working_days
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.terms import Outcome, Stage

WAITS_FOR: dict[Outcome, ClaimState] = {
    "accept": ClaimState.SUBMITTED,
    "joint_review": ClaimState.JOINT_REVIEW,
    "decide": ClaimState.REVIEW,
}


def stages_of(claim: Claim) -> tuple[Stage, ...]:
    """The map as it stood when the claim began."""
    return msgspec.convert(claim.stages, tuple[Stage, ...])


def present_stage(claim: Claim) -> Stage:
    return stages_of(claim)[claim.stage_index]


def decide_index(stages: Sequence[Stage]) -> int:
    """The stage that decides; every map has one."""
    return next(index for index, stage in enumerate(stages) if stage.outcome == "decide")


def enter_stage(claim: Claim, index: int, *, now: datetime) -> None:
    """Stand at a stage with a fresh clock in working days."""
    stage = stages_of(claim)[index]
    claim.stage_index = index
    claim.stage_entered_at = now
    claim.stage_due_on = add_working_days(business_date(now), stage.working_days)
