"""Policies for programs: the list, the file, drafts, reach, and every step of their life."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from policy_engine.matching.simulation import Simulation
from policy_engine.policies.reviewing import Review
from portals.zhengtong.access import needs, on_a_seat
from portals.zhengtong.policies import acts
from portals.zhengtong.policies.schemas import CheckedTexts, PolicyFile, PolicyLine
from portals.zhengtong.policies.simulation import changed
from portals.zhengtong.reach import Reach, ReachEstimate
from portals.zhengtong.visit import Given, Said

MAY_WRITE = needs("policy.author")
MAY_MOVE = needs("policy.author", "policy.publish", "payment.approve")
Source = Annotated[str, msgspec.Meta(min_length=1, max_length=500_000)]
Unfinished = Annotated[str, msgspec.Meta(max_length=500_000)]


class DraftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document and its cases as YAML texts."""

    document: Source
    cases: Source


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document that is being written; ``cases`` may still be empty."""

    document: Unfinished
    cases: Unfinished = ""


class PolicyStepRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``action``: submit, review (with its three ``findings``), verify, shadow (the run is made and kept), fund, approve,
    publish, widen, suspend, resume, recall (its note is the apology), revoke, evaluate, archive, or send_back.
    """

    action: str
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    findings: Review | None = None


@get(
    "/policies",
    sync_to_thread=True,
    tags=["policies"],
    summary="Versions, the newest change first",
    guards=[on_a_seat],
)
def list_policies(
    services: Given, of_state: Annotated[str, QueryParameter(name="state")] = ""
) -> list[PolicyLine]:
    return acts.listed(services, state=of_state)


@get(
    "/policies/renewals",
    sync_to_thread=True,
    tags=["policies"],
    summary="Versions that end soon and have no successor",
    guards=[on_a_seat],
)
def list_renewals(services: Given) -> list[PolicyLine]:
    return acts.renewals(services)


@post(
    "/policies",
    sync_to_thread=True,
    tags=["policies"],
    summary="Take in a document with its cases as a draft",
    guards=[MAY_WRITE],
)
def add_draft(services: Given, principal: Said, data: JSONBody[DraftRequest]) -> PolicyFile:
    version_id = acts.take_in(services, principal, data.document, data.cases)
    return acts.file_of(services, principal, version_id)


@post(
    "/policies/checks",
    status_code=200,
    sync_to_thread=True,
    tags=["policies"],
    summary="Check a document and its cases without keeping them",
    guards=[MAY_WRITE],
)
def check_draft(services: Given, data: JSONBody[CheckRequest]) -> CheckedTexts:
    return acts.checked(services, data.document, data.cases)


@get(
    "/policies/{version_id:uuid}",
    sync_to_thread=True,
    tags=["policies"],
    summary="A version on one page",
    guards=[on_a_seat],
)
def read_policy(services: Given, principal: Said, version_id: FromPath[uuid.UUID]) -> PolicyFile:
    return acts.file_of(services, principal, version_id)


@get(
    "/policies/{version_id:uuid}/reach",
    sync_to_thread=True,
    tags=["policies"],
    summary="How many it would reach, and the cost",
    guards=[on_a_seat],
)
def read_reach(reach: NamedDependency[Reach], version_id: FromPath[uuid.UUID]) -> ReachEstimate:
    return reach.of_version(version_id)


@get(
    "/policies/{version_id:uuid}/simulation",
    sync_to_thread=True,
    tags=["policies"],
    summary="Who gains, loses and stays against what is in force, and the cost",
    guards=[on_a_seat],
)
def read_simulation(
    reach: NamedDependency[Reach],
    version_id: FromPath[uuid.UUID],
    standard: FromQuery[str] = "",
    change_permille: FromQuery[int] = 0,
) -> Simulation:
    """``standard``: the name of a dated standard to raise or lower by ``change_permille`` (-1000 to 9000)."""
    return reach.simulate(version_id, changed(standard, change_permille))


@post(
    "/policies/{version_id:uuid}/steps",
    status_code=200,
    sync_to_thread=True,
    tags=["policies"],
    summary="One step in the life of a version",
    guards=[MAY_MOVE],
)
def add_step(
    services: Given,
    principal: Said,
    version_id: FromPath[uuid.UUID],
    reach: NamedDependency[Reach],
    data: JSONBody[PolicyStepRequest],
) -> PolicyFile:
    acts.move(services, reach, principal, version_id, data.action, note=data.note, findings=data.findings)
    return acts.file_of(services, principal, version_id)


HANDLERS = [
    list_policies,
    list_renewals,
    add_draft,
    check_draft,
    read_policy,
    read_reach,
    read_simulation,
    add_step,
]
