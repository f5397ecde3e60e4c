"""Register clients, change their secrets, stop them, and tell whether one is who it says."""

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.clients.checking import check
from identity.clients.models import OAuthClient
from identity.clients.schemas import ClientSettings
from identity.clients.scopes import SCOPES
from identity.grants import service as grants
from identity.oauth.keys import ensure_keys
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.ids import new_token

# Built once: putting a statement together costs more than running it, and every request of a client runs this one.
_BY_ID = sa.select(OAuthClient).where(OAuthClient.client_id == sa.bindparam("client_id"))
#: For how long a former secret still works after a change.
SECRET_OVERLAP = timedelta(days=1)


class HoldsSecret(Protocol):
    """What a secret is compared with: a client, or so much of its row as that takes."""

    @property
    def client_id(self) -> str: ...
    @property
    def secret_hash(self) -> bytes | None: ...
    @property
    def former_secret_hash(self) -> bytes | None: ...
    @property
    def former_secret_until(self) -> datetime | None: ...


def register(
    session: Session,
    client_id: str,
    settings: ClientSettings,
    *,
    secret: str | None = None,
    vault: Vault,
    now: datetime,
) -> OAuthClient:
    """Add a client, or replace the settings of a known one; without a new ``secret`` a known one stays.

    Raises ``InvalidInput`` naming every field that cannot stand. Whether ``sector_identifier_uri`` lists the redirect
    addresses is for the caller to see first, outside any transaction.
    """
    check(client_id, settings)
    client = session.get(OAuthClient, client_id)
    is_new = client is None
    if client is None:
        client = OAuthClient(client_id=client_id, is_suspended=False, epoch=1, created_at=now)
    is_secret_needed = settings.auth_method in ("client_secret_basic", "client_secret_post")
    if is_secret_needed and not secret and client.secret_hash is None:
        raise InvalidInput("请给这个应用一个密钥，或登记为公开应用。")
    _write(client, settings)
    if not is_secret_needed:
        client.secret_hash = client.former_secret_hash = client.former_secret_until = None
    elif secret:
        client.secret_hash = secret_hash(vault, client_id, secret)
    session.add(client)
    signed_by = {settings.signing_alg, settings.userinfo_alg or settings.signing_alg}
    ensure_keys(session, vault=vault, now=now, algs=signed_by)
    if is_new:
        note(session, "client.register", "client", client_id, now=now, scopes=sorted(settings.scopes))
    session.flush()
    return client


def register_client(
    session: Session,
    *,
    client_id: str,
    name: str,
    redirect_uris: Sequence[str],
    secret: str | None,
    vault: Vault,
    now: datetime,
    post_logout_redirect_uris: Sequence[str] = (),
    scopes: Collection[str] = ("openid", "profile"),
    capacities: Sequence[str] = ("self",),
    is_first_party: bool = False,
    may_introspect: bool = False,
) -> None:
    """The short way for the usual client; ``secret=None`` makes it public."""
    settings = ClientSettings(
        name=name,
        redirect_uris=tuple(redirect_uris),
        post_logout_redirect_uris=tuple(post_logout_redirect_uris),
        auth_method="client_secret_basic" if secret else "none",
        scopes=tuple(scopes),
        capacities=tuple(capacities),
        is_first_party=is_first_party,
        may_introspect=may_introspect,
    )
    register(session, client_id, settings, secret=secret, vault=vault, now=now)


def change_secret(
    session: Session, client_id: str, *, vault: Vault, now: datetime, overlap: timedelta = SECRET_OVERLAP
) -> str:
    """A new secret, told once; the former one works until ``overlap`` is over (at once for a leaked one: zero)."""
    client = required(session, client_id)
    if client.secret_hash is None:
        raise Conflict("这个应用不用密钥认证。")
    secret = new_secret()
    client.former_secret_hash, client.former_secret_until = client.secret_hash, now + overlap
    client.secret_hash = secret_hash(vault, client_id, secret)
    note(session, "client.change_secret", "client", client_id, now=now)
    session.flush()
    return secret


def suspend_client(session: Session, client_id: str, *, now: datetime) -> None:
    """Stop a client at once: no new sign-ins, and its live tokens die."""
    client = required(session, client_id)
    if client.is_suspended:
        raise Conflict("这个应用已经停用。")
    client.is_suspended = True
    client.epoch += 1
    grants.end_of_client(session, client_id, reason="client_suspended", now=now)
    note(session, "client.suspend", "client", client_id, now=now)


