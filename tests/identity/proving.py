"""A client that holds keys: signs DPoP proofs and client assertions as a foreign program would."""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.conftest import NOON
from tests.identity.relying_party import TokenClient

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def public_jwks(*keys: ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def proof(key: ECKey, method: str, address: str, **claims: Any) -> str:
    """A DPoP proof (RFC 9449 §4.2) of noon in Huangshi, when the tests' clock stands."""
    public = key.as_dict(private=False)
    jwk = {name: public[name] for name in ("kty", "crv", "x", "y")}
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}
    body = {
        "jti": uuid.uuid4().hex,
        "htm": method,
        "htu": address,
        "iat": int(NOON.timestamp()),
        **claims,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(header, body, key, ["ES256"])


def token_hash(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def assertion(key: ECKey, client_id: str, audience: Any, **claims: Any) -> str:
    """What proves a client without a secret (RFC 7523 §3)."""
    now = int(NOON.timestamp())
    body = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + 60,
        **claims,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, body, key, ["ES256"])


@dataclass
class KeyClient(TokenClient):
    """A back channel with proofs on every request; it takes the nonce it is given and comes again."""

    key: ECKey = field(default_factory=new_key)
    nonce: str | None = None

    def post(self, path: str, **form: str) -> httpx.Response:
        answer = self._post(path, form)
        if answer.json().get("error") == "use_dpop_nonce":
            self.nonce = answer.headers["dpop-nonce"]
            answer = self._post(path, form)
        return answer

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        auth = (self.client_id, self.secret) if self.secret else None
        named = form if self.secret else {"client_id": self.client_id, **form}
        address = f"{self.issuer}/{path}"
        headers = {"dpop": proof(self.key, "POST", address, nonce=self.nonce)}
        return httpx.post(address, data=named, auth=auth, headers=headers, trust_env=False)

    def who(self, access_token: str) -> httpx.Response:
        address = f"{self.issuer}/userinfo"
        shown = proof(self.key, "GET", address, ath=token_hash(access_token))
        headers = {"authorization": f"DPoP {access_token}", "dpop": shown}
        return httpx.get(address, headers=headers, trust_env=False)
