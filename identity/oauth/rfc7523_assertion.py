"""Clients that prove themselves by a signature instead of a secret (private_key_jwt: RFC 7523 §2.2, §3; Core §9)."""

from datetime import datetime
from typing import Any, Final

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError

from identity.clients.keys import ClientKeys
from identity.clients.models import OAuthClient
from identity.oauth.rfc9449_dpop import token_index
from kernel.house import House

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGS = ("ES256", "PS256", "EdDSA", "Ed25519")
#: No assertion is good for longer than this, however late its ``exp``: we must remember it until then.
LONGEST_LIFE_SECONDS = 600
LEEWAY_SECONDS = 30


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    jti: str
    nbf: int | None = None
    iat: int | None = None


def claimed_client(assertion: str) -> tuple[str, str]:
    """Client id and key id that an assertion claims, unverified; empty where it cannot be read."""
    try:
        opened = jws.extract_compact(assertion.encode("ascii"))
        claims = msgspec.json.decode(opened.payload)
        header = opened.headers()
    except (JoseError, ValueError, msgspec.DecodeError):
        return "", ""
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return (issuer if isinstance(issuer, str) else ""), str(header.get("kid", ""))


def is_proven(client: OAuthClient, assertion: str, *, keys: ClientKeys, house: House, now: datetime) -> bool:
    """Whether the client itself signed this, for us, now, and for the first time."""
    claims = _verified(client, assertion, keys)
    if claims is None or claims.iss != client.client_id or claims.sub != client.client_id:
        return False
    # The issuer alone, as one string (FAPI 2.0 Security Profile §5.3.2.1, RFC 7523bis): an endpoint's address is
    # something a dishonest server can name as its own and have the assertion for us sent to it.
    if claims.aud != house.settings.issuer:
        return False
    at = now.timestamp()
    is_timely = at - LEEWAY_SECONDS < claims.exp <= at + LONGEST_LIFE_SECONDS + LEEWAY_SECONDS
    begins = max(claims.nbf or 0, claims.iat or 0)
    if not is_timely or begins > at + LEEWAY_SECONDS or not 0 < len(claims.jti) <= 256:
        return False
    index = token_index(house.vault, f"assertion/{client.client_id}/{claims.jti}")
    return house.ephemeral.add(f"oauth:assertion:{index}", b"1", LONGEST_LIFE_SECONDS + 3 * LEEWAY_SECONDS)


def _verified(client: OAuthClient, assertion: str, keys: ClientKeys) -> _Claims | None:
    try:
        header: dict[str, Any] = jws.extract_compact(assertion.encode("ascii")).headers()
        if header.get("alg") not in ALGS:
            return None
        key = keys.find(client, header)
        if key is None:
            return None
        return msgspec.convert(jwt.decode(assertion, key, algorithms=[str(header["alg"])]).claims, _Claims)
    except (JoseError, ValueError, TypeError, msgspec.ValidationError):
        return None
