"""Clients for programs."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from identity.clients import review
from portals.zhengtong.clients import acts
from portals.zhengtong.organisation.api import MAY_LOOK, MAY_MAKE, MAY_SEAT
from portals.zhengtong.visit import Given, Said


class NewClient(review.Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: str


class Secret(msgspec.Struct, frozen=True):
    """Told once; only its HMAC is stored."""

    client_secret: str


@get(
    "/clients",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Clients, and what waits for review",
    guards=[MAY_LOOK],
)
def list_clients(services: Given) -> acts.Clients:
    return acts.everything(services.house)


@post(
    "/clients",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Ask for a department's client",
    guards=[MAY_MAKE],
)
def add_client(services: Given, principal: Said, data: JSONBody[NewClient]) -> acts.ApplicationView:
    sent = msgspec.structs.asdict(data)
    purpose = sent.pop("purpose")
    made = acts.submit(services.house, principal, review.Wanted(**sent), purpose)
    return acts.one_application(services.house, made)


@post(
    "/clients/applications/{application_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Approve with these scopes, or refuse with a reason",
    guards=[MAY_SEAT],
)
def add_decision(
    services: Given, principal: Said, application_id: FromPath[uuid.UUID], data: JSONBody[acts.Decision]
) -> acts.ApplicationView:
    acts.decide(services.house, principal, application_id, data)
    return acts.one_application(services.house, application_id)


@post(
    "/clients/{client_id:str}/suspend",
    status_code=204,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Stop a client; its live tokens die at once",
    guards=[MAY_SEAT],
)
def suspend(services: Given, principal: Said, client_id: FromPath[str]) -> None:
    acts.stop(services.house, principal, client_id, is_stopped=True)


@post(
    "/clients/{client_id:str}/resume",
    status_code=204,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Let a stopped client begin again",
    guards=[MAY_SEAT],
)
def resume(services: Given, principal: Said, client_id: FromPath[str]) -> None:
    acts.stop(services.house, principal, client_id, is_stopped=False)


@post(
    "/clients/{client_id:str}/secret",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Draw a new secret for the department's own client; the former works a day longer",
    guards=[MAY_MAKE],
)
def add_secret(services: Given, principal: Said, client_id: FromPath[str]) -> Response[Secret]:
    secret = acts.draw(services.house, principal, client_id, is_leaked=False)
    return Response(Secret(secret), headers={"Cache-Control": "no-store"})


HANDLERS = [list_clients, add_client, add_decision, suspend, resume, add_secret]
