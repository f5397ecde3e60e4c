"""The issuer seen from a portal: its endpoints over HTTP, its keys, and what makes an id_token believable."""

import threading
import time
from datetime import datetime
from typing import Any

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kernel.errors import Forbidden, OutsideFailure, OutsideTimeout, OutsideUnavailable, Unauthenticated
from kernel.i18n import N_
from kernel.tls import authorities

TIMEOUT_SECONDS = 8.0
RELOAD_KEYS_EVERY = 10.0
LEEWAY_SECONDS = 60
_WRONG_ANSWER = N_("统一身份认证的答复无法核实，已经停止登录。请稍后重试。")


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A token response (RFC 6749 §5.1)."""

    access_token: str
    expires_in: int
    refresh_token: str
    id_token: str = ""


class IssuerClient:
    """One confidential client's view of its issuer. Safe to use from many threads."""

    def __init__(self, issuer: str, *, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self.redirect_uri = redirect_uri
        self.authorization_endpoint = f"{issuer}/authorize"
        self.end_session_endpoint = f"{issuer}/logout"
        self._client_id = client_id
        self._http = httpx.Client(
            auth=httpx.BasicAuth(client_id, client_secret),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=authorities(),
        )
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._keys_at = float("-inf")

    def close(self) -> None:
        self._http.close()

    def exchange_code(self, code: str, verifier: str) -> Tokens:
        """Raises ``Unauthenticated`` when the issuer refuses the code, ``OutsideFailure`` when it cannot be asked."""
        return self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            }
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises ``Unauthenticated`` when the sign-in has ended."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, token: str) -> None:
        """RFC 7009."""
        self._post("/revoke", {"token": token, "token_type_hint": "refresh_token"})

    def checked_id_token(self, id_token: str, *, nonce: str, now: datetime) -> dict[str, Any]:
        """Its claims, if signature (ES256 only), issuer, audience, time and nonce are right (Core §3.1.3.7)."""
        try:
            token = jwt.decode(id_token, self._key_set(), algorithms=["ES256"])
        except (JoseError, ValueError):
            self._reload_keys()
            try:
                token = jwt.decode(id_token, self._key_set(), algorithms=["ES256"])
            except (JoseError, ValueError) as error:
                raise Forbidden(_WRONG_ANSWER) from error
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            sid={"essential": True},
        )
        try:
            registry.validate(token.claims)
        except JoseError as error:
            raise Forbidden(_WRONG_ANSWER) from error
        if token.claims["aud"] not in (self._client_id, [self._client_id]):
            raise Forbidden(_WRONG_ANSWER)
        return token.claims

    def _tokens(self, form: dict[str, str]) -> Tokens:
        response = self._post("/token", form)
        if response.status_code == 400 and b'"invalid_grant"' in response.content:
            raise Unauthenticated("登录已经结束或链接已经用过，请重新登录。")
        if response.status_code != 200:
            raise OutsideFailure("统一身份认证暂时不能完成登录，请稍后再试。")
        try:
            return msgspec.json.decode(response.content, type=Tokens)
        except msgspec.MsgspecError as error:
            raise OutsideFailure(_WRONG_ANSWER) from error

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        try:
            return self._http.post(f"{self.issuer}{path}", data=form)
        except httpx.TimeoutException as error:
            raise OutsideTimeout("统一身份认证没有按时答复，请稍后再试。") from error
        except httpx.HTTPError as error:
            raise OutsideUnavailable("暂时连不上统一身份认证，请稍后再试。") from error

    def _key_set(self) -> KeySet:
        if self._keys is None:
            self._reload_keys()
        if self._keys is None:
            raise OutsideUnavailable("暂时取不到统一身份认证的公钥，请稍后再试。")
        return self._keys

    def _reload_keys(self) -> None:
        """Fetch the JWKS, but not more often than every few seconds, however many strange tokens arrive."""
        with self._lock:
            if time.monotonic() - self._keys_at < RELOAD_KEYS_EVERY:
                return
            try:
                response = self._http.get(f"{self.issuer}/jwks.json")
                response.raise_for_status()
                self._keys = KeySet.import_key_set(response.json())
            except (httpx.HTTPError, ValueError, JoseError) as error:
                raise OutsideUnavailable("暂时取不到统一身份认证的公钥，请稍后再试。") from error
            self._keys_at = time.monotonic()
