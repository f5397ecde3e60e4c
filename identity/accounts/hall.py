"""The entry hall: what all ways in share, and the one place where every one of them ends."""

from datetime import datetime
from typing import Any

from authlib.oauth2 import OAuth2Error
from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Redirect
from sqlalchemy.orm import Session

from identity.accounts import history
from identity.accounts import service as accounts
from identity.accounts.assurance import assurance_of
from identity.accounts.codes import MessageCodes
from identity.accounts.officials import is_lenient
from identity.accounts.passwords import PasswordPool
from identity.accounts.quotas import Quotas
from identity.accounts.throttle import LoginThrottle
from identity.accounts.tickets import Tickets
from identity.browser import Browser, authorize_path, device_named, may_lead_to, query_of, redirect
from identity.clients.service import find_client
from identity.oauth.edge import parse_parameters
from identity.outside import Outside
from identity.sessions.models import IdentitySession
from identity.sessions.service import live_session, open_session, raise_session
from kernel.errors import DongchuError, Unauthenticated
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.ids import new_token
from kernel.notices.service import notify
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from kernel.wording import worded

#: What a client takes where people sit on seats: the city's, or a bank's.
_SEATS = frozenset({"seat", "institution_seat"})


class EntryHall:
    """Made once per app and given to every way in."""

    def __init__(self, house: House, pages: Pages, browser: Browser, outside: Outside) -> None:
        self.house, self.pages, self.browser, self.outside = house, pages, browser, outside
        self.passwords = PasswordPool()
        self.throttle = LoginThrottle(house.ephemeral, house.vault)
        self.quotas = Quotas(house.ephemeral, house.vault)
        self.codes = MessageCodes(house, outside.send_code)
        self.mail_codes = MessageCodes(house, outside.send_mail_code)
        self.tickets = Tickets(house.ephemeral, house.vault)
        self.assurance = assurance_of(house)
        #: Identities elsewhere that one may sign in through, where the city has any.
        self.providers: tuple[str, ...] = ()

    def page(
        self,
        request: WebRequest,
        template: str,
        *,
        next_query: str = "",
        problem: DongchuError | None = None,
        visit: tuple[str, list[Cookie]] | None = None,
        **context: Any,
    ) -> Response[Any]:
        """A page before anybody is signed in; after a refusal with what was typed (never a secret) and why.

        ``visit``: the browser's cookie, where something on the page had to be bound to it already.
        """
        value, cookies = visit or self.browser.visit_cookie(request)
        client_name, headers, is_for_seats = self._goal(next_query)
        if problem is not None and problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        page = self.pages.page(
            request,
            template,
            status=problem.status if problem else 200,
            headers=headers,
            csrf_token=self.browser.csrf_token_of(value),
            next=next_query,
            client_name=client_name,
            problem=problem,
            wrong=_wrong(problem),
            is_demo=self.house.settings.is_demo,
            is_lenient=is_for_seats and is_lenient(self.house),
            **context,
        )
        for cookie in cookies:
            page.set_cookie(cookie)
        return page

    def visit_of(self, request: WebRequest) -> str:
        """The value that binds codes and tickets to this browser."""
        return self.browser.visit_cookie(request)[0]

    def arrive(self, request: WebRequest, subject_id: int, *, method: str, next_query: str) -> Redirect:
        """The person has proved who they are: a fresh cookie, a sign-in (or a stronger one), and on they go."""
        visitor = self.browser.visitor_of(request)
        key = visitor.key or new_token()
        now, vault = self.house.clock.now(), self.house.vault
        with self.house.database.write() as session:
            found = history.arriving(session, subject_id, visitor, vault=vault)
            if found is None or found[0].state != "active":
                raise Unauthenticated(accounts.WRONG_LOGIN)
            account, is_new = found
            known = type(visitor)(address=visitor.address, device=visitor.device, key=key)
            history.remember(session, subject_id, known, method=method, is_success=True, vault=vault, now=now)
            current = self.browser.sign_in_of(session, request)
            methods = [method]
            if current is not None and current.subject_id == subject_id:
                methods = [*current.methods, method]
                acr = self.assurance.level_of(account, methods, now)
                raise_session(current, method=method, acr=acr, now=now)
                sid = current.sid
            else:
                sid = open_session(
                    session,
                    subject_id=subject_id,
                    address=visitor.address,
                    device=visitor.device,
                    vault=vault,
                    now=now,
                    methods=methods,
                    acr=self.assurance.level_of(account, methods, now),
                )
                if is_new:
                    _tell_of_device(session, subject_id, visitor.device, now)
            cookies = self.browser.open(session, request, sid)
        return redirect(authorize_path(next_query), [*cookies, self.browser.device_cookie(key)])

    def strengthen(self, session: Session, sign_in: IdentitySession, method: str) -> None:
        """The person of this sign-in has just proved themselves in one more way, without leaving the page."""
        now, row = self.house.clock.now(), live_session(session, sign_in.sid, self.house.clock.now())
        if row is None:
            raise Unauthenticated("请先登录，再继续办理。")
        account = accounts.required(session, row.subject_id)
        acr = self.assurance.level_of(account, [*row.methods, method], now)
        raise_session(row, method=method, acr=acr, now=now)

    def signed_in(self, request: WebRequest) -> IdentitySession:
        """The sign-in of this browser. Raises ``Unauthenticated``."""
        with self.house.database.read() as session:
            row = self.browser.sign_in_of(session, request)
        if row is None:
            raise Unauthenticated("请先登录，再继续办理。")
        return row

    def client_name(self, next_query: str) -> str:
        """The name of the client that sent the person here, "" for a page of ours."""
        return self._goal(next_query)[0]

    def _goal(self, next_query: str) -> tuple[str, dict[str, str], bool]:
        """The client that sent the person here: its name, leave for the form to end there, whether seats work in it."""
        plain = {"Cache-Control": "no-store"}
        try:
            parameters = parse_parameters(next_query.encode())
        except (OAuth2Error, UnicodeError):
            return "", plain, False
        with self.house.database.read() as session:
            client = find_client(session, parameters.get("client_id", ""))
        redirect_uri = parameters.get("redirect_uri", "")
        is_for_seats = client is not None and bool(_SEATS.intersection(client.capacities))
        if client is not None and "request_uri" in parameters:  # a pushed request keeps its address to itself
            return client.name, may_lead_to(*client.redirect_uris), is_for_seats
        if client is None or not client.check_redirect_uri(redirect_uri):
            return "", plain, False
        return client.name, may_lead_to(redirect_uri), is_for_seats


