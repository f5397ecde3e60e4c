"""How a bank's system calls the city's financing API: the reference client, and what the simulated banks use.

A token of its own by a signed assertion (RFC 7523), bound to its key (RFC 9449); every request signed (RFC 9421), every
answer checked against the city's published keys before anything in it is believed.
"""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet

from connectors.lenders.rfc9421_signatures import SignatureRefused, Spoken, check_answer, sign_request
from kernel.clock import Clock
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.i18n import N_
from kernel.tls import authorities

API = "/rongtong/api/v1/bank"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JSON = "application/json"
_RENEW_BEFORE_SECONDS = 60
_KEYS_KEPT_SECONDS = 300


class FinancingApi:
    """One bank's connection, shared by its threads. Its calls raise ``OutsideFailure``."""

    def __init__(
        self, base_url: str, client_id: str, key: ECKey, clock: Clock, *, timeout: float = 10.0
    ) -> None:
        self._base = base_url
        self._issuer = f"{base_url}/identity"
        self._client_id = client_id
        self._key = key
        self._clock = clock
        self._http = httpx.Client(
            timeout=timeout, trust_env=False, verify=authorities(), follow_redirects=False
        )
        self._lock = threading.Lock()
        self._token, self._token_until = "", 0.0
        self._nonce: str | None = None
        self._keys: KeySet | None = None
        self._keys_until = 0.0

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        return msgspec.json.decode(self._call("GET", path, b"", {}))

    def post(self, path: str, content: Any, *, officer: str, key: str) -> Any:
        """A change in the name of one of the bank's officers; the same ``key`` is the same change."""
        body = msgspec.json.encode(content)
        headers = {"content-type": _JSON, "bank-officer": officer, "idempotency-key": key}
        return msgspec.json.decode(self._call("POST", path, body, headers))

    def upload(self, path: str, content: bytes, *, officer: str, key: str) -> Any:
        """A PDF."""
        headers = {"content-type": "application/pdf", "bank-officer": officer, "idempotency-key": key}
        return msgspec.json.decode(self._call("POST", path, content, headers))

    def city_key(self, kid: str) -> Key | None:
        """A key of the city by its id; asked for anew when it is not known."""
        with self._lock:
            is_known = self._keys is not None and any(one.kid == kid for one in self._keys.keys)
            if not is_known or time.monotonic() > self._keys_until:
                answer = self._send("GET", f"{self._base}{API}/keys", b"", {})
                self._keys = KeySet.import_key_set(answer.json())
                self._keys_until = time.monotonic() + _KEYS_KEPT_SECONDS
            return next((one for one in self._keys.keys if one.kid == kid), None) if self._keys else None

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        asked, answer = self._signed(method, path, body, headers)
        if answer.status_code == 401:  # the token may have ended; a new one, once
            self._token_until = 0.0
            asked, answer = self._signed(method, path, body, headers)
        self._check(asked, answer)
        if answer.is_success:
            return answer.content
        problem = _problem(answer)
        if answer.status_code in (429, 503):
            raise OutsideUnavailable(problem.detail)
        raise OutsideRefused(problem.detail, code=problem.type.rpartition(":")[2])

    def _signed(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Spoken, httpx.Response]:
        url = f"{self._base}{API}{path}"
        token = self._access_token()
        whole = {
            **headers,
            "authorization": f"DPoP {token}",
            "dpop": self._proof(method, url.partition("?")[0], token),
        }
        plain = Spoken(method, url, whole, body)
        signed = sign_request(self._key, plain, now=self._clock.now(), nonce=secrets.token_urlsafe(16))
        asked = Spoken(method, url, {**whole, **signed}, body)
        return asked, self._send(method, url, body, asked.headers)

    def _check(self, asked: Spoken, answer: httpx.Response) -> None:
        """Whoever answers must be the city, and answer this."""
        told = Spoken(
            "", "", {k.lower(): v for k, v in answer.headers.items()}, answer.content, answer.status_code
        )
        try:
            check_answer(told, asked, self.city_key, now=self._clock.now())
        except SignatureRefused as refused:
            raise OutsideTimeout(N_("答复的签名未通过验证，不能采信。")) from refused

    def _access_token(self) -> str:
        with self._lock:
            if time.monotonic() < self._token_until:
                return self._token
            answer = self._ask_token()
            if answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce":
                self._nonce = answer.headers["dpop-nonce"]
                answer = self._ask_token()
            if not answer.is_success:
                raise OutsideRefused(N_("没有取得访问令牌。"), code=str(answer.json().get("error", "")))
            given = answer.json()
            self._token = given["access_token"]
            self._token_until = time.monotonic() + given["expires_in"] - _RENEW_BEFORE_SECONDS
            return self._token

    def _ask_token(self) -> httpx.Response:
        url = f"{self._issuer}/token"
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        }
        assertion = jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        try:
            return self._http.post(
                url, data=form, headers={"dpop": self._proof("POST", url, nonce=self._nonce)}
            )
        except httpx.HTTPError as error:
            raise OutsideUnavailable(N_("暂时无法连接。")) from error

    def _proof(self, method: str, url: str, token: str = "", *, nonce: str | None = None) -> str:
        public = self._key.as_dict(private=False)
        header = {
            "alg": "ES256",
            "typ": "dpop+jwt",
            "jwk": {name: public[name] for name in ("kty", "crv", "x", "y")},
        }
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": int(self._clock.now().timestamp()),
        }
        if token:
            hashed = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode(header, claims, self._key)

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        try:
            return self._http.request(method, url, content=body or None, headers=dict(headers))
        except httpx.ConnectError as error:
            raise OutsideUnavailable(N_("暂时无法连接。")) from error
        except httpx.HTTPError as error:
            raise OutsideTimeout(N_("没有按时答复。")) from error


class Problem(msgspec.Struct, frozen=True):
    """So much of RFC 9457 as a program needs."""

    type: str = ""
    detail: str = ""


def _problem(answer: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Problem(type=f"http_{answer.status_code}")
