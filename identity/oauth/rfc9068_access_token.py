"""JWT access tokens (RFC 9068): made from a grant, and turned back into a ``Principal`` at every request.

A token is believed only while its grant stands: signature first, then one indexed read.
"""

import base64
import uuid
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.grants.service import LOST
from identity.oauth import repository
from identity.oauth.keys import KeyRing
from identity.registry.service import name_of
from identity.seats.service import view_of
from kernel.crypto import Vault
from kernel.errors import CapacityLost, Unauthenticated
from kernel.house import House
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.web.principal import Capacity, Principal

LIFETIME = timedelta(minutes=15)
TYPE = "at+jwt"
_DEAD = N_("登录已经结束或权限有变，请重新登录。")
_LOST = N_("您已离开这个席位，或对方的授权已经结束。请重新选择身份。")


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of our own access tokens; everything else in them is for others."""

    iss: str
    aud: str
    sub: str
    client_id: str
    scope: str
    jti: str
    iat: int
    exp: int
    grant: uuid.UUID
    epoch: int


def subject_name(vault: Vault, client: OAuthClient | None, subject_id: int) -> str:
    """``sub``: stable, opaque, the same in all portals and different for every outside client (pairwise)."""
    sector = "city" if client is None or client.is_first_party else client.client_id
    index = vault.blind_index(f"{sector}/{subject_id}", purpose="oauth/sub")
    return base64.urlsafe_b64encode(index[:24]).decode()


def mint(
    grant: OAuthGrant, client: OAuthClient, scope: str, *, house: House, keys: KeyRing, now: datetime
) -> tuple[str, int]:
    """A signed token and its life in seconds. ``sub`` is whose affairs it is for; ``act`` who acts (RFC 8693 §4.1)."""
    expires_at = min(now + LIFETIME, grant.expires_at)
    claims: dict[str, Any] = {
        "iss": house.settings.issuer,
        "aud": house.settings.base_url,
        "sub": subject_name(house.vault, client, grant.acting_for),
        "client_id": client.client_id,
        "scope": scope,
        "jti": str(new_id()),
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "auth_time": int(grant.auth_at.timestamp()),
        "acr": grant.acr,
        "capacity": grant.capacity,
        "grant": str(grant.grant_id),
        "epoch": grant.epoch,
    }
    if grant.acting_for != grant.subject_id:
        claims["act"] = {"sub": subject_name(house.vault, client, grant.subject_id)}
    key = keys.active()
    header = {"alg": "ES256", "typ": TYPE, "kid": key.kid}
    return jwt.encode(header, claims, key, ["ES256"]), max(0, claims["exp"] - claims["iat"])


def read(token: str, *, house: House, keys: KeyRing, now: datetime) -> Claims | None:
    """The claims of a token that we signed, for us, as an access token, and that has not expired."""
    claims = verified_claims(token, TYPE, keys)
    if claims is None:
        return None
    try:
        known = msgspec.convert(claims, Claims)
    except msgspec.ValidationError:
        return None
    is_ours = known.iss == house.settings.issuer and known.aud == house.settings.base_url
    return known if is_ours and known.exp > now.timestamp() else None


def verified_claims(token: str, token_type: str, keys: KeyRing) -> dict[str, Any] | None:
    """Signature by one of our own keys, by ``kid`` only: ``jwk``, ``jku`` and ``x5u`` in a header count for nothing."""
    try:
        header = extract_compact(token.encode("ascii")).headers()
        key = keys.find(str(header.get("kid", "")))
        if key is None or header.get("alg") != "ES256" or header.get("typ") != token_type:
            return None
        return jwt.decode(token, key, algorithms=["ES256"]).claims
    except (JoseError, ValueError, TypeError):
        return None


class TokenResolver:
    """``ResolveToken`` for the doorkeepers of all apps."""

    def __init__(self, house: House, keys: KeyRing | None = None) -> None:
        self._house = house
        self._keys = keys or KeyRing(house)

    def __call__(self, token: str) -> Principal:
        """Who this token speaks for now. Raises ``Unauthenticated`` the moment its grant has ended.

        ``CapacityLost`` when the person may still be signed in, but sits elsewhere now or is let act no more.
        """
        now = self._house.clock.now()
        claims = read(token, house=self._house, keys=self._keys, now=now)
        if claims is None:
            raise Unauthenticated(_DEAD)
        with self._house.database.read() as session:
            found = repository.grant_with_people(session, claims.grant)
        if found is None:
            raise Unauthenticated(_DEAD)
        grant = found.grant
        is_live = grant.ended_at is None and grant.expires_at > now and grant.epoch == claims.epoch
        if grant.client_id != claims.client_id:
            raise Unauthenticated(_DEAD)
        if not is_live:
            raise CapacityLost(_LOST) if grant.end_reason in LOST else Unauthenticated(_DEAD)
        return Principal(
            subject_id=grant.subject_id,
            name=name_of(found.person, vault=self._house.vault),
            capacity=cast(Capacity, grant.capacity),
            acting_for=grant.acting_for,
            acting_for_name=name_of(found.concerned, vault=self._house.vault),
            seat=view_of(found.seat, found.department) if found.seat and found.department else None,
            scopes=frozenset(claims.scope.split()),
            acr=grant.acr,
            client_id=grant.client_id,
            grant_id=grant.grant_id,
        )
