"""A portal as a client of the identity service: sign in, come back, stay signed in, sign out (OpenID Connect Core).

Everything goes over real HTTP to the issuer, as it would from another machine. The attempt to sign in travels in a
sealed cookie of this browser, bound to ``state``, so nothing is kept for visitors who never come back.
"""

import base64
import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import anyio
import msgspec
from litestar import get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.crypto import SealBroken, Vault
from kernel.errors import (
    CapacityLost,
    InvalidInput,
    OutsideFailure,
    SignInFailed,
    Unauthenticated,
    Unavailable,
)
from kernel.house import House
from kernel.i18n import N_
from kernel.ids import new_token
from kernel.web import csrf
from kernel.web.bearer import Connection, Doorkeeper, ResolveToken
from kernel.web.oidc_issuer import IssuerClient
from kernel.web.preferences import same_site_path
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from kernel.web.sessions import LiveSession, SessionStore

ATTEMPT_SECONDS = 600
RENEW_BEFORE = timedelta(seconds=30)
_PROMPTS = frozenset({"", "login", "select_account"})

_log = logging.getLogger("dongchu.web")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the identity service and back."""

    state: str
    nonce: str
    verifier: str
    return_to: str
    expires_at: float


def portal_secret(vault: Vault, client_id: str) -> str:
    """The client secret of a portal of this house: derived, so that it lies nowhere."""
    return base64.urlsafe_b64encode(vault.derive_key(f"oidc-client/{client_id}")).decode().rstrip("=")


class RelyingParty:
    """One portal's door. ``handlers`` go into its app, ``doorkeeper`` to its state, ``csrf_guard`` to its guards."""

    def __init__(self, house: House, *, portal: str, scopes: tuple[str, ...], resolve: ResolveToken) -> None:
        self._house = house
        self._portal = portal
        self._scopes = " ".join(("openid", "profile", *scopes))
        self._issuer = IssuerClient(
            house.settings.issuer,
            client_id=portal,
            client_secret=portal_secret(house.vault, portal),
            redirect_uri=f"{house.settings.base_url}/{portal}/callback",
        )
        self.sessions = SessionStore(house, portal)
        self.doorkeeper = Doorkeeper(resolve, self._token_of)
        self.csrf_guard = csrf.CsrfGuard(house.vault, self.sessions.cookie_name)
        self._renewals = threading.BoundedSemaphore(8)
        # Coming back asks the issuer, which may be this very process: it must not wait for our own threads.
        self._callbacks = anyio.CapacityLimiter(8)

    @property
    def handlers(self) -> list[ControllerRouterHandler]:
        """``GET /login``, ``GET /callback``, ``POST /switch``, ``POST /logout``."""

        @get("/login", status_code=303, sync_to_thread=True, include_in_schema=False)
        def login(
            return_to: FromQuery[str] = "",
            prompt: FromQuery[str] = "",
            max_age: Annotated[int | None, QueryParameter(ge=0)] = None,
        ) -> Redirect:
            return self.begin(return_to=return_to, prompt=prompt, max_age=max_age)

        @get("/callback", status_code=303, include_in_schema=False)
        async def callback(request: WebRequest) -> Redirect:
            return await anyio.to_thread.run_sync(self.complete, request, limiter=self._callbacks)

        @post("/switch", status_code=303, sync_to_thread=True, include_in_schema=False)
        def switch(data: URLEncodedBody[dict[str, str]]) -> Redirect:
            """Into another capacity by one click, without signing in again."""
            return self.begin(
                return_to=data.get("return_to", ""),
                prompt="",
                max_age=None,
                capacity=data.get("capacity", ""),
            )

        @post("/logout", status_code=303, sync_to_thread=True, include_in_schema=False)
        def logout(request: WebRequest) -> Redirect:
            return self.leave(request)

        return [login, callback, switch, logout]

    def close(self) -> None:
        """Give back the connections to the issuer: for ``Litestar(on_shutdown=[party.close])``."""
        self._issuer.close()

    def sign_in(self, request: WebRequest) -> str:
        """Where a browser without a session goes from here: for ``problems.exception_handlers(sign_in=…)``."""
        query = request.scope.get("query_string", b"").decode("latin-1")
        here = f"{request.url.path}?{query}" if query else request.url.path
        return f"/{self._portal}/login?{urlencode({'return_to': here})}"

    def context_of(self, request: WebRequest) -> Mapping[str, Any]:
        """What every page of a portal shows about the visit: for ``Pages.for_portal(context_of=…)``."""
        principal = self._visitor(request)
        switch = urlencode({"prompt": "select_account", "return_to": f"/{self._portal}"})
        return {
            "principal": principal,
            "csrf_token": csrf.token_for(self._house.vault, request.cookies.get(self.sessions.cookie_name)),
            "sign_out_href": f"/{self._portal}/logout" if principal else "",
            "capacity_href": f"/{self._portal}/login?{switch}" if principal else "",
        }

    def _visitor(self, request: WebRequest) -> Principal | None:
        """For the frame around a page: as the handler found it, and never worth asking the issuer."""
        try:
            return self.doorkeeper.principal_of(request, may_renew=False)
        except (Unauthenticated, CapacityLost):
            return None

    def begin(self, *, return_to: str, prompt: str, max_age: int | None, capacity: str = "") -> Redirect:
        """Off to the identity service, with state, nonce and PKCE (RFC 7636, S256).

        ``capacity`` is the one that the person has just chosen on a page of ours, by a form no other site can send.
        """
        if prompt not in _PROMPTS:
            raise InvalidInput("登录链接不完整，请从首页重新进入。")
        now = self._house.clock.now()
        attempt = Attempt(
            state=new_token(),
            nonce=new_token(),
            verifier=new_token(384),
            return_to=same_site_path(return_to) if return_to else f"/{self._portal}",
            expires_at=now.timestamp() + ATTEMPT_SECONDS,
        )
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._portal,
            "redirect_uri": self._issuer.redirect_uri,
            "scope": self._scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if prompt:
            parameters["prompt"] = prompt
        if capacity:
            parameters["capacity_hint"] = capacity[:80]
        if max_age is not None:
            parameters["max_age"] = str(max_age)
        sealed = self._house.vault.seal(
            msgspec.json.encode(attempt).decode(), context=self._attempt_place(attempt.state)
        )
        cookie = self.sessions.cookie(
            base64.urlsafe_b64encode(sealed).decode(),
            purpose=_attempt_purpose(attempt.state),
            max_age=ATTEMPT_SECONDS,
        )
        address = f"{self._issuer.authorization_endpoint}?{urlencode(parameters)}"
        return _redirect(address, cookies=[cookie])

    def complete(self, request: WebRequest) -> Redirect:
        """Back from the identity service: check everything, exchange the code, open a fresh session."""
        parameters = request.query_params
        attempt = self._attempt_of(request, parameters.get("state", ""))
        if parameters.get("iss", "") != self._house.settings.issuer:  # RFC 9207 §2.4
            raise SignInFailed("登录答复不是来自本市统一身份认证，已经停止。请从首页重新登录。")
        if "error" in parameters:
            raise SignInFailed(_refusal_text(parameters.get("error", "")))
        now = self._house.clock.now()
        tokens = self._issuer.exchange_code(parameters.get("code", ""), attempt.verifier)
        claims = self._issuer.checked_id_token(tokens.id_token, nonce=attempt.nonce, now=now)
        former = self._live_session(request, now)
        with self._house.database.write() as session:
            if former is not None:
                self.sessions.end(session, former.session_id)
            value = self.sessions.open(
                session, sid=uuid.UUID(claims["sid"]), payload=_payload(tokens, now), now=now
            )
        if former is not None:
            self._forget(former)
        cookies = [
            self.sessions.cookie(value),
            self.sessions.no_cookie(_attempt_purpose(attempt.state)),
        ]
        return _redirect(attempt.return_to, cookies=cookies)

    def leave(self, request: WebRequest) -> Redirect:
        """Sign out here, then at the identity service, which ends the sign-in for all portals."""
        parameters = {
            "post_logout_redirect_uri": f"{self._house.settings.base_url}/",
            "client_id": self._portal,
        }
        live = self._live_session(request, self._house.clock.now())
        if live is not None:
            parameters["id_token_hint"] = live.payload["id_token"]
            with self._house.database.write() as session:
                self.sessions.end(session, live.session_id)
        address = f"{self._issuer.end_session_endpoint}?{urlencode(parameters)}"
        return _redirect(address, cookies=[self.sessions.no_cookie()])

    def _attempt_of(self, request: WebRequest, state: str) -> Attempt:
        cookie = request.cookies.get(self.sessions.name_of(_attempt_purpose(state)), "")
        try:
            sealed = base64.urlsafe_b64decode(cookie.encode("ascii"))
            text = self._house.vault.open(sealed, context=self._attempt_place(state))
            attempt = msgspec.json.decode(text, type=Attempt)
        except (ValueError, SealBroken) as error:
            raise SignInFailed("这次登录不是从这个浏览器发起的，或者已经用过。请从首页重新登录。") from error
        if attempt.expires_at <= self._house.clock.now().timestamp():
            raise SignInFailed("登录等待的时间太久，已经失效。请重新登录。")
        return attempt

    def _attempt_place(self, state: str) -> str:
        return f"oidc_attempt/{self._portal}/{state}"

    def _live_session(self, connection: Connection, now: datetime) -> LiveSession | None:
        cookie = connection.cookies.get(self.sessions.cookie_name)
        if not cookie:
            return None
        with self._house.database.read() as session:
            return self.sessions.load(session, cookie, now)

    def _token_of(self, connection: Connection, *, may_renew: bool) -> str | None:
        """The access token behind the cookie, renewed shortly before it expires."""
        now = self._house.clock.now()
        live = self._live_session(connection, now)
        if live is None:
            return None
        if not may_renew:
            return live.payload["access_token"]
        if now >= _renew_at(live):
            live = self._renewed(live, now)
        elif self.sessions.is_due(live, now):
            with self._house.database.write() as session:
                self.sessions.touch(session, live.session_id, now)
        return live.payload["access_token"]

    def _renewed(self, live: LiveSession, now: datetime) -> LiveSession:
        """Refresh once, however many requests notice together: a second use of the token would end everything."""
        if not self._renewals.acquire(timeout=2):
            raise Unavailable("系统正忙，请稍等片刻再试。", retry_after=2)
        try:
            with self._house.database.write() as session:
                is_mine = self.sessions.lease(session, live.session_id, now)
            return self._refresh(live, now) if is_mine else self._await_renewal(live, now)
        finally:
            self._renewals.release()

    def _refresh(self, live: LiveSession, now: datetime) -> LiveSession:
        with self._house.database.read() as session:
            fresh = self.sessions.reload(session, live.session_id)
        if fresh is None:
            raise Unauthenticated("登录已经结束，请重新登录。")
        if now < _renew_at(fresh):
            return fresh
        try:
            tokens = self._issuer.refresh(fresh.payload["refresh_token"])
        except Unauthenticated:
            with self._house.database.write() as session:
                self.sessions.end(session, live.session_id)
            raise
        payload = _payload(tokens, now) | ({} if tokens.id_token else {"id_token": fresh.payload["id_token"]})
        with self._house.database.write() as session:
            renewed = self.sessions.renew(session, live.session_id, payload, now)
        if renewed is None:
            raise Unauthenticated("登录已经结束，请重新登录。")
        return renewed

    def _await_renewal(self, live: LiveSession, now: datetime) -> LiveSession:
        """Another request is renewing: wait for what it brings."""
        for _ in range(60):
            time.sleep(0.05)
            with self._house.database.read() as session:
                fresh = self.sessions.reload(session, live.session_id)
            if fresh is None:
                raise Unauthenticated("登录已经结束，请重新登录。")
            if now < _renew_at(fresh):
                return fresh
        raise Unavailable("系统正忙，请稍等片刻再试。", retry_after=2)

    def _forget(self, former: LiveSession) -> None:
        """The tokens of the session that was replaced: revoked, as far as the issuer can be reached."""
        try:
            self._issuer.revoke(former.payload["refresh_token"])
        except OutsideFailure:
            _log.warning("%s: the tokens of a replaced session could not be revoked", self._portal)


def _payload(tokens: Any, now: datetime) -> dict[str, str]:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "id_token": tokens.id_token,
        "expires_at": (now + timedelta(seconds=tokens.expires_in)).isoformat(),
    }


def _renew_at(live: LiveSession) -> datetime:
    return datetime.fromisoformat(live.payload["expires_at"]) - RENEW_BEFORE


def _attempt_purpose(state: str) -> str:
    """One cookie per attempt, so that two tabs do not spoil each other's."""
    is_plain = state.isascii() and state.replace("-", "").replace("_", "").isalnum()
    return f"login_{state[:10]}" if is_plain else "login"


def _refusal_text(error: str) -> str:
    if error == "access_denied":
        return N_("您取消了登录。需要办理时，可以随时重新登录。")
    if error in ("login_required", "interaction_required", "consent_required", "account_selection_required"):
        return N_("还需要您亲自登录一次，请从首页进入。")
    return N_("统一身份认证没有同意这次登录，请稍后重试；多次失败请拨打 12345。")


def _redirect(address: str, *, cookies: list[Cookie]) -> Redirect:
    return Redirect(address, status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"})
