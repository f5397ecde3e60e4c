"""Signs a record with the issuer's ES256 key; the same keys that sign credentials, published as one JWKS."""

from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from policy_engine.decisions.record import ALGORITHM, Record, canonical


def signed(record: Record, key: ECKey) -> str:
    """JWS in compact form with detached content (RFC 7515 appendix F)."""
    token = jws.serialize_compact({"alg": ALGORITHM, "kid": key.kid}, canonical(record), key)
    header, _payload, signature = token.split(".")
    return f"{header}..{signature}"


def public_part(key: ECKey) -> dict[str, Any]:
    """The key as it stands in a JWKS."""
    return {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM}
