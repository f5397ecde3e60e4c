"""A relying party of an identity provider: the authorization code flow with PKCE, state, nonce and the issuer's name.

What comes back counts only when signature, issuer, audience, nonce and time are right (OpenID Connect Core §3.1.3.7)
and the answer names the provider that was asked (RFC 9207), so that no provider can pass off another's answer.
"""

import base64
import hashlib
import threading
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connectors.identity_providers.messages import (
    Discovery,
    NetworkIdentityAnswer,
    NetworkIdentityQuestion,
    TokenAnswer,
    VerifiedPerson,
)
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.errors import Forbidden, OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.i18n import N_
from kernel.ids import new_token
from kernel.tls import authorities

T = TypeVar("T")
ProviderId = Literal["province", "network"]
LABELS: dict[ProviderId, str] = {
    "province": N_("湖北省统一身份认证"),
    "network": N_("国家网络身份认证（网号）"),
}
CLIENT_ID = "dongchu"
LEEWAY_SECONDS = 60
_WRONG = N_("对方的登录答复无法核实，已经停止。请换一种方式登录，或稍后再试。")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try, kept on our side until the answer comes."""

    state: str
    nonce: str
    verifier: str


class ProvenSubject(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in there: by the issuer's own name for them, and where it tells, by name and number."""

    issuer: str
    subject: str
    name: str = ""
    id_number: str = ""


class IdentityProvider:
    """One provider. Safe to use from many threads."""

    def __init__(
        self, provider: ProviderId, system: OutsideSystem, *, redirect_uri: str, watch: Watch | None = None
    ) -> None:
        self.provider, self.label = provider, LABELS[provider]
        self._system, self._redirect_uri = system, redirect_uri
        self._guard = watch.guard(f"{provider}_identity", self.label) if watch is not None else None
        self._caller = Caller(self.label, system, name=f"{provider}_identity", watch=watch)
        self._http = httpx.Client(
            timeout=httpx.Timeout(system.answer_seconds, connect=system.connect_seconds),
            follow_redirects=False,
            trust_env=False,
            verify=authorities(),
        )
        self._lock = threading.Lock()
        self._discovered: Discovery | None = None
        self._keys: KeySet | None = None

    def close(self) -> None:
        self._http.close()
        self._caller.close()

    def begin(self) -> tuple[Attempt, str]:
        """A new try and the address to send the browser to."""
        attempt = Attempt(state=new_token(), nonce=new_token(), verifier=new_token(384))
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "scope": "openid identity" if self.provider == "province" else "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return attempt, f"{self._discovery().authorization_endpoint}?{urlencode(query)}"

    def complete(self, attempt: Attempt, answer: dict[str, str], *, now: datetime) -> ProvenSubject:
        """Who it was. ``answer`` are the parameters of the redirect. Raises ``Forbidden`` or ``OutsideFailure``."""
        if answer.get("iss") != self._discovery().issuer or answer.get("state") != attempt.state:
            raise Forbidden(_WRONG)
        if "code" not in answer:
            raise OutsideRefused(
                N_("没有用对方的身份登录。可以再试，也可以换一种方式，效果一样。"), code="denied"
            )
        tokens = self._exchange(answer["code"], attempt.verifier)
        claims = self._checked(tokens.id_token, attempt.nonce, now)
        if self.provider == "network":
            return ProvenSubject(issuer=claims["iss"], subject=claims["sub"])
        person = self._person(tokens.access_token)
        if person.subject != claims["sub"] or person.level < 3:  # Core §5.3.2
            raise Forbidden(_WRONG)
        return ProvenSubject(
            issuer=claims["iss"], subject=claims["sub"], name=person.name, id_number=person.id_number
        )

    def belongs_to(self, subject: str, name: str, id_number: str) -> bool:
        """Whether a 网号 is of the person with this name and number; the provider answers yes or no, never who."""
        question = NetworkIdentityQuestion(subject=subject, name=name, id_number=id_number)
        return self._caller.read("/identity-checks", NetworkIdentityAnswer, question=question).is_match

    def _discovery(self) -> Discovery:
        """Fetched once; the issuer must be the one that was configured (Discovery §4.3)."""
        with self._lock:
            if self._discovered is None:
                url = f"{self._system.base_url}/.well-known/openid-configuration"
                found = self._read(self._send("GET", url), Discovery)
                if found.issuer != self._system.base_url:
                    raise Forbidden(_WRONG)
                self._discovered = found
            return self._discovered

    def _exchange(self, code: str, verifier: str) -> TokenAnswer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        response = self._send(
            "POST", self._discovery().token_endpoint, data=form, auth=(CLIENT_ID, self._system.token)
        )
        if response.status_code == 400:
            raise Forbidden(_WRONG)
        return self._read(response, TokenAnswer)

    def _person(self, access_token: str) -> VerifiedPerson:
        headers = {"authorization": f"Bearer {access_token}"}
        return self._read(
            self._send("GET", self._discovery().userinfo_endpoint, headers=headers), VerifiedPerson
        )

    def _checked(self, id_token: str, nonce: str, now: datetime) -> dict[str, Any]:
        try:
            token = jwt.decode(id_token, self._key_set(), algorithms=["ES256"])
        except (JoseError, ValueError):
            self._keys = None  # perhaps they turned their keys
            try:
                token = jwt.decode(id_token, self._key_set(), algorithms=["ES256"])
            except (JoseError, ValueError) as error:
                raise Forbidden(_WRONG) from error
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._discovery().issuer},
            aud={"essential": True, "value": CLIENT_ID},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(token.claims)
        except JoseError as error:
            raise Forbidden(_WRONG) from error
        if token.claims["aud"] not in (CLIENT_ID, [CLIENT_ID]) or not isinstance(token.claims["sub"], str):
            raise Forbidden(_WRONG)
        return token.claims

    def _key_set(self) -> KeySet:
        if self._keys is None:
            response = self._send("GET", self._discovery().jwks_uri)
            try:
                self._keys = KeySet.import_key_set(self._read(response, dict[str, Any]))  # type: ignore[arg-type]
            except (JoseError, ValueError) as error:
                raise Forbidden(_WRONG) from error
        return self._keys

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        if self._guard is None:
            return self._sent(method, url, options)
        with self._guard.passage():
            return self._sent(method, url, options)

    def _sent(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        try:
            response = self._http.request(method, url, **options)
        except httpx.TimeoutException as error:
            raise OutsideTimeout(N_("对方没有按时答复。请稍后再试，或换一种方式登录。")) from error
        except httpx.HTTPError as error:
            raise OutsideUnavailable(N_("暂时连不上对方。请稍后再试，或换一种方式登录。")) from error
        if response.status_code >= 500 or response.status_code in (401, 403, 429):
            raise OutsideUnavailable(N_("暂时连不上对方。请稍后再试，或换一种方式登录。"))
        return response

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Forbidden(_WRONG) from error
