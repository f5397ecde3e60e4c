"""JWT access tokens (RFC 9068): made from a grant, and turned back into a ``Principal`` at every request.

A token is believed only while its grant stands: signature first, then one indexed read.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.grants.service import LOST
from identity.oauth import repository
from identity.oauth.granting import stands
from identity.oauth.keys import KeyRing
from identity.oauth.openid_subjects import subject_name
from identity.oauth.rfc9396_details import Detail
from identity.oauth.rfc9449_dpop import Expected, InvalidProof, ProofDesk
from identity.oauth.server import ProtocolServer
from identity.registry.service import name_of
from identity.seats.service import view_of
from kernel.errors import CapacityLost, Unauthenticated
from kernel.house import House
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.web.bearer import Possession
from kernel.web.principal import Capacity, Principal

LIFETIME = timedelta(minutes=15)
TYPE = "at+jwt"
_DEAD = N_("登录已经结束或权限有变，请重新登录。")
_LOST = N_("您已离开这个席位，或对方的授权已经结束。请重新选择身份。")
_UNPROVEN = N_("这个访问令牌要由持有它的密钥来使用，请附上有效的 DPoP 证明。")


class Confirmation(msgspec.Struct, frozen=True):
    """RFC 7800, RFC 9449 §6.1."""

    jkt: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of our own access tokens; everything else in them is for others.

    ``epoch`` is that of the grant, or without one (a service in its own name) that of the client.
    """

    iss: str
    aud: str
    sub: str
    client_id: str
    scope: str
    jti: str
    iat: int
    exp: int
    epoch: int
    grant: uuid.UUID | None = None
    cnf: Confirmation | None = None
    authorization_details: list[dict[str, Any]] | None = None

    @property
    def jkt(self) -> str | None:
        return self.cnf.jkt if self.cnf else None


def mint(
    server: ProtocolServer,
    grant: OAuthGrant,
    client: OAuthClient,
    scope: str,
    *,
    jkt: str | None = None,
    details: list[Detail] | None = None,
    sector: OAuthClient | None = None,
) -> tuple[str, int]:
    """A signed token and its life in seconds. ``sub`` is whose affairs it is for; ``act`` who acts (RFC 8693 §4.1).

    ``sector`` is the client in whose eyes people are named, where it is not the one that receives the token.
    """
    vault, named_for = server.house.vault, sector or client
    claims: dict[str, Any] = {
        **_frame(server, client, scope, min(server.now + LIFETIME, grant.expires_at)),
        "aud": grant.audience or server.house.settings.base_url,
        "sub": subject_name(vault, named_for, grant.acting_for),
        "auth_time": int(grant.auth_at.timestamp()),
        "acr": grant.acr,
        "capacity": grant.capacity,
        "grant": str(grant.grant_id),
        "epoch": grant.epoch,
        **_bound(jkt),
    }
    if details:
        claims["authorization_details"] = details
    person = {"sub": subject_name(vault, named_for, grant.subject_id)}
    act = _chain(grant.act, person if grant.acting_for != grant.subject_id else None)
    if act:
        claims["act"] = act
    return server.keys.sign(claims, TYPE), max(0, claims["exp"] - claims["iat"])


def mint_service(
    server: ProtocolServer, client: OAuthClient, scope: str, *, audience: str, jkt: str | None
) -> tuple[str, int]:
    """A token in which a client speaks for itself (RFC 9068 §2.2: ``sub`` is the client)."""
    claims = {
        **_frame(server, client, scope, server.now + LIFETIME),
        "aud": audience,
        "sub": client.client_id,
        "epoch": client.epoch,
        **_bound(jkt),
    }
    return server.keys.sign(claims, TYPE), int(LIFETIME.total_seconds())


def read(
    token: str, *, house: House, keys: KeyRing, now: datetime, audience: str | None = None
) -> Claims | None:
    """The claims of an access token that we signed and that has not expired, for ``audience`` if one is given."""
    claims = keys.verified(token, TYPE)
    if claims is None:
        return None
    return own_claims(claims, house=house, now=now, audience=audience)


