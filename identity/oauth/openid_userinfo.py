"""Who the bearer's person is (OpenID Connect Core §5.3): as JSON, or signed where the client registered for it."""

from typing import Any

from sqlalchemy.orm import Session

from identity.accounts import repository as accounts
from identity.accounts.service import phone_of
from identity.clients.models import OAuthClient
from identity.clients.service import find_client
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.oauth.granting import stands
from identity.oauth.openid_subjects import subject_name
from identity.oauth.provider import Provider
from identity.oauth.rfc9068_access_token import check_possession, read
from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.errors import Unauthenticated
from kernel.web.bearer import Possession

_OF_SCOPE = {
    "profile": ("name", "capacity", "acting_for_name"),
    "phone": ("phone_number", "phone_number_verified"),
}


class InsufficientScope(Exception):
    """RFC 6750 §3.1: the token is good and does not reach this far."""


def user_info(provider: Provider, token: str, possession: Possession | None) -> dict[str, Any] | str:
    """The claims, or a JWT of them. Raises ``Unauthenticated``, ``InsufficientScope``."""
    house, now = provider.house, provider.house.clock.now()
    claims = read(token, house=house, keys=provider.keys, now=now, audience=house.settings.base_url)
    if claims is None or claims.grant is None:
        raise Unauthenticated
    check_possession(claims, token, possession, house=house, proofs=provider.proofs)
    with house.database.read() as session:
        grant = grant_rows.get(session, claims.grant)
        client = find_client(session, claims.client_id)
        if client is None or grant is None or not stands(grant, now) or grant.epoch != claims.epoch:
            raise Unauthenticated
        if "openid" not in claims.scope.split():
            raise InsufficientScope
        info = _told(session, grant, client, claims.scope, house.vault)
    if client.userinfo_alg is None:
        return info
    issued = {"iss": house.settings.issuer, "aud": client.client_id, "iat": int(now.timestamp())}
    return provider.keys.sign({**info, **issued}, "JWT", client.userinfo_alg)


def personal_claims(session: Session, grant: OAuthGrant, vault: Vault) -> dict[str, Any]:
    """Everything that may be told of the person of a grant."""
    views = registry.describe(session, {grant.subject_id, grant.acting_for}, vault=vault)
    known: dict[str, Any] = {
        "name": views[grant.subject_id].name,
        "capacity": grant.capacity,
        "acr": grant.acr,
        "amr": grant.methods or ["pwd"],
        "auth_time": int(grant.auth_at.timestamp()),
    }
    if grant.acting_for != grant.subject_id:
        known["acting_for_name"] = views[grant.acting_for].name
    account = accounts.get(session, grant.subject_id)
    phone = phone_of(account, vault=vault) if account else None
    if phone:
        known |= {"phone_number": f"+86{phone}", "phone_number_verified": True}
    return known


def _told(
    session: Session, grant: OAuthGrant, client: OAuthClient, scope: str, vault: Vault
) -> dict[str, Any]:
    names = [name for one in scope.split() for name in _OF_SCOPE.get(one, ())]
    names += (grant.claims or {}).get("userinfo", ())
    info: dict[str, Any] = {"sub": subject_name(vault, client, grant.subject_id)}
    if names:
        known = personal_claims(session, grant, vault)
        info |= {name: known[name] for name in names if name in known}
    return info
