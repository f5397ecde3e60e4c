"""SD-JWT VC: each field is disclosed by itself (RFC 9901 selective disclosure; draft-ietf-oauth-sd-jwt-vc). Pure."""

import base64
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from licenses.jose import ALGORITHM, base64url, digest_of, header_of, payload_of

TYPE = "dc+sd-jwt"
_ES256 = ECDSA(hashes.SHA256())
_RESERVED = ("_sd", "...")


class NotGenuine(Exception):
    """The credential was not issued by us, or was changed since."""


class Credential(msgspec.Struct, frozen=True):
    """What a verified presentation says: the issuer's claims plus those fields that were disclosed."""

    claims: dict[str, Any]
    fields: dict[str, Any]


def issue(
    key: ECKey,
    claims: dict[str, Any],
    fields: dict[str, Any],
    *,
    decoys: int = 0,
    x5c: Sequence[str] = (),
    new_salt: Callable[[], str] = lambda: secrets.token_urlsafe(16),
) -> str:
    """An SD-JWT ``<jwt>~<disclosure>~…~`` in which every one of ``fields`` can be withheld.

    ``decoys`` digests of nothing (RFC 9901 §4.2.5) hide how many fields there are.
    """
    disclosures = [
        base64url(msgspec.json.encode([new_salt(), name, value])) for name, value in sorted(fields.items())
    ]
    digests = [*map(digest_of, disclosures), *(base64url(secrets.token_bytes(32)) for _ in range(decoys))]
    payload = {**claims, "_sd_alg": "sha-256", "_sd": sorted(digests)}
    return "~".join([sign(key, TYPE, payload, x5c=x5c), *disclosures, ""])


def sign(key: ECKey, typ: str, payload: object, *, x5c: Sequence[str] = ()) -> str:
    """A compact JWS by ES256 (RFC 7515 §7.1, RFC 7518 §3.4), signed directly: half the time of a general library."""
    certified = {"x5c": x5c} if x5c else {}
    header = msgspec.json.encode({"alg": ALGORITHM, "typ": typ, "kid": key.kid, **certified})
    signed = f"{base64url(header)}.{base64url(msgspec.json.encode(payload))}"
    if key.private_key is None:
        raise ValueError("a public key cannot sign")
    r, s = decode_dss_signature(key.private_key.sign(signed.encode(), _ES256))
    return f"{signed}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def select(sd_jwt: str, names: Collection[str]) -> str:
    """The same credential with only the named fields disclosed."""
    token, *disclosures = sd_jwt.rstrip("~").split("~")
    kept = [each for each in disclosures if _decode_disclosure(each)[0] in names]
    return "~".join([token, *kept, ""])


def verify(sd_jwt: str, find_key: Callable[[str], ECKey | None]) -> Credential:
    """Check the signature and that each disclosure belongs to it; raises ``NotGenuine``. Times and status: the caller."""
    token, *disclosures = sd_jwt.rstrip("~").split("~")
    try:
        header = header_of(token)
        key = find_key(str(header.get("kid", "")))
        if key is None or header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
            raise NotGenuine("not signed by an issuer on the trust list")
        payload: dict[str, Any] = msgspec.json.decode(payload_of(token, key))
        digests = set(payload.pop("_sd", ()))
        if payload.pop("_sd_alg", None) != "sha-256" or len(set(disclosures)) != len(disclosures):
            raise NotGenuine("unknown digest or a repeated disclosure")
        fields = {}
        for disclosure in disclosures:
            if digest_of(disclosure) not in digests:
                raise NotGenuine("a disclosure that the issuer did not sign")
            name, value = _decode_disclosure(disclosure)
            if name in payload or name in fields or name in _RESERVED:
                raise NotGenuine("a disclosure that names a claim twice")
            fields[name] = value
    except (JoseError, msgspec.DecodeError, ValueError, TypeError, AttributeError) as error:
        raise NotGenuine("not a credential in this format") from error
    return Credential(payload, fields)


def without_key_binding(text: str) -> str:
    """The SD-JWT alone of an SD-JWT with key binding (RFC 9901 §4); any other text unchanged."""
    sd_jwt, separator, last = text.rpartition("~")
    return f"{sd_jwt}~" if separator and last.count(".") == 2 else text


def epoch(instant: datetime) -> int:
    """NumericDate (RFC 7519 §2)."""
    return int(instant.timestamp())


def _decode_disclosure(text: str) -> tuple[str, Any]:
    padded = text + "=" * (-len(text) % 4)
    salt, name, value = msgspec.json.decode(base64.urlsafe_b64decode(padded))
    if not isinstance(salt, str) or not isinstance(name, str):
        raise ValueError("a disclosure is [salt, name, value]")
    return name, value
