"""The browser at our own pages: its sign-in, its CSRF tokens, where it is and what it calls itself."""

import uuid
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar.datastructures import Cookie
from litestar.response import Redirect
from sqlalchemy.orm import Session

from identity.accounts.schemas import Visitor
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.sessions.models import IdentitySession
from identity.sessions.service import live_session
from kernel.errors import InvalidInput
from kernel.house import House
from kernel.i18n import Named
from kernel.ids import new_token
from kernel.web import csrf
from kernel.web.requests import WebRequest
from kernel.web.security_headers import content_policy
from kernel.web.sessions import LiveSession, SessionStore

HOME = "/identity/security"
#: Where one goes back to, by portal (which is its client, too).
PORTAL_PAGES = {"tong": "/tong/me", "rongtong": "/rongtong", "zhengtong": "/zhengtong"}
#: Pages of ours that a sign-in may lead to, by the name a ``next`` gives them, and the one parameter they take.
_OWN_PAGES = {
    "security": (HOME, ""),
    "qr": ("/identity/qr/confirm", "c"),
    "upstream": (HOME, ""),
    "device": ("/identity/device", "user_code"),
}
_KEY_LENGTH = len(new_token())
_KEY_SECONDS = 180 * 86_400
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_IN_ENGLISH = {"微信": "WeChat", "其他浏览器": "another browser", "其他设备": "another device"}


class Browser:
    """Made once per app; every method takes the request it speaks of."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.sessions = SessionStore(house, "identity")

    def live(self, session: Session, request: WebRequest) -> LiveSession | None:
        cookie = request.cookies.get(self.sessions.cookie_name)
        return self.sessions.load(session, cookie, self._house.clock.now())

    def has_session(self, request: WebRequest) -> bool:
        """Whether the browser says that somebody signed in; what it says is not checked here."""
        return self.sessions.cookie_name in request.cookies

    def sign_in_of(self, session: Session, request: WebRequest) -> IdentitySession | None:
        """The sign-in of this browser, if it stands."""
        live = self.live(session, request)
        return live_session(session, live.sid, self._house.clock.now()) if live else None

    def open(self, session: Session, request: WebRequest, sid: uuid.UUID) -> list[Cookie]:
        """Begin anew after a sign-in: another cookie value than any before it."""
        former = self.live(session, request)
        if former is not None:
            self.sessions.end(session, former.session_id)
        value = self.sessions.open(session, sid=sid, payload={}, now=self._house.clock.now())
        return [self.sessions.cookie(value), self.sessions.no_cookie("visit")]

    def visit_cookie(self, request: WebRequest) -> tuple[str, list[Cookie]]:
        """What protects the login form before anybody is signed in: a cookie of chance, set when there is none."""
        known = request.cookies.get(self.sessions.name_of("visit"), "")
        if len(known) >= 32 and known.isascii():
            return known, []
        value = new_token()
        return value, [self.sessions.cookie(value, purpose="visit")]

    def visitor_of(self, request: WebRequest) -> Visitor:
        """Who stands at the door, as far as the browser tells."""
        key = request.cookies.get(self.sessions.name_of("device"), "")
        known = key if len(key) == _KEY_LENGTH and key.isascii() else ""
        return Visitor(address=address_of(request), device=device_of(request), key=known)

    def device_cookie(self, key: str) -> Cookie:
        """By this the browser is known again when its owner's account is under attack from elsewhere."""
        return self.sessions.cookie(key, purpose="device", max_age=_KEY_SECONDS)

    def csrf_token(self, request: WebRequest) -> str:
        return csrf.token_for(self._house.vault, request.cookies.get(self.sessions.cookie_name))

    def csrf_token_of(self, cookie: str) -> str:
        return csrf.token_for(self._house.vault, cookie)

    def check_form(self, request: WebRequest, form: dict[str, str], *, is_visit: bool = False) -> None:
        """Raises ``CsrfRefused``."""
        name = self.sessions.name_of("visit") if is_visit else self.sessions.cookie_name
        csrf.check(
            request,
            vault=self._house.vault,
            cookie=request.cookies.get(name),
            sent=form.get(csrf.FIELD, ""),
        )


def read_form(request: WebRequest, body: bytes, *, free: frozenset[str] = frozenset()) -> dict[str, str]:
    """A form of our own pages; fields in ``free`` may hold any printable text. Raises ``InvalidInput``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidInput("请通过页面上的表单提交。")
    try:
        return parse_parameters(body, free=free)
    except MalformedRequest as error:
        raise InvalidInput("提交的内容有误，请返回后重新填写。") from error


def query_of(request: WebRequest) -> bytes:
    return request.scope.get("query_string", b"")


def authorize_path(query: str) -> str:
    """Back to the authorization endpoint with a query that passed the edge, or to a page of ours (``own=qr&c=…``).

    The path is always ours, so that no page of this service leads anywhere else.
    """
    if not query:
        return HOME
    try:
        parameters = parse_parameters(query.encode())
        if own := _OWN_PAGES.get(parameters.get("own", "")):
            path, name = own
            return f"{path}?{urlencode({name: parameters.get(name, '')})}" if name else path
        return f"/identity/authorize?{urlencode(parameters)}"
    except (MalformedRequest, UnicodeError):
        return HOME


def without_prompts(parameters: dict[str, str], *answered: str) -> dict[str, str]:
    """The request once the person has done what these prompts asked; a fresh sign-in also satisfies ``max_age``."""
    kept = dict(parameters)
    prompts = [one for one in kept.pop("prompt", "").split() if one not in answered]
    if prompts:
        kept["prompt"] = " ".join(prompts)
    if "login" in answered:
        kept.pop("max_age", None)
    return kept


def may_lead_to(*redirect_uris: str) -> dict[str, str]:
    """Headers that let the form of a page end, by redirect, at a registered client of another origin."""
    parts = [urlsplit(uri) for uri in redirect_uris]
    origins = tuple(dict.fromkeys(f"{one.scheme}://{one.netloc}" for one in parts if one.netloc))
    if not origins:
        return {"Cache-Control": "no-store"}
    return {"Content-Security-Policy": content_policy(origins), "Cache-Control": "no-store"}


def address_of(request: WebRequest) -> str:
    return request.client.host if request.client else "unknown"


def device_of(request: WebRequest) -> str:
    """Browser and system in a few words, for the person's own list of sign-ins."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "其他浏览器")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "其他设备")
    return f"{browser} · {system}"


def device_named(device: str) -> Named:
    """What ``device_of`` said, for a reader of English."""
    return Named(device, " · ".join(_IN_ENGLISH.get(part, part) for part in device.split(" · ")))


def redirect(path: str, cookies: list[Cookie] | None = None, **headers: Any) -> Redirect:
    return Redirect(
        path, status_code=303, cookies=cookies or [], headers={"Cache-Control": "no-store", **headers}
    )
