"""Signing in: the page, the check, and where one goes from there."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts.passwords import PasswordPool
from identity.accounts.service import prove_password
from identity.accounts.throttle import LoginThrottle
from identity.browser import (
    Browser,
    address_of,
    authorize_path,
    device_of,
    may_lead_to,
    query_of,
    read_form,
    redirect,
)
from identity.clients.service import find_client
from identity.oauth.edge import parse_parameters
from identity.sessions.service import open_session
from kernel.errors import TooManyRequests, Unauthenticated, Unavailable
from kernel.house import House
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest

#: What people type may hold anything they have on a keyboard.
_TYPED = frozenset({"login", "password"})


class LoginDesk:
    """What stands behind the login handlers."""

    def __init__(self, house: House, pages: Pages, browser: Browser, passwords: PasswordPool) -> None:
        self._house, self._pages, self._browser, self._passwords = house, pages, browser, passwords
        self._throttle = LoginThrottle(house.ephemeral, house.vault)

    def page(
        self,
        request: WebRequest,
        next_query: str,
        *,
        login: str = "",
        error: str = "",
        status: int = 200,
        retry_after: int | None = None,
    ) -> Response[Any]:
        """The form; after a refusal with what was typed (never the password) and why."""
        visit, cookies = self._browser.visit_cookie(request)
        client_name, headers = self._goal(next_query)
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        page = self._pages.page(
            request,
            "identity/login.html",
            status=status,
            headers=headers,
            csrf_token=self._browser.csrf_token_of(visit),
            next=next_query,
            client_name=client_name,
            login=login,
            error=error,
        )
        for cookie in cookies:
            page.set_cookie(cookie)
        return page

    def sign_in(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Check the password, open a fresh sign-in and a fresh cookie, go on."""
        next_query, login = form.get("next", ""), form.get("login", "")
        address, device = address_of(request), device_of(request)
        now = self._house.clock.now()
        try:
            subject_id = prove_password(
                self._house.database,
                login=login,
                password=form.get("password", ""),
                address=address,
                device=device,
                passwords=self._passwords,
                throttle=self._throttle,
                vault=self._house.vault,
                now=now,
            )
        except (Unauthenticated, TooManyRequests, Unavailable) as error:
            return self.page(
                request,
                next_query,
                login=login,
                error=error.detail,
                status=error.status,
                retry_after=error.retry_after,
            )
        with self._house.database.write() as session:
            opened = open_session(
                session,
                subject_id=subject_id,
                address=address,
                device=device,
                vault=self._house.vault,
                now=now,
            )
            cookies = self._browser.open(session, request, opened.sid)
        return redirect(authorize_path(next_query), cookies)

    def _goal(self, next_query: str) -> tuple[str, dict[str, str]]:
        """The name of the client that sent the person here, and leave for the form to end there."""
        plain = {"Cache-Control": "no-store"}
        try:
            parameters = parse_parameters(next_query.encode())
        except (OAuth2Error, UnicodeError):
            return "", plain
        with self._house.database.read() as session:
            client = find_client(session, parameters.get("client_id", ""))
        redirect_uri = parameters.get("redirect_uri", "")
        if client is None or not client.check_redirect_uri(redirect_uri):
            return "", plain
        return client.name, may_lead_to(redirect_uri)


def login_handlers(
    house: House, pages: Pages, browser: Browser, passwords: PasswordPool
) -> list[ControllerRouterHandler]:
    """``/login``."""
    desk = LoginDesk(house, pages, browser, passwords)

    @get("/login", sync_to_thread=True, tags=["account"])
    def login_page(request: WebRequest) -> Response[Any]:
        """The login form."""
        try:
            next_query = parse_parameters(query_of(request)).get("next", "")
        except OAuth2Error:
            next_query = ""
        return desk.page(request, next_query)

    @post("/login", status_code=200, sync_to_thread=True, include_in_schema=False)
    def login(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        browser.check_form(request, form, is_visit=True)
        return desk.sign_in(request, form)

    return [login_page, login]