def _wrong(problem: DongchuError | None) -> dict[str, str]:
    """What is said beside each field; the number of a person is ``id_number`` in all forms of these pages."""
    return {
        "id_number" if one.where == "identifier" else one.where: (
            _("%(what)s，%(mend)s。", what=_(one.what), mend=_(one.mend)) if one.mend else _(one.what)
        )
        for one in (problem.errors if problem else ())
    }


def _tell_of_device(session: Session, subject_id: int, device: str, now: datetime) -> None:
    """Somebody, the owner most likely, signed in where nobody did before; on the phone as well as in the inbox."""
    notify(
        session,
        subject_id=subject_id,
        kind="account.device",
        title=worded("您的账户在一台新设备上登录了"),
        body=worded(
            "设备：%(device)s。如果不是您本人，请打开“登录与安全”让它退出，并修改密码；也可以拨打12345。",
            device=device_named(device),
        ),
        link="/identity/security",
        now=now,
    )


def next_of(request: WebRequest) -> str:
    """Where a page was asked to lead on to, from its address; nothing when that cannot be read."""
    try:
        return parse_parameters(query_of(request)).get("next", "")
    except OAuth2Error:
        return ""


def hint_of(request: WebRequest) -> str:
    """Whom a client expects to sign in (OpenID Connect Core §3.1.2.1, ``login_hint``): no more than a filled-in field."""
    try:
        return parse_parameters(query_of(request)).get("login_hint", "")[:60]
    except OAuth2Error:
        return ""
