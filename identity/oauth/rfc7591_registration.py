"""Clients that register themselves (RFC 7591) and look after their registration (RFC 7592).

Registering takes an initial access token, given out by the city (``dongchu client ticket``): it says how many clients,
with which scopes and grant types at most. What a client may be beyond that (a portal, one that introspects, capacities
other than one's own) is never for it to say.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from identity.clients import service as clients
from identity.clients.models import OAuthClient
from identity.clients.schemas import CODE, GRANT_TYPES, REFRESH, ClientSettings
from identity.clients.scopes import SCOPES, SERVICE_SCOPES
from identity.grants import service as grants
from identity.oauth import repository
from identity.oauth.models import RegistrationTicket
from identity.oauth.provider import Provider
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import InvalidInput
from kernel.ids import new_id, new_token

_ABOUT = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts", "software_id", "software_version")
_LONGEST_ABOUT = 2000


class ClientMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 7591 §2 and its relatives, as they come and go. What we do not know is ignored (§2)."""

    client_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = True
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - a name
    grant_types: tuple[str, ...] | None = None
    response_types: tuple[str, ...] = ("code",)
    scope: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: str = "pairwise"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str = "ES256"  # noqa: S105 - a name
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    default_acr_values: tuple[str, ...] = ()
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    authorization_details_types: tuple[str, ...] = ()
    software_statement: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()
    software_id: str | None = None
    software_version: str | None = None