def resume_client(session: Session, client_id: str, *, now: datetime) -> None:
    """Let a suspended client begin again; everybody signs in anew."""
    client = required(session, client_id)
    if not client.is_suspended:
        raise Conflict("这个应用没有停用。")
    client.is_suspended = False
    note(session, "client.resume", "client", client_id, now=now)


def retire_own_tokens(session: Session, client_id: str) -> None:
    """The tokens in which a client speaks for itself die; it may ask for new ones."""
    required(session, client_id).epoch += 1
    session.flush()


def required(session: Session, client_id: str) -> OAuthClient:
    """A registered client, suspended or not. Raises ``NotFound``."""
    client = session.get(OAuthClient, client_id)
    if client is None:
        raise NotFound("没有这个应用。")
    return client


def find_client(session: Session, client_id: str) -> OAuthClient | None:
    """A registered client that is not suspended."""
    client = session.scalar(_BY_ID, {"client_id": client_id})
    return client if client and not client.is_suspended else None


def has_secret(client: HoldsSecret, secret: str, vault: Vault, now: datetime) -> bool:
    """Whether this is its secret, or the one before it while that still counts."""
    given = secret_hash(vault, client.client_id, secret)
    is_current = hmac.compare_digest(client.secret_hash or b"", given)
    until = client.former_secret_until
    is_former = until is not None and now < until
    return is_current or (is_former and hmac.compare_digest(client.former_secret_hash or b"", given))


def secret_hash(vault: Vault, client_id: str, secret: str) -> bytes:
    """Bound to the client, so that one client's row is useless in another's place."""
    return vault.hash_token(f"client/{client_id}/{secret}")


def new_secret() -> str:
    return new_token()


def settings_of(client: OAuthClient) -> ClientSettings:
    """What is registered now, for whoever changes one thing of it."""
    return ClientSettings(
        name=client.name,
        redirect_uris=tuple(client.redirect_uris),
        post_logout_redirect_uris=tuple(client.post_logout_redirect_uris),
        backchannel_logout_uri=client.backchannel_logout_uri,
        auth_method=client.auth_method,  # type: ignore[bad-argument-type]
        jwks=client.jwks,
        jwks_uri=client.jwks_uri,
        grant_types=tuple(client.grant_types),
        scopes=tuple(client.scope.split()),
        capacities=tuple(client.capacities),
        audiences=tuple(client.audiences),
        authorization_details_types=tuple(client.authorization_details_types),
        sector_identifier_uri=client.sector_identifier_uri,
        signing_alg=client.signing_alg,  # type: ignore[bad-argument-type]
        userinfo_alg=client.userinfo_alg,  # type: ignore[bad-argument-type]
        default_max_age=client.default_max_age,
        default_acr_values=tuple(client.default_acr_values),
        requires_par=client.requires_par,
        requires_dpop=client.requires_dpop,
        is_first_party=client.is_first_party,
        may_introspect=client.may_introspect,
        about=client.about,
    )


def _write(client: OAuthClient, settings: ClientSettings) -> None:
    client.name = settings.name or client.client_id
    client.redirect_uris = list(settings.redirect_uris)
    client.post_logout_redirect_uris = list(settings.post_logout_redirect_uris)
    client.backchannel_logout_uri = settings.backchannel_logout_uri
    client.auth_method = settings.auth_method
    client.jwks, client.jwks_uri = settings.jwks, settings.jwks_uri
    client.grant_types = list(settings.grant_types)
    client.scope = " ".join(sorted(settings.scopes))
    client.capacities = list(settings.capacities)
    client.audiences = list(settings.audiences)
    client.authorization_details_types = list(settings.authorization_details_types)
    client.sector_identifier_uri = settings.sector_identifier_uri
    client.sector = urlsplit(settings.sector_identifier_uri or "").hostname
    client.signing_alg, client.userinfo_alg = settings.signing_alg, settings.userinfo_alg
    client.default_max_age = settings.default_max_age
    client.default_acr_values = list(settings.default_acr_values)
    client.requires_par, client.requires_dpop = settings.requires_par, settings.requires_dpop
    client.is_first_party = settings.is_first_party
    client.may_introspect = settings.may_introspect
    client.about = dict(settings.about)


__all__ = [
    "SCOPES",
    "ClientSettings",
    "change_secret",
    "find_client",
    "has_secret",
    "new_secret",
    "register",
    "register_client",
    "required",
    "resume_client",
    "retire_own_tokens",
    "settings_of",
    "suspend_client",
]
