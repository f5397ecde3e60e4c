"""The counter for programs."""

import uuid
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from portals.zhengtong.access import needs
from portals.zhengtong.counter import acts
from portals.zhengtong.visit import Given, Said

MAY_ASSIST = needs("counter.assist")
Short = Annotated[str, msgspec.Meta(max_length=60)]


class FindRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``kind``: id_number for a person, uscc for a firm."""

    identifier: Short
    kind: Short = "id_number"


class PaperConfirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``authorisation``: signed_form, witnessed_mark or guardian_form; ``reference``: the paper's filing number."""

    authorisation: Short
    reference: Short
    account_id: uuid.UUID | None = None


class PaperApplication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy_id: Annotated[str, msgspec.Meta(max_length=80)]
    authorisation: Short
    reference: Short
    account_id: uuid.UUID | None = None


class CounterClaim(msgspec.Struct, frozen=True, kw_only=True):
    """The claim that came of it."""

    claim_id: uuid.UUID


@post(
    "/counter/searches",
    status_code=200,
    sync_to_thread=True,
    tags=["counter"],
    summary="Find somebody of the seat's division by number",
    guards=[MAY_ASSIST],
)
def search(services: Given, principal: Said, data: JSONBody[FindRequest]) -> acts.PersonAtCounter:
    key = acts.find(services, principal, data.kind, data.identifier)
    return acts.person(services, principal, key)


@post(
    "/counter/people/{key:str}/applications",
    sync_to_thread=True,
    tags=["counter"],
    summary="Apply on paper",
    guards=[MAY_ASSIST],
)
def add_application(
    services: Given, principal: Said, key: FromPath[str], data: JSONBody[PaperApplication]
) -> CounterClaim:
    paper = acts.Authorisation(kind=data.authorisation, reference=data.reference)
    claim_id = acts.apply(services, principal, key, data.policy_id, data.account_id, paper)
    return CounterClaim(claim_id=claim_id)


@post(
    "/counter/offers/{offer_id:uuid}/confirmation",
    status_code=200,
    sync_to_thread=True,
    tags=["counter"],
    summary="Confirm an offer on paper",
    guards=[MAY_ASSIST],
)
def add_confirmation(
    services: Given, principal: Said, offer_id: FromPath[uuid.UUID], data: JSONBody[PaperConfirmation]
) -> CounterClaim:
    paper = acts.Authorisation(kind=data.authorisation, reference=data.reference)
    return CounterClaim(claim_id=acts.confirm(services, principal, offer_id, data.account_id, paper))


@get(
    "/counter/visits",
    sync_to_thread=True,
    tags=["counter"],
    summary="Offers unopened for so many days",
    guards=[MAY_ASSIST],
)
def list_visits(
    services: Given,
    principal: Said,
    days: Annotated[int, QueryParameter(ge=0, le=365)] = acts.UNOPENED_DAYS,
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
    offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
    count: Annotated[int, QueryParameter(ge=1, le=acts.MOST_VISITS)] = acts.MOST_VISITS,
) -> list[acts.Visit]:
    wanted = acts.VisitFilter(policy=policy, words=q)
    return acts.visits(services, principal, days, wanted, limit=count, offset=offset)


HANDLERS = [search, add_application, add_confirmation, list_visits]
