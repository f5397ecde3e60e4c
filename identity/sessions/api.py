"""The security centre for programs: the city's own apps, with their person's token, in the person's own name only."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.accounts.assurance import strength
from identity.accounts.hall import EntryHall
from identity.accounts.history import login_history
from identity.accounts.schemas import LoginView
from identity.browser import device_named
from identity.clients.portals import PORTALS
from identity.contacts import service as contacts
from identity.contacts.routes import known_channel
from identity.grants import repository as grants
from identity.oauth.consents import PastConsent, consent_history, withdraw_consent
from identity.passkeys import repository as passkeys
from identity.passkeys import service as passkey_service
from identity.qr.requests import DeskRequest, QrRequests
from identity.qr.routes import METHOD, SCANS
from identity.recovery import repository as recoveries
from identity.recovery import service as recovery
from identity.registry.identifiers import mask
from identity.sessions import repository
from identity.sessions.models import IdentitySession
from identity.sessions.service import address_of, end_own_session, end_sessions_of, live_session
from identity.trail import note
from kernel.errors import Forbidden, Unauthenticated
from kernel.web.bearer import DEPENDENCIES, Connection, principal_of
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest

Me = NamedDependency[Principal]


class SignInView(msgspec.Struct, frozen=True, kw_only=True):
    """Where one is signed in; ``is_this`` the sign-in of the token that asks."""

    sid: uuid.UUID
    device: str
    address: str
    methods: list[str]
    acr: str
    auth_at: datetime
    expires_at: datetime
    is_this: bool


class PasskeyView(msgspec.Struct, frozen=True, kw_only=True):
    passkey_id: uuid.UUID
    name: str
    is_synced: bool
    is_barred: bool
    created_at: datetime
    used_at: datetime | None


class RecoveryView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks to put another phone in the place of one's own."""

    recovery_id: uuid.UUID
    masked_phone: str
    asked_at: datetime
    ready_at: datetime


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages also go; a WeChat account has no address to show."""

    channel: str
    masked_address: str
    confirmed_at: datetime


class EmailToBind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Annotated[str, msgspec.Meta(max_length=254)]


class EmailCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code`` is what came to the address."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    code: Annotated[str, msgspec.Meta(max_length=12)]


class ScannedCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code`` is the parameter ``c`` of the address in the picture."""

    code: Annotated[str, msgspec.Meta(max_length=64)]


class ScanAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``number`` is what the desk's screen shows since the scan; needed to allow."""

    code: Annotated[str, msgspec.Meta(max_length=64)]
    decision: Literal["allow", "refuse"]
    number: Annotated[str, msgspec.Meta(max_length=2)] = ""


class Done(msgspec.Struct, frozen=True):
    is_done: bool = True