class RegistrationRefused(Exception):
    """RFC 7591 §3.2.2: ``error`` is a code of that section."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class TicketRefused(Exception):
    """The initial access token or the registration access token is not good (RFC 6750 §3.1)."""


def read_metadata(body: bytes) -> ClientMetadata:
    """Raises ``RegistrationRefused``."""
    try:
        return msgspec.json.decode(body, type=ClientMetadata)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise RegistrationRefused("invalid_client_metadata", "The metadata cannot be read.") from error


def settings_from(
    metadata: ClientMetadata, ticket: RegistrationTicket | None, known: OAuthClient | None
) -> ClientSettings:
    """What is asked for, within what the ticket, or the present registration, allows. Raises ``RegistrationRefused``."""
    if metadata.software_statement is not None:
        raise RegistrationRefused(
            "unapproved_software_statement", "Software statements are not accepted here."
        )
    if metadata.subject_type != "pairwise" or metadata.response_types not in (("code",), ()):
        raise RegistrationRefused(
            "invalid_client_metadata", "Only response_types code and subject_type pairwise are supported."
        )
    ceiling = set((ticket.scope if ticket else known.scope if known else "").split())
    ways = set(ticket.grant_types if ticket else known.grant_types if known else ())
    scopes = tuple(metadata.scope.split()) if metadata.scope is not None else tuple(sorted(ceiling))
    grant_types = metadata.grant_types
    if grant_types is None:
        grant_types = tuple(one for one in (CODE, REFRESH) if one in ways)
    if not ceiling.issuperset(scopes) or not ways.issuperset(grant_types):
        raise RegistrationRefused(
            "invalid_client_metadata", "More scopes or grant types than the token allows."
        )
    about = {name: value for name in _ABOUT if (value := getattr(metadata, name))}
    if len(msgspec.json.encode(about)) > _LONGEST_ABOUT:
        raise RegistrationRefused("invalid_client_metadata", "The descriptive metadata are too long.")
    return _settings(metadata, scopes, grant_types, about, known)


def register(
    session: Session, provider: Provider, metadata: ClientMetadata, ticket_text: str
) -> dict[str, Any]:
    """RFC 7591 §3. Raises ``TicketRefused``, ``RegistrationRefused``; then the use of the ticket is not counted."""
    house, now = provider.house, provider.house.clock.now()
    ticket = repository.spend_ticket(session, ticket_hash(house.vault, ticket_text), now)
    if ticket is None:
        raise TicketRefused
    settings = settings_from(metadata, ticket, None)
    client_id, secret = f"c-{new_id().hex}", None
    if settings.auth_method in ("client_secret_basic", "client_secret_post"):
        secret = clients.new_secret()
    client = _write(session, provider, client_id, settings, secret)
    note(session, "client.register_itself", "client", client_id, now=now, label=ticket.label)
    return _told(session, provider, client, secret)


def check_ticket(session: Session, provider: Provider, ticket_text: str) -> None:
    """Nothing is fetched for a stranger. Raises ``TicketRefused``."""
    ticket = session.get(RegistrationTicket, ticket_hash(provider.house.vault, ticket_text))
    if ticket is None or ticket.uses_left < 1 or ticket.expires_at <= provider.house.clock.now():
        raise TicketRefused


def issue_ticket(
    session: Session,
    provider: Provider,
    *,
    label: str,
    scopes: Collection[str],
    grant_types: Collection[str] = (CODE, REFRESH),
    uses: int = 1,
    lifetime: timedelta = timedelta(days=7),
) -> str:
    """An initial access token, told once. Raises ``InvalidInput``."""
    unknown = set(scopes) - SCOPES.keys() - SERVICE_SCOPES.keys() | set(grant_types) - set(GRANT_TYPES)
    if unknown or not 1 <= uses <= 1000 or not scopes:
        raise InvalidInput("登记凭据的范围、授权方式或次数不对。")
    token, now = new_token(), provider.house.clock.now()
    repository.add(
        session,
        RegistrationTicket(
            ticket_hash=ticket_hash(provider.house.vault, token),
            label=label[:80],
            scope=" ".join(sorted(scopes)),
            grant_types=list(grant_types),
            uses_left=uses,
            created_at=now,
            expires_at=now + lifetime,
        ),
    )
    note(session, "client.ticket", "client", label[:80] or "-", now=now, uses=uses, scopes=sorted(scopes))
    return token


def replace(
    session: Session, provider: Provider, client: OAuthClient, metadata: ClientMetadata
) -> dict[str, Any]:
    """RFC 7592 §2.2: all of it anew, never more than there was; a new registration token takes the place of the old."""
    settings = settings_from(metadata, None, client)
    secret = None
    if settings.auth_method in ("client_secret_basic", "client_secret_post") and client.secret_hash is None:
        secret = clients.new_secret()
    _write(session, provider, client.client_id, settings, secret)
    note(session, "client.change_itself", "client", client.client_id, now=provider.house.clock.now())
    return _told(session, provider, client, secret)


def withdraw(session: Session, provider: Provider, client: OAuthClient) -> None:
    """RFC 7592 §2.3: it can do nothing any more, and its tokens die. The row stays, as what its grants speak of."""
    now = provider.house.clock.now()
    client.is_suspended, client.epoch = True, client.epoch + 1
    client.registration_hash = client.secret_hash = client.former_secret_hash = None
    grants.end_of_client(session, client.client_id, reason="client_withdrawn", now=now)
    note(session, "client.withdraw_itself", "client", client.client_id, now=now)


def owner_of(session: Session, client_id: str, token: str, vault: Vault) -> OAuthClient:
    """The client whose registration token this is. Raises ``TicketRefused``, the same for every reason."""
    client = clients.find_client(session, client_id)
    if client is None or client.registration_hash != _registration_hash(vault, client_id, token):
        raise TicketRefused
    return client


def shown(provider: Provider, client: OAuthClient) -> dict[str, Any]:
    """RFC 7592 §3: the registration as it stands. Secrets are told once and never again."""
    settings = clients.settings_of(client)
    metadata: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "registration_client_uri": f"{provider.house.settings.issuer}/clients/{client.client_id}",
        "client_name": client.name,
        "redirect_uris": settings.redirect_uris,
        "post_logout_redirect_uris": settings.post_logout_redirect_uris,
        "backchannel_logout_uri": settings.backchannel_logout_uri,
        "token_endpoint_auth_method": settings.auth_method,
        "grant_types": settings.grant_types,
        "response_types": ["code"] if CODE in settings.grant_types else [],
        "scope": client.scope,
        "jwks": settings.jwks,
        "jwks_uri": settings.jwks_uri,
        "subject_type": "pairwise",
        "sector_identifier_uri": settings.sector_identifier_uri,
        "id_token_signed_response_alg": settings.signing_alg,
        "userinfo_signed_response_alg": settings.userinfo_alg,
        "default_max_age": settings.default_max_age,
        "default_acr_values": settings.default_acr_values,
        "require_pushed_authorization_requests": settings.requires_par,
        "dpop_bound_access_tokens": settings.requires_dpop,
        "authorization_details_types": settings.authorization_details_types,
        **settings.about,
    }
    return {name: value for name, value in metadata.items() if value not in (None, (), [])}


def ticket_hash(vault: Vault, text: str) -> bytes:
    return vault.hash_token(f"ticket/{text}")


def _settings(
    metadata: ClientMetadata,
    scopes: tuple[str, ...],
    grant_types: tuple[str, ...],
    about: dict[str, Any],
    known: OAuthClient | None,
) -> ClientSettings:
    before = clients.settings_of(known) if known else ClientSettings()
    asked = {
        "name": metadata.client_name,
        "redirect_uris": metadata.redirect_uris,
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "auth_method": metadata.token_endpoint_auth_method,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
        "grant_types": grant_types,
        "scopes": scopes,
        "audiences": before.audiences,
        "capacities": before.capacities,
        "authorization_details_types": metadata.authorization_details_types,
        "sector_identifier_uri": metadata.sector_identifier_uri,
        "signing_alg": metadata.id_token_signed_response_alg,
        "userinfo_alg": metadata.userinfo_signed_response_alg,
        "default_max_age": metadata.default_max_age,
        "default_acr_values": metadata.default_acr_values,
        "requires_par": metadata.require_pushed_authorization_requests,
        "requires_dpop": metadata.dpop_bound_access_tokens,
        "may_introspect": before.may_introspect,
        "about": about,
    }
    try:
        return msgspec.convert(asked, ClientSettings)
    except msgspec.ValidationError as error:
        raise RegistrationRefused(
            "invalid_client_metadata", "An algorithm or method is not supported."
        ) from error


def _write(
    session: Session, provider: Provider, client_id: str, settings: ClientSettings, secret: str | None
) -> OAuthClient:
    house = provider.house
    unknown = set(settings.authorization_details_types) - set(provider.details.names)
    if unknown:
        raise RegistrationRefused("invalid_client_metadata", "A type of authorization_details is not known.")
    try:
        return clients.register(
            session, client_id, settings, secret=secret, vault=house.vault, now=house.clock.now()
        )
    except InvalidInput as error:
        fields = sorted({one.where for one in error.errors})
        is_redirect = fields == ["redirect_uri"]
        raise RegistrationRefused(
            "invalid_redirect_uri" if is_redirect else "invalid_client_metadata",
            f"These values cannot stand: {', '.join(fields) or 'client_secret'}.",
        ) from error


def _told(session: Session, provider: Provider, client: OAuthClient, secret: str | None) -> dict[str, Any]:
    """With what is told this once: the secret, if one was made, and a fresh registration token."""
    token = new_token()
    client.registration_hash = _registration_hash(provider.house.vault, client.client_id, token)
    session.flush()
    answer = {**shown(provider, client), "registration_access_token": token}
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer


def _registration_hash(vault: Vault, client_id: str, token: str) -> bytes:
    return vault.hash_token(f"registration/{client_id}/{token}")
