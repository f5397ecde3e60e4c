"""A wallet as its maker would write it from the specifications: its own keys, its own JSON, nothing of ours inside."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from httpx import Response
from joserfc import jwe, jws
from joserfc.jwk import ECKey
from litestar import Litestar
from litestar.testing import TestClient

BASE = "http://127.0.0.1:8000"
ISSUER = f"{BASE}/licenses"
GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@dataclass
class Held:
    """A credential and the key it is bound to."""

    credential: str
    key: ECKey

    @property
    def claims(self) -> dict[str, Any]:
        return payload(self.credential.split("~")[0])

    def fields(self) -> dict[str, Any]:
        return {name: value for _text, name, value in self.disclosures()}

    def disclosures(self) -> list[tuple[str, str, Any]]:
        found = []
        for text in self.credential.split("~")[1:-1]:
            _salt, name, value = json.loads(decoded(text))
            found.append((text, name, value))
        return found

    def disclosing(self, names: list[str]) -> str:
        token = self.credential.split("~")[0]
        return "~".join([token, *(text for text, name, _value in self.disclosures() if name in names), ""])


@dataclass
class Wallet:
    """``now`` is the wallet's clock, in seconds."""

    http: TestClient[Litestar]
    now: int
    held: list[Held] = field(default_factory=list)
    notification_id: str = ""
    access_token: str = ""

    # Receiving (OpenID4VCI)

    def offered(self, link: str) -> dict[str, Any]:
        """The offer behind a link, by value or by reference."""
        query = parse_qs(urlsplit(link).query)
        if "credential_offer" in query:
            return json.loads(query["credential_offer"][0])
        return self.http.get(_path(query["credential_offer_uri"][0])).json()

    def redeem(self, offer: dict[str, Any], tx_code: str | None, **more: str) -> Response:
        code = offer["grants"][GRANT]["pre-authorized_code"]
        sent = {"grant_type": GRANT, "pre-authorized_code": code, **more}
        if tx_code is not None:
            sent["tx_code"] = tx_code
        answer = self.http.post("/licenses/issuance/token", data=sent)
        self.access_token = answer.json().get("access_token", "")
        return answer

    def nonce(self) -> str:
        return self.http.post("/licenses/issuance/nonce").json()["c_nonce"]

    def proof(self, key: ECKey, nonce: str | None, **changes: Any) -> str:
        header = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.as_dict(private=False)}
        header |= changes.pop("header", {})
        claims = {"aud": ISSUER, "iat": self.now, "nonce": nonce} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jws.serialize_compact(header, json.dumps(claims), changes.get("signer", key), ["ES256"])

    def ask(self, configuration: str, proved: list[str], **more: Any) -> Response:
        sent = {"credential_configuration_id": configuration, "proofs": {"jwt": proved}} | more
        return self.request({name: value for name, value in sent.items() if value is not None})

    def request(self, sent: Any, token: str | None = None) -> Response:
        headers = {"authorization": f"Bearer {token or self.access_token}"}
        return self.http.post("/licenses/issuance/credential", json=sent, headers=headers)

    def receive(self, configuration: str, copies: int = 1) -> Response:
        """Copies for new keys, kept."""
        keys, nonce = [ECKey.generate_key("P-256") for _ in range(copies)], self.nonce()
        answer = self.ask(configuration, [self.proof(key, nonce) for key in keys])
        if answer.status_code == 200:
            given = [one["credential"] for one in answer.json()["credentials"]]
            self.held += [Held(one, key) for one, key in zip(given, keys, strict=True)]
            self.notification_id = answer.json()["notification_id"]
        return answer

    def notify(self, event: str, notification_id: str | None = None) -> Response:
        sent = {"notification_id": notification_id or self.notification_id, "event": event}
        headers = {"authorization": f"Bearer {self.access_token}"}
        return self.http.post("/licenses/issuance/notification", json=sent, headers=headers)

    def dpop(self, key: ECKey, path: str, token: str | None = None) -> str:
        """A proof that this wallet sends the request (RFC 9449 §4.2)."""
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
        claims = {"jti": secrets.token_hex(8), "htm": "POST", "htu": f"{BASE}{path}", "iat": self.now}
        claims |= {} if token is None else {"ath": digest(token.encode())}
        return jws.serialize_compact(header, json.dumps(claims), key, ["ES256"])

    # Presenting (OpenID4VP)

    def asked(self, invocation: str) -> dict[str, Any]:
        """The request, after checking that it is signed by the certificate its client_id names."""
        query = parse_qs(urlsplit(invocation).query)
        sent = {"wallet_nonce": secrets.token_urlsafe(8)}
        answer = self.http.post(_path(query["request_uri"][0]), data=sent)
        assert answer.headers["content-type"] == "application/oauth-authz-req+jwt"
        header, claims = signed_by_its_certificate(answer.text)
        assert query["client_id"][0] == f"x509_hash:{digest(base64.b64decode(header['x5c'][0]))}"
        assert (header["typ"], claims["client_id"]) == ("oauth-authz-req+jwt", query["client_id"][0])
        assert claims["wallet_nonce"] == sent["wallet_nonce"]
        return claims

    def presentation(self, held: Held, request: dict[str, Any], **changes: Any) -> str:
        """With a key binding for this request; ``changes`` bend it."""
        [wanted] = request["dcql_query"]["credentials"]
        names = changes.pop("disclose", [one["path"][0] for one in wanted.get("claims", [])])
        shown = held.disclosing(names)
        key = changes.pop("signer", held.key)
        claims = {"aud": request["client_id"], "nonce": request["nonce"], "iat": self.now}
        claims |= {"sd_hash": digest(shown.encode())} | changes
        return self.bound(shown, key, claims)

    @staticmethod
    def bound(shown: str, key: ECKey, claims: dict[str, Any]) -> str:
        """With a key binding JWT (RFC 9901 §4.3)."""
        header = {"alg": "ES256", "typ": "kb+jwt"}
        return shown + jws.serialize_compact(header, json.dumps(claims), key, ["ES256"])

    def answer(self, request: dict[str, Any], presentation: str, **changes: Any) -> Response:
        content = {"vp_token": {"licence": [presentation]}, "state": request["state"]} | changes
        if request["response_mode"] == "direct_post":
            sent = {"vp_token": json.dumps(content["vp_token"]), "state": content["state"]}
        else:
            [jwk] = request["client_metadata"]["jwks"]["keys"]
            header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": jwk["kid"]}
            names = ["ECDH-ES", "A256GCM"]
            sent = {
                "response": jwe.encrypt_compact(
                    header, json.dumps(content).encode(), ECKey.import_key(jwk), names
                )
            }
        return self.http.post(_path(request["response_uri"]), data=sent)

    def present(self, invocation: str, held: Held | None = None) -> Response:
        request = self.asked(invocation)
        return self.answer(request, self.presentation(held or self.held[-1], request))


def payload(token: str) -> dict[str, Any]:
    return json.loads(decoded(token.split(".")[1]))


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _path(address: str) -> str:
    assert address.startswith(BASE)
    return address.removeprefix(BASE)


def signed_by_its_certificate(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT whose ``x5c`` verifies it."""
    signed, _dot, signature = token.rpartition(".")
    header = json.loads(decoded(signed.split(".")[0]))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    public, raw = certificate.public_key(), decoded(signature)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    return header, payload(token)