def own_claims(
    claims: dict[str, Any], *, house: House, now: datetime, audience: str | None = None
) -> Claims | None:
    """The same of claims whose signature was checked already."""
    try:
        known = msgspec.convert(claims, Claims)
    except msgspec.ValidationError:
        return None
    is_ours = known.iss == house.settings.issuer and audience in (None, known.aud)
    return known if is_ours and known.exp > now.timestamp() else None


class TokenResolver:
    """``ResolveToken`` for the doorkeepers of all apps: people's tokens only, bound ones only with their proof."""

    def __init__(self, house: House, keys: KeyRing | None = None) -> None:
        self._house = house
        self._keys = keys or KeyRing(house)
        self._proofs = ProofDesk(house)

    def __call__(self, token: str, possession: Possession | None = None) -> Principal:
        """Who this token speaks for now. Raises ``Unauthenticated`` the moment its grant has ended.

        ``CapacityLost`` when the person may still be signed in, but sits elsewhere now or is let act no more.
        """
        house, now = self._house, self._house.clock.now()
        claims = read(token, house=house, keys=self._keys, now=now, audience=house.settings.base_url)
        if claims is None or claims.grant is None:
            raise Unauthenticated(_DEAD)
        check_possession(claims, token, possession, house=house, proofs=self._proofs)
        with house.database.read_once() as session:
            found = repository.grant_with_people(session, claims.grant)
        if found is None:
            raise Unauthenticated(_DEAD)
        grant = found.grant
        is_live = stands(grant, now) and grant.epoch == claims.epoch
        if grant.client_id != claims.client_id:
            raise Unauthenticated(_DEAD)
        if not is_live:
            raise CapacityLost(_LOST) if grant.end_reason in LOST else Unauthenticated(_DEAD)
        return Principal(
            subject_id=grant.subject_id,
            name=name_of(found.person, vault=house.vault),
            capacity=cast(Capacity, grant.capacity),
            acting_for=grant.acting_for,
            acting_for_name=name_of(found.concerned, vault=house.vault),
            seat=view_of(found.seat, found.department) if found.seat and found.department else None,
            scopes=frozenset(claims.scope.split()),
            acr=grant.acr,
            client_id=grant.client_id,
            grant_id=grant.grant_id,
            details=tuple(claims.authorization_details or ()),
        )


def check_possession(
    claims: Claims, token: str, possession: Possession | None, *, house: House, proofs: ProofDesk
) -> None:
    """A bound token needs its proof, and an unbound one must not pretend (RFC 9449 §7.1). Raises ``Unauthenticated``."""
    if (claims.jkt is None) != (possession is None):
        raise Unauthenticated(_UNPROVEN)
    if possession is None:
        return
    expected = Expected(possession.method, f"{house.settings.base_url}{possession.path}", access_token=token)
    try:
        jkt = proofs.thumbprint(possession.proof, expected)
    except InvalidProof as error:
        raise Unauthenticated(_UNPROVEN) from error
    if jkt != claims.jkt:
        raise Unauthenticated(_UNPROVEN)


def _frame(server: ProtocolServer, client: OAuthClient, scope: str, expires_at: datetime) -> dict[str, Any]:
    return {
        "iss": server.house.settings.issuer,
        "client_id": client.client_id,
        "scope": scope,
        "jti": str(new_id()),
        "iat": int(server.now.timestamp()),
        "exp": int(expires_at.timestamp()),
    }


def _bound(jkt: str | None) -> dict[str, Any]:
    return {"cnf": {"jkt": jkt}} if jkt else {}


def _chain(act: dict[str, Any] | None, person: dict[str, Any] | None) -> dict[str, Any] | None:
    """The services that act, the last one outermost, and innermost the person who acts for another."""
    if act is None:
        return person
    inner = _chain(act.get("act"), person)
    return {**act, "act": inner} if inner else {"sub": act["sub"]}
