"""Deciding many claims at once, with open eyes: what was chosen is kept, a random sample must be read, then it is done.

What the official saw is what is decided: the choice lies on our side, and is taken exactly once.
"""

import random
import uuid
from collections.abc import Sequence

import msgspec

from kernel import audit
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery.claims.schemas import ClaimFile, WorkItem
from portals.services import Services
from portals.zhengtong.desk import acts
from portals.zhengtong.words import BATCH_ACTIONS

LARGEST = 200
#: One in ten, at least one: opened by force.
SAMPLE_SHARE = 10
KEPT_SECONDS = 30 * 60.0
DRAWN_SECONDS = 7 * 24 * 3600.0


class PreparedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that waits for its sample to be read."""

    id: uuid.UUID
    official_id: int
    action: str
    reason: str
    claim_ids: tuple[uuid.UUID, ...]
    sample: tuple[uuid.UUID, ...]


class BatchPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What will be done, and the files that must be read first."""

    id: uuid.UUID
    action: str
    reason: str
    items: tuple[WorkItem, ...]
    total_fen: int
    sample: tuple[ClaimFile, ...]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """``problem`` is empty where it was done."""

    claim_id: uuid.UUID
    case_number: str
    state: str
    problem: str


def prepare(
    services: Services,
    principal: Principal,
    claim_ids: Sequence[uuid.UUID],
    action: str,
    reason: str,
    chance: random.Random,
) -> PreparedBatch:
    """Keep the choice and draw the sample. Raises ``InvalidInput`` for nothing chosen, too many, or a refusal."""
    if action not in BATCH_ACTIONS:
        raise InvalidInput(_("批量办理只能受理、建议批准或批准；不予批准须逐件写明理由。"))
    if len(set(claim_ids)) > LARGEST:
        raise InvalidInput(_("一次最多办理 %(count)d 件。", count=LARGEST))
    todo = acts.chosen(services, principal, claim_ids)
    chosen = sorted(item.claim_id for item in todo if item.may_act and item.kind == "stage")
    if not chosen:
        raise InvalidInput(_("请先勾选要办理的申请。"))
    sample = _sample(services, principal, chosen, chance)
    prepared = PreparedBatch(
        id=new_id(),
        official_id=principal.subject_id,
        action=action,
        reason=reason.strip(),
        claim_ids=tuple(chosen),
        sample=sample,
    )
    services.house.ephemeral.put(_key(prepared.id), msgspec.json.encode(prepared), KEPT_SECONDS)
    return prepared


def preview(services: Services, principal: Principal, batch_id: uuid.UUID) -> BatchPreview:
    """The prepared batch with the present state of its claims."""
    prepared = _opened(services.house.ephemeral.get(_key(batch_id)), principal)
    todo = acts.chosen(services, principal, prepared.claim_ids)
    by_id = {item.claim_id: item for item in todo if item.kind == "stage"}
    items = tuple(by_id[claim_id] for claim_id in prepared.claim_ids if claim_id in by_id)
    return BatchPreview(
        id=prepared.id,
        action=prepared.action,
        reason=prepared.reason,
        items=items,
        total_fen=sum(item.amount_fen or 0 for item in items),
        sample=tuple(acts.file_of(services, principal, claim_id) for claim_id in prepared.sample),
    )


def decide(
    services: Services, principal: Principal, batch_id: uuid.UUID, read: Sequence[uuid.UUID]
) -> list[BatchResult]:
    """Do it, once. Raises ``InvalidInput`` while a file of the sample is not marked as read."""
    house = services.house
    prepared = _opened(house.ephemeral.get(_key(batch_id)), principal)
    if not set(prepared.sample) <= set(read):
        raise InvalidInput(_("抽样的申请还没有全部核对，请逐件看过并勾选后再提交。"))
    numbers = {
        item.claim_id: item.case_number for item in acts.chosen(services, principal, prepared.claim_ids)
    }
    if house.ephemeral.take(_key(batch_id)) is None:
        raise Conflict(_("这一批已经提交过，请在待办里查看结果。"))
    with house.database.write() as session:
        outcomes = delivery.decide_batch(
            session,
            services.ports,
            claim_ids=prepared.claim_ids,
            principal=principal,
            action=acts.known_action(prepared.action),
            reason=prepared.reason,
            now=house.clock.now(),
        )
        audit.record(
            session,
            actor=principal,
            action="claim.batch",
            object_kind="claim_batch",
            object_id=prepared.id,
            detail={
                "action": prepared.action,
                "claims": len(outcomes),
                "done": sum(not outcome.problem for outcome in outcomes),
                "sample": [str(claim_id) for claim_id in prepared.sample],
            },
            now=house.clock.now(),
        )
    return [
        BatchResult(
            claim_id=outcome.claim_id,
            case_number=numbers.get(outcome.claim_id, ""),
            state=outcome.state,
            problem=outcome.problem,
        )
        for outcome in outcomes
    ]


def _sample(
    services: Services, principal: Principal, chosen: Sequence[uuid.UUID], chance: random.Random
) -> tuple[uuid.UUID, ...]:
    """Drawn by chance; what was drawn before stays drawn, so that nobody draws until the sample suits."""
    ephemeral, key = services.house.ephemeral, f"zhengtong:drawn:{principal.subject_id}"
    kept = ephemeral.get(key)
    before = set(msgspec.json.decode(kept, type=list[uuid.UUID])) if kept is not None else set()
    size = -(-len(chosen) // SAMPLE_SHARE)
    sample = set(chance.sample(chosen, size)) | (before & set(chosen))
    ephemeral.put(key, msgspec.json.encode(sorted(before | sample)), DRAWN_SECONDS)
    return tuple(sorted(sample))


def _key(batch_id: uuid.UUID) -> str:
    return f"zhengtong:batch:{batch_id}"


def _opened(kept: bytes | None, principal: Principal) -> PreparedBatch:
    """Only for the official who prepared it."""
    prepared = msgspec.json.decode(kept, type=PreparedBatch) if kept is not None else None
    if prepared is None or prepared.official_id != principal.subject_id:
        raise NotFound(_("这一批已失效或已经提交，请回到待办重新勾选。"))
    return prepared
