"""The simulated identity of the province and the simulated network identity: OpenID providers over real HTTP.

A demonstrator picks who they are; no password is asked, because nobody here is real. Everything a client must check is
there to be checked: PKCE, one-time codes, nonce, issuer in the answer, ES256 signatures, tokens that expire.
"""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, RawBody
from litestar.response import Redirect

from connectors.identity_providers.messages import NetworkIdentityAnswer, NetworkIdentityQuestion
from connectors.settings import OutsideSystem
from connectors.simulators.admin_routes import search
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from kernel.clock import Clock
from kernel.crypto import hmac_sm3
from kernel.web.pages import Pages
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest

CLIENT_ID = "dongchu"
CODE_SECONDS, TOKEN_SECONDS = 60.0, 300
NAMES = {"province_identity": "省统一身份认证", "network_identity": "国家网络身份认证"}
_ASKED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method", "scope")


@dataclass(frozen=True, slots=True)
class Issued:
    """What a code or an access token stands for."""

    asked: dict[str, str]
    id_number: str
    until: float


class Provider:
    """One simulated provider; what it issued lives as long as the process."""

    def __init__(self, name: str, system: OutsideSystem, clock: Clock) -> None:
        self.name, self.issuer, self.secret = name, system.base_url, system.token
        self.clock = clock
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self._codes: dict[str, Issued] = {}
        self._tokens: dict[str, Issued] = {}

    def subject_of(self, id_number: str) -> str:
        """Their own name for the person, always the same, out of which nobody reads the number."""
        return hmac_sm3(f"{self.name}/{self.secret}".encode(), id_number.encode()).hex()[:24].upper()

    def grant(self, asked: dict[str, str], id_number: str) -> str:
        code = secrets.token_urlsafe(24)
        self._codes[code] = Issued(asked, id_number, time.monotonic() + CODE_SECONDS)
        return code

    def redeem(self, form: dict[str, str]) -> dict[str, Any]:
        """RFC 6749 §4.1.3 with RFC 7636 §4.6; a code works once."""
        issued = self._codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        sent = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            issued is None
            or issued.until < time.monotonic()
            or issued.asked["redirect_uri"] != form.get("redirect_uri")
            or not hmac.compare_digest(issued.asked["code_challenge"], sent)
        ):
            raise Refused("invalid_grant", "授权码无效", status=400)
        access = secrets.token_urlsafe(24)
        self._tokens[access] = Issued(issued.asked, issued.id_number, time.monotonic() + TOKEN_SECONDS)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": self.subject_of(issued.id_number),
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": issued.asked["nonce"],
        }
        token = jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": token,
        }

    def person_of(self, token: str) -> str:
        issued = self._tokens.get(token)
        if issued is None or issued.until < time.monotonic() or "identity" not in issued.asked["scope"]:
            raise Refused("invalid_token", "访问令牌无效", status=401)
        return issued.id_number


def provider_router(provider: Provider) -> Router:
    """Everything under ``/simulators/<provider>``."""

    @get("/.well-known/openid-configuration", sync_to_thread=False)
    def discovery() -> dict[str, Any]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/jwks",
            "userinfo_endpoint": f"{provider.issuer}/userinfo",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
        }

    @get("/jwks", sync_to_thread=False)
    def keys() -> dict[str, Any]:
        return {"keys": [{**provider.key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}

    @get("/authorize", sync_to_thread=True, include_in_schema=False)
    def ask(
        request: WebRequest, pages: NamedDependency[Pages], world: NamedDependency[World]
    ) -> Response[str]:
        """Who are you? Pick anybody of the simulated population."""
        asked = _asked(dict(request.query_params))
        wanted = request.query_params.get("q", "")
        return pages.page(
            request,
            "connectors/provider.html",
            provider=NAMES[provider.name],
            action=f"/simulators/{provider.name}/authorize",
            asked=asked,
            q=wanted,
            people=search(world, "person", "id_number", wanted),
        )

    @post("/authorize", status_code=303, sync_to_thread=True, include_in_schema=False)
    def choose(request: WebRequest, body: RawBody, world: NamedDependency[World]) -> Redirect:
        refuse_cross_site(request)
        form = _form(body)
        asked = _asked(form)
        answer = {"state": asked["state"], "iss": provider.issuer}
        row = world.store.row(
            "SELECT id_number FROM person WHERE id_number = ? AND died_on IS NULL", form.get("person", "")
        )
        if row is None:
            answer["error"] = "access_denied"
        else:
            answer["code"] = provider.grant(asked, row["id_number"])
        return Redirect(f"{asked['redirect_uri']}?{urlencode(answer)}", status_code=303)

    @post("/token", status_code=200, sync_to_thread=True)
    def token(request: WebRequest, body: RawBody) -> Response[bytes]:
        credentials = base64.b64encode(f"{CLIENT_ID}:{provider.secret}".encode()).decode()
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Basic {credentials}".encode()):
            raise Refused("invalid_client", "客户端凭据不正确", status=401)
        answer = msgspec.json.encode(provider.redeem(_form(body)))
        return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})

    @get("/userinfo", sync_to_thread=True)
    def userinfo(request: WebRequest, world: NamedDependency[World]) -> dict[str, Any]:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        id_number = provider.person_of(bearer)
        row = world.store.row("SELECT name FROM person WHERE id_number = ?", id_number)
        name = row["name"] if row is not None else ""
        return {"sub": provider.subject_of(id_number), "xm": name, "gmsfhm": id_number, "rzdj": 4}

    return Router(
        f"/{provider.name}",
        route_handlers=[discovery, keys, ask, choose, token, userinfo, *_checks(provider)],
        before_request=fail_on_purpose(provider.name),
        tags=[provider.name],
    )


def _checks(provider: Provider) -> list[Any]:
    """The network identity tells nobody's name, but answers whether a 网号 is of a given person."""
    if provider.name != "network_identity":
        return []

    @post(
        "/identity-checks", status_code=200, sync_to_thread=True, guards=[require_token("network_identity")]
    )
    def check(
        data: JSONBody[NetworkIdentityQuestion], world: NamedDependency[World]
    ) -> NetworkIdentityAnswer:
        row = world.store.row(
            "SELECT 1 FROM person WHERE id_number = ? AND name = ? AND died_on IS NULL",
            data.id_number,
            data.name,
        )
        is_theirs = hmac.compare_digest(provider.subject_of(data.id_number), data.subject)
        return NetworkIdentityAnswer(row is not None and is_theirs)

    return [check]


def _asked(given: dict[str, str]) -> dict[str, str]:
    """The request, if it is one this simulator serves: its one client, a code, PKCE by S256."""
    asked = {name: given.get(name, "") for name in _ASKED}
    if asked["client_id"] != CLIENT_ID or asked["code_challenge_method"] != "S256":
        raise Refused("invalid_request", "登录请求不完整", status=400)
    if not asked["redirect_uri"].endswith("/callback") or not asked["code_challenge"]:
        raise Refused("invalid_request", "登录请求不完整", status=400)
    return asked


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace")))
