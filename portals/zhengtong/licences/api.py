"""Licences for programs."""

import uuid
from datetime import date
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from portals.zhengtong.access import needs
from portals.zhengtong.licences import acts
from portals.zhengtong.visit import Given, Said

MAY_ISSUE = needs("licence.issue")
Value = Annotated[str, msgspec.Meta(max_length=200)] | Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class IssueRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``identifier``: the holder's own number; ``fields`` by the type's field ids."""

    type_id: Annotated[str, msgspec.Meta(max_length=60)]
    identifier: Annotated[str, msgspec.Meta(max_length=60)]
    fields: dict[str, Value]


class OperationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``operation``: renew, withhold, return, revoke, cancel, revoke_licence, transfer_out or cancel_transfer; ``effective_on``
    (revoke only) may lie in the past."""

    operation: Annotated[str, msgspec.Meta(max_length=20)]
    reason: Annotated[str, msgspec.Meta(max_length=200)]
    effective_on: date | None = None


@get(
    "/licence-types",
    sync_to_thread=True,
    tags=["licences"],
    summary="Types of licences with their number",
    guards=[MAY_ISSUE],
)
def list_types(services: Given) -> list[acts.LicenceTypeLine]:
    return acts.types(services)


@get(
    "/licences",
    sync_to_thread=True,
    tags=["licences"],
    summary="Licences of a type, the newest first",
    guards=[MAY_ISSUE],
)
def list_licences(
    services: Given, type_id: FromQuery[str], before: FromQuery[int | None] = None
) -> list[acts.LicenceLine]:
    return acts.listed(services, type_id, before)


@post("/licences", sync_to_thread=True, tags=["licences"], summary="Issue a licence", guards=[MAY_ISSUE])
def add_licence(services: Given, principal: Said, data: JSONBody[IssueRequest]) -> acts.LicenceFile:
    licence_id = acts.issue(services, principal, data.type_id, data.identifier, data.fields)
    return acts.file_of(services, licence_id)


@get(
    "/licences/{licence_id:uuid}",
    sync_to_thread=True,
    tags=["licences"],
    summary="A licence with its history",
    guards=[MAY_ISSUE],
)
def read_licence(services: Given, licence_id: FromPath[uuid.UUID]) -> acts.LicenceFile:
    return acts.file_of(services, licence_id)


@post(
    "/licences/{licence_id:uuid}/operations",
    status_code=200,
    sync_to_thread=True,
    tags=["licences"],
    summary="Change a licence's state",
    guards=[MAY_ISSUE],
)
def add_operation(
    services: Given, principal: Said, licence_id: FromPath[uuid.UUID], data: JSONBody[OperationRequest]
) -> acts.LicenceFile:
    acts.operate(services, principal, licence_id, data.operation, data.reason, data.effective_on)
    return acts.file_of(services, licence_id)


HANDLERS = [list_types, list_licences, add_licence, read_licence, add_operation]
