"""A browser and a client as the tests drive them: real HTTP, real cookies, nothing of ours inside."""

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from kernel.tls import authorities

PASSWORD = "correct horse battery"
CALLBACK = "http://127.0.0.1:9/callback"
MINI_APP, MINI_SECRET = "mini-app", "a third party's secret"
OTHER_SECRET = "another's secret"


@dataclass
class Attempt:
    """The parameters of one authorization request, ready to be bent."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def parameters(self, **changes: str | None) -> dict[str, str]:
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}


class Surfer:
    """A browser without scripts: follows redirects within the city, stops at a client's address."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.http = httpx.Client(
            base_url=url, headers={"accept": "text/html"}, trust_env=False, verify=authorities(), **options
        )
        self.page = httpx.Response(204)

    def open(self, path: str, **parameters: str) -> httpx.Response:
        return self._follow(self.http.get(path, params=parameters or None))

    def submit(self, page: httpx.Response, action: str | None = None, **fields: str) -> httpx.Response:
        """Fill in the first form of a page (or the one whose action contains ``action``) and send it."""
        forms = []
        for form in re.findall(r"<form\b.*?</form>", page.text, re.S):
            found = re.search(r'action="([^"]*)"', form)
            address = html.unescape(found.group(1)) if found else ""
            if "preferences" not in address and (action is None or action in address):
                forms.append((address != action, len(forms), address, form))
        assert forms, f"no such form on {page.url}"
        _, _, address, form = min(forms)
        hidden = {
            html.unescape(name): html.unescape(value)
            for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
        }
        return self._follow(self.http.post(address, data={**hidden, **fields}))

    def sign_in(self, page: httpx.Response, login: str, password: str = PASSWORD) -> httpx.Response:
        return self.submit(page, "/identity/login", login=login, password=password)

    def _follow(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect:
            target = httpx.URL(str(response.url)).join(response.headers["location"])
            if not str(target).startswith(self.url) or target.path.endswith("/callback"):
                break
            response = self.http.get(target)
        self.page = response
        return response

    def close(self) -> None:
        self.http.close()


def redirect_of(response: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where a redirect leads: the address without query, and its parameters."""
    assert response.is_redirect, (response.status_code, response.text[:600])
    parts = urlsplit(response.headers["location"])
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


def authorize_url(parameters: dict[str, str]) -> str:
    return f"/identity/authorize?{urlencode(parameters)}"


def mini_attempt(**changes: Any) -> Attempt:
    """An authorization request of the outside client."""
    return Attempt(MINI_APP, CALLBACK, "openid profile", **changes)


def obtain_code(
    surfer: Surfer, attempt: Attempt, login: str = "guiying", **changes: str | None
) -> dict[str, str]:
    """Sign in, consent where asked, and the parameters that came back to the client."""
    return answer_to(surfer, authorize_url(attempt.parameters(**changes)), login)


def answer_to(surfer: Surfer, address: str, login: str = "guiying") -> dict[str, str]:
    """The same for an address that a client made."""
    page = surfer.open(address)
    if "/identity/login" in str(page.url):
        page = surfer.sign_in(page, login)
    if not page.is_redirect:
        page = surfer.submit(page, "authorize", decision="allow")
    return redirect_of(page)[1]


@dataclass
class TokenClient:
    """The back channel of a client."""

    issuer: str
    client_id: str = MINI_APP
    secret: str | None = MINI_SECRET

    def post(self, path: str, **form: str) -> httpx.Response:
        auth = (self.client_id, self.secret) if self.secret else None
        named = form if self.secret else {"client_id": self.client_id, **form}
        return httpx.post(f"{self.issuer}/{path}", data=named, auth=auth, trust_env=False)

    def redeem(self, attempt: Attempt, code: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
            **changes,
        }
        return self.post("token", **form)

    def refresh(self, token: str, **changes: str) -> httpx.Response:
        return self.post("token", grant_type="refresh_token", refresh_token=token, **changes)

    def who(self, access_token: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {access_token}"}
        return httpx.get(f"{self.issuer}/userinfo", headers=headers, trust_env=False)


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