async def own_affairs(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Only the city's own apps, and only for the person themselves: no third party looks into or changes these."""
    principal = await principal_of(connection)
    if principal.client_id not in PORTALS or principal.capacity == "person":
        raise Forbidden("只能由本人在市里的应用中查看和更改。")


class _Desk:
    """What the operations below share: who asks by which sign-in, and how sure we are of them."""

    def __init__(self, hall: EntryHall) -> None:
        self.hall, self.house = hall, hall.house

    def sign_in_of(self, session: Session, principal: Principal) -> IdentitySession:
        grant = grants.get(session, principal.grant_id)
        row = live_session(session, grant.sid, self.house.clock.now()) if grant and grant.sid else None
        if row is None:
            raise Unauthenticated("登录已经结束，请重新登录。")
        return row

    def strong(self, principal: Principal) -> str:
        """The sign-in's number; it must have been proved twice, as on the page."""
        with self.house.database.read() as session:
            sign_in = self.sign_in_of(session, principal)
        if strength(sign_in.methods) < 2:
            raise Forbidden("请先用第二种方式验证身份，再更改联系方式。")
        return str(sign_in.sid)

    def admit(self, principal: Principal) -> None:
        self.hall.quotas.spend("qr/scan", str(principal.subject_id), limit=SCANS)
        with self.house.database.read() as session:
            if set(self.sign_in_of(session, principal).methods) == {METHOD}:
                raise Forbidden("扫码登录的设备不能再为别的设备确认，请用平时登录的手机来扫。")


def security_api(hall: EntryHall) -> Router:
    """``/identity/api/v1``."""
    desk = _Desk(hall)
    return Router(
        "/api/v1",
        guards=[own_affairs],
        dependencies={"principal": DEPENDENCIES["principal"]},
        tags=["security"],
        route_handlers=[
            *_sign_ins(desk),
            *_passkeys(desk),
            *_recoveries(desk),
            *_contacts(desk),
            *_scans(desk),
        ],
    )


def _sign_ins(desk: _Desk) -> list[ControllerRouterHandler]:
    """Where one is signed in, was, and what one agreed to."""
    house = desk.house

    @get("/sign-ins", sync_to_thread=True, summary="Where one is signed in")
    def list_sign_ins(principal: Me) -> list[SignInView]:
        with house.database.read() as session:
            this = desk.sign_in_of(session, principal).sid
            rows = repository.live_of(session, principal.subject_id, house.clock.now())
            return [
                SignInView(
                    sid=row.sid,
                    device=device_named(row.device).said,
                    address=address_of(row, house.vault),
                    methods=row.methods,
                    acr=row.acr,
                    auth_at=row.auth_at,
                    expires_at=row.expires_at,
                    is_this=row.sid == this,
                )
                for row in rows
            ]

    @post("/sign-ins/{sid:uuid}/end", status_code=200, sync_to_thread=True, summary="Sign out one of them")
    def end_sign_in(principal: Me, sid: FromPath[uuid.UUID]) -> Done:
        with house.database.write() as session:
            end_own_session(session, principal.subject_id, sid, now=house.clock.now())
        return Done()

    @post("/sign-ins/end-others", status_code=200, sync_to_thread=True, summary="Sign out everywhere else")
    def end_other_sign_ins(principal: Me) -> Done:
        with house.database.write() as session:
            this, now = desk.sign_in_of(session, principal).sid, house.clock.now()
            end_sessions_of(session, principal.subject_id, reason="ended_by_person", now=now, but=this)
        return Done()

    @get("/sign-in-history", sync_to_thread=True, summary="The latest attempts to sign in")
    def list_history(principal: Me) -> list[LoginView]:
        with house.database.read() as session:
            return login_history(session, principal.subject_id, vault=house.vault)

    @get("/consents", sync_to_thread=True, summary="What one let clients know and do, ever")
    def list_consents(principal: Me) -> list[PastConsent]:
        with house.database.read() as session:
            return consent_history(session, principal.subject_id, house.clock.now())

    @post(
        "/consents/{client_id:str}/withdraw",
        status_code=200,
        sync_to_thread=True,
        summary="Take a consent back; the client's tokens die at once",
    )
    def withdraw(principal: Me, client_id: FromPath[str]) -> Done:
        with house.database.write() as session:
            withdraw_consent(session, principal.subject_id, client_id, now=house.clock.now())
        return Done()

    return [list_sign_ins, end_sign_in, end_other_sign_ins, list_history, list_consents, withdraw]


def _passkeys(desk: _Desk) -> list[ControllerRouterHandler]:
    """One's passkeys, and letting one go."""
    house = desk.house

    @get("/passkeys", sync_to_thread=True, summary="One's passkeys")
    def list_passkeys(principal: Me) -> list[PasskeyView]:
        with house.database.read() as session:
            return [
                PasskeyView(
                    passkey_id=row.passkey_id,
                    name=row.name,
                    is_synced=row.is_synced,
                    is_barred=row.barred_at is not None,
                    created_at=row.created_at,
                    used_at=row.used_at,
                )
                for row in passkeys.of_subject(session, principal.subject_id)
            ]

    @post("/passkeys/{passkey_id:uuid}/remove", status_code=200, sync_to_thread=True, summary="Remove one")
    def remove_passkey(principal: Me, passkey_id: FromPath[uuid.UUID]) -> Done:
        now = house.clock.now()
        with house.database.write() as session:
            this = desk.sign_in_of(session, principal).sid
            passkey_service.remove_passkey(session, principal.subject_id, passkey_id, now=now)
            end_sessions_of(session, principal.subject_id, reason="factor_removed", now=now, but=this)
        return Done()

    return [list_passkeys, remove_passkey]


def _recoveries(desk: _Desk) -> list[ControllerRouterHandler]:
    """New phones that wait to take the place of one's own."""
    house = desk.house

    @get("/recoveries", sync_to_thread=True, summary="New phones that wait to take the place of one's own")
    def list_recoveries(principal: Me) -> list[RecoveryView]:
        with house.database.read() as session:
            return [
                RecoveryView(
                    recovery_id=row.recovery_id,
                    masked_phone=mask(recovery.phone_of(row, vault=house.vault)),
                    asked_at=row.asked_at,
                    ready_at=row.ready_at,
                )
                for row in recoveries.waiting_of(session, principal.subject_id, house.clock.now())
            ]

    @post("/recoveries/{recovery_id:uuid}/stop", status_code=200, sync_to_thread=True, summary="Stop one")
    def stop_recovery(principal: Me, recovery_id: FromPath[uuid.UUID]) -> Done:
        with house.database.write() as session:
            recovery.stop(session, principal.subject_id, recovery_id, now=house.clock.now())
        return Done()

    return [list_recoveries, stop_recovery]


def _contacts(desk: _Desk) -> list[ControllerRouterHandler]:
    """Where messages also go."""
    house = desk.house
    hall = desk.hall

    @get("/contacts", sync_to_thread=True, summary="Where messages also go")
    def list_contacts(principal: Me) -> list[ContactView]:
        with house.database.read() as session:
            known = contacts.addresses_of(session, principal.subject_id, vault=house.vault)
        return [
            ContactView(
                channel=channel,
                masked_address=contacts.masked_email(address) if channel == "email" else "",
                confirmed_at=confirmed_at,
            )
            for channel, (address, confirmed_at) in known.items()
        ]

    @post("/contacts/email/send", status_code=200, sync_to_thread=True, summary="Send a code to an address")
    def send_email_code(principal: Me, data: JSONBody[EmailToBind], request: WebRequest) -> Done:
        email, visitor = contacts.normalise_email(data.email), hall.browser.visitor_of(request)
        sid = desk.strong(principal)
        hall.mail_codes.send(email, "email", browser=sid, address=visitor.address, is_known=False)
        return Done()

    @post("/contacts/email", status_code=200, sync_to_thread=True, summary="Bind the address by its code")
    def bind_email(principal: Me, data: JSONBody[EmailCode]) -> Done:
        email = contacts.normalise_email(data.email)
        hall.mail_codes.redeem(email, "email", data.code, browser=desk.strong(principal))
        with house.database.write() as session:
            contacts.confirm(
                session, principal.subject_id, "email", email, vault=house.vault, now=house.clock.now()
            )
        return Done()

    @post("/contacts/{channel:str}/remove", status_code=200, sync_to_thread=True, summary="Let one go")
    def remove_contact(principal: Me, channel: FromPath[str]) -> Done:
        desk.strong(principal)
        with house.database.write() as session:
            contacts.remove(session, principal.subject_id, known_channel(channel), now=house.clock.now())
        return Done()

    return [list_contacts, send_email_code, bind_email, remove_contact]


def _scans(desk: _Desk) -> list[ControllerRouterHandler]:
    """A phone lets a desk in."""
    house = desk.house
    requests = QrRequests(desk.house.ephemeral, desk.house.vault)

    @post("/qr/scan", status_code=200, sync_to_thread=True, summary="A picture was scanned: who asks?")
    def scan(principal: Me, data: JSONBody[ScannedCode]) -> DeskRequest:
        desk.admit(principal)
        return requests.scan(data.code, principal.subject_id)

    @post("/qr/answer", status_code=200, sync_to_thread=True, summary="Let the desk in, or refuse")
    def answer_scan(principal: Me, data: JSONBody[ScanAnswer]) -> Done:
        desk.admit(principal)
        is_allowed, person = data.decision == "allow", principal.subject_id
        requests.answer(data.code, person, data.number, is_allowed=is_allowed)
        with house.database.write() as session:
            action = "qr.allow" if is_allowed else "qr.refuse"
            note(session, action, "subject", person, now=house.clock.now(), by=person)
        return Done()

    return [scan, answer_scan]
