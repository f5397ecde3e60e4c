"""Claims for programs: the same to-do list, file, acts and batches as on the pages."""

import uuid
from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from kernel.web.principal import Principal
from policy_engine.delivery.claims.schemas import ClaimFile, WorkItem
from policy_engine.delivery.views import WorkFilter
from policy_engine.matching.explanation import Explanation
from portals.services import Services
from portals.shared import ages
from portals.shared.records import download
from portals.zhengtong.desk import acts, batching
from portals.zhengtong.desk.asking import answer_on
from portals.zhengtong.desk.batches import CHANCE
from portals.zhengtong.desk.facts import NamedFact, named_facts
from portals.zhengtong.visit import Given, Said

Reason = Annotated[str, msgspec.Meta(max_length=2000)]


class DeskFile(msgspec.Struct, frozen=True, kw_only=True):
    """A claim's file, its facts named by the catalogue."""

    file: ClaimFile
    facts: list[NamedFact]


class ReviewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``action``: accept, return_for_supplement, recommend, advise_against, grant or refuse."""

    action: str
    reason: Reason = ""
    amount_fen: Annotated[int, msgspec.Meta(gt=0, lt=10**14)] | None = None


class ReasonRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class OutcomeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``outcome``: uphold or overturn for an appeal, dismiss or sustain for an objection."""

    outcome: str
    reason: Reason


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    claim_ids: Annotated[list[uuid.UUID], msgspec.Meta(max_length=batching.LARGEST)]
    action: str
    reason: Reason = ""


class BatchDecisionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``read``: the claims of the sample whose files were read."""

    read: Annotated[list[uuid.UUID], msgspec.Meta(max_length=batching.LARGEST)]


@get(
    "/claims",
    sync_to_thread=True,
    tags=["claims"],
    summary="The claims that wait at the seat's stage: narrowed by policy, clock (overdue, soon, held) and `q` (number or name)",
)
def list_work(
    services: Given,
    principal: Said,
    policy: FromQuery[str] = "",
    clock: FromQuery[str] = "",
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "due",
    offset: FromQuery[int] = 0,
    count: FromQuery[int] = acts.MOST_LISTED,
) -> tuple[WorkItem, ...]:
    wanted = WorkFilter(policy=policy, clock=clock, words=q, sort=sort)
    limit = max(1, min(count, acts.MOST_LISTED))
    return acts.to_do(services, principal, wanted, limit=limit, offset=max(0, offset)).items


@get("/claims/{claim_id:uuid}", sync_to_thread=True, tags=["claims"], summary="A claim's whole file")
def read_file(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> DeskFile:
    return desk_file(services, principal, claim_id)


@get(
    "/claims/{claim_id:uuid}/sources",
    sync_to_thread=True,
    tags=["claims"],
    summary="How old the data behind a claim are, source by source",
)
def read_sources(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> tuple[ages.DataAge, ...]:
    acts.file_of(services, principal, claim_id)
    return ages.of_claim(services, claim_id)


@get(
    "/claims/{claim_id:uuid}/answers/{on:date}",
    sync_to_thread=True,
    tags=["claims"],
    summary="What the rule of a day says on the facts of that day",
)
def read_answer(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], on: FromPath[date]
) -> Explanation:
    return answer_on(services, principal, claim_id, on)


@get(
    "/decision-records/{record_id:uuid}",
    sync_to_thread=True,
    tags=["claims"],
    summary="A signed decision record, to be checked offline",
)
def read_record(services: Given, principal: Said, record_id: FromPath[uuid.UUID]) -> Response[bytes]:
    return download(services, principal, record_id)


@post(
    "/claims/{claim_id:uuid}/acts",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Act at the present stage",
)
def add_act(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[ReviewRequest]
) -> DeskFile:
    acts.review(services, principal, claim_id, data.action, data.reason, data.amount_fen)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/hold",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Pause a claim with a reason",
)
def add_hold(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[ReasonRequest]
) -> DeskFile:
    acts.hold(services, principal, claim_id, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/resumption",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Let a paused claim go on",
)
def end_hold(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> DeskFile:
    acts.resume(services, principal, claim_id)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/appeal-decision",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Decide an appeal",
)
def settle_appeal(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[OutcomeRequest]
) -> DeskFile:
    acts.decide_appeal(services, principal, claim_id, data.outcome, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/objections",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Record an objection to a public notice",
)
def add_objection(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[ReasonRequest]
) -> DeskFile:
    acts.record_objection(services, principal, claim_id, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claims/{claim_id:uuid}/objection-decision",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Settle an objection",
)
def end_objection(
    services: Given, principal: Said, claim_id: FromPath[uuid.UUID], data: JSONBody[OutcomeRequest]
) -> DeskFile:
    acts.settle_objection(services, principal, claim_id, data.outcome, data.reason)
    return desk_file(services, principal, claim_id)


@post(
    "/claim-batches",
    sync_to_thread=True,
    tags=["claims"],
    summary="Prepare the same act on many claims; draws the sample to read",
)
def prepare_batch(services: Given, principal: Said, data: JSONBody[BatchRequest]) -> batching.BatchPreview:
    prepared = batching.prepare(services, principal, data.claim_ids, data.action, data.reason, CHANCE)
    return batching.preview(services, principal, prepared.id)


@post(
    "/claim-batches/{batch_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["claims"],
    summary="Carry out a prepared batch once its sample was read",
)
def decide_batch(
    services: Given, principal: Said, batch_id: FromPath[uuid.UUID], data: JSONBody[BatchDecisionRequest]
) -> list[batching.BatchResult]:
    return batching.decide(services, principal, batch_id, data.read)


def desk_file(services: Services, principal: Principal, claim_id: uuid.UUID) -> DeskFile:
    file = acts.file_of(services, principal, claim_id)
    return DeskFile(file=file, facts=named_facts(file))


HANDLERS = [
    list_work,
    read_file,
    read_sources,
    read_answer,
    read_record,
    add_act,
    add_hold,
    end_hold,
    settle_appeal,
    add_objection,
    end_objection,
    prepare_batch,
    decide_batch,
]
