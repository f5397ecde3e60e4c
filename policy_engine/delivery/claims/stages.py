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


def stages_for(stages: Sequence[Stage], amount_fen: int | None) -> tuple[Stage, ...]:
    """The posts and signatures that a claim of this amount has to pass; an amount not known yet passes all."""

    def counts(above_fen: int | None) -> bool:
        return above_fen is None or amount_fen is None or amount_fen > above_fen

    return tuple(
        msgspec.structs.replace(stage, joint=tuple(one for one in stage.joint if counts(one.above_fen)))
        for stage in stages
        if counts(stage.above_fen)
    )


def enter_stage(claim: Claim, index: int, *, now: datetime) -> None:
    """Stand at a stage with a fresh clock in working days; whatever was signed or handed on there before is over."""
    stage = stages_of(claim)[index]
    claim.stage_index = index
    claim.visit += 1
    claim.assignments = {}
    claim.stage_entered_at = now
    claim.stage_due_on = add_working_days(business_date(now), stage.working_days)
