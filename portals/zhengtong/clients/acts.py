"""What pages and the API do with clients, each in one transaction."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from identity.clients import review
from identity.clients.models import ClientApplication, OAuthClient
from identity.clients.service import required, resume_client, suspend_client
from identity.registry import service as registry
from kernel import audit
from kernel.errors import Forbidden
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.principal import Principal


class ApplicationView(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, by whom (a firm, or the department of a seat), and what became of it."""

    id: uuid.UUID
    wanted: review.Wanted
    applicant: str
    purpose: str
    state: str
    submitted_at: datetime
    reason: str


class ClientView(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str
    name: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    is_first_party: bool
    is_suspended: bool


class Clients(msgspec.Struct, frozen=True, kw_only=True):
    waiting: tuple[ApplicationView, ...]
    clients: tuple[ClientView, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``scopes`` approved, or none and a ``reason`` to refuse."""

    scopes: tuple[str, ...] = ()
    reason: str = ""


def everything(house: House) -> Clients:
    with house.database.read() as session:
        return Clients(
            waiting=tuple(
                _view(session, house, one) for one in review.applications(session, state="submitted")
            ),
            clients=tuple(_client(one) for one in review.all_clients(session)),
        )


def own_clients(house: House, principal: Principal) -> tuple[ClientView, ...]:
    """Those whose secrets the seat one sits in draws."""
    with house.database.read() as session:
        return tuple(_client(one) for one in review.with_secret_of(session, principal))


def one_application(house: House, application_id: uuid.UUID) -> ApplicationView:
    with house.database.read() as session:
        return _view(session, house, review.find_application(session, application_id))


def submit(house: House, principal: Principal, wanted: review.Wanted, purpose: str) -> uuid.UUID:
    with house.database.write() as session:
        return review.apply_for(session, wanted, purpose=purpose, by=principal, now=house.clock.now())


def decide(house: House, principal: Principal, application_id: uuid.UUID, decision: Decision) -> None:
    now = house.clock.now()
    with house.database.write() as session:
        if decision.scopes:
            review.approve(
                session, application_id, scopes=decision.scopes, by=principal, vault=house.vault, now=now
            )
        else:
            review.refuse(session, application_id, reason=decision.reason, by=principal, now=now)


def stop(house: House, principal: Principal, client_id: str, *, is_stopped: bool) -> None:
    """Suspend a client, so that its live tokens die at once, or let it begin again."""
    now = house.clock.now()
    with house.database.write() as session:
        if required(session, client_id).is_first_party:
            raise Forbidden(_("市级门户不能在这里停用。"))
        (suspend_client if is_stopped else resume_client)(session, client_id, now=now)
        audit.record(
            session,
            actor=principal,
            action="client.suspend" if is_stopped else "client.resume",
            object_kind="client",
            object_id=client_id,
            now=now,
        )


def draw(house: House, principal: Principal, client_id: str, *, is_leaked: bool) -> str:
    with house.database.write() as session:
        return review.draw_secret(
            session, client_id, by=principal, vault=house.vault, now=house.clock.now(), is_leaked=is_leaked
        )


def _view(session: Session, house: House, one: ClientApplication) -> ApplicationView:
    applicant = _("本市部门")
    if one.applicant_id is not None:
        applicant = registry.describe(session, [one.applicant_id], vault=house.vault)[one.applicant_id].name
    return ApplicationView(
        id=one.application_id,
        wanted=review.wanted_of(one),
        applicant=applicant,
        purpose=one.purpose,
        state=one.state,
        submitted_at=one.submitted_at,
        reason=one.reason or "",
    )


def _client(one: OAuthClient) -> ClientView:
    return ClientView(
        client_id=one.client_id,
        name=one.name,
        scopes=tuple(one.scope.split()),
        redirect_uris=tuple(one.redirect_uris),
        is_first_party=one.is_first_party,
        is_suspended=one.is_suspended,
    )
