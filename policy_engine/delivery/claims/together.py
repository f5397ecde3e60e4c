"""The same act on many claims: read together, judged each by its own rules, written together.

One that cannot be done after all, as only the doing shows, sends the rest back to be done each by itself.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec
from sqlalchemy.orm import Session

from kernel.bulk import gathered
from kernel.errors import DongchuError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.fitness import fitness_of_each
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.review import HISTORY, act, act_on_claim
from policy_engine.delivery.claims.separation import Action, check_may_act, require_open_file
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.ports import Ports

LARGEST_BATCH = 200


class BatchOutcome(msgspec.Struct, frozen=True):
    """What became of one claim of a batch; ``problem`` is empty when it was done."""

    claim_id: uuid.UUID
    state: str
    problem: str = ""


_Outcomes: TypeAlias = dict[uuid.UUID, BatchOutcome]


def decide_batch(
    session: Session,
    ports: Ports,
    *,
    claim_ids: Sequence[uuid.UUID],
    principal: Principal,
    action: Action,
    reason: str,
    now: datetime,
) -> list[BatchOutcome]:
    """The same act on many claims, each by its own rules; those that cannot be done stay as they were."""
    if len(claim_ids) > LARGEST_BATCH:
        raise InvalidInput(_("一次最多办理 %(count)d 件。", count=LARGEST_BATCH))
    wanted = sorted(set(claim_ids))
    fit, outcomes = _fit_among(session, ports, wanted, principal, action, now=now)
    try:
        with session.begin_nested(), gathered(session, *HISTORY):
            for claim, seat in fit:
                act(session, ports, claim, seat, principal, action, reason, now=now)
        done = {claim.id: BatchOutcome(claim.id, claim.state) for claim, _seat in fit}
    except DongchuError:
        ids = [claim.id for claim, _seat in fit]
        done = _each_by_itself(session, ports, ids, principal, action, reason, now=now)
    outcomes |= done
    return [outcomes[claim_id] for claim_id in wanted]


def _fit_among(
    session: Session,
    ports: Ports,
    claim_ids: Sequence[uuid.UUID],
    principal: Principal,
    action: Action,
    *,
    now: datetime,
) -> tuple[list[tuple[Claim, SeatView]], _Outcomes]:
    """Those on which the person may act, with the seat, and why not on the rest.

    All are locked first: what the first of them books is held until the end, and whoever decides one of the others wants
    it too.
    """
    claims = {one.id: one for one in repository.lock_claims(session, claim_ids)}
    fitness = fitness_of_each(session, ports, claims.values(), now=now)
    waiting = repository.open_opinions_of_each(session, claim_ids)
    fit: list[tuple[Claim, SeatView]] = []
    refused: _Outcomes = {}
    for claim_id in claim_ids:
        try:
            claim = require_open_file(session, claims.get(claim_id), principal)
            seat = check_may_act(
                session,
                ports,
                claim,
                present_stage(claim),
                principal,
                action,
                now=now,
                fitness=fitness[claim_id],
                waiting=waiting.get(claim_id, ()),
            )
        except DongchuError as problem:
            refused[claim_id] = BatchOutcome(claim_id, "", problem.detail)
        else:
            fit.append((claim, seat))
    return fit, refused


def _each_by_itself(
    session: Session,
    ports: Ports,
    claim_ids: Sequence[uuid.UUID],
    principal: Principal,
    action: Action,
    reason: str,
    *,
    now: datetime,
) -> _Outcomes:
    outcomes: _Outcomes = {}
    for claim_id in claim_ids:
        try:
            with session.begin_nested():
                claim = act_on_claim(
                    session,
                    ports,
                    claim_id=claim_id,
                    principal=principal,
                    action=action,
                    reason=reason,
                    now=now,
                )
        except DongchuError as problem:
            outcomes[claim_id] = BatchOutcome(claim_id, "", problem.detail)
        else:
            outcomes[claim_id] = BatchOutcome(claim_id, claim.state)
    return outcomes
