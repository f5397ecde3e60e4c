"""The authorization endpoint and logout as a person meets them: pages and redirects."""

from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from litestar import Response, get, post
from litestar.params import RawBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.accounts.step_up import step_up_path
from identity.browser import Browser, may_lead_to, query_of, read_form, redirect, without_prompts
from identity.clients.scopes import SCOPES
from identity.oauth import repository
from identity.oauth.authorize import CONSENT_LIFETIME, Authorization, Choices, Step
from identity.oauth.edge import FREE, parse_parameters
from identity.oauth.logout import LogoutRequest, read_logout
from identity.oauth.provider import Provider
from identity.oauth.rfc9126_par import PREFIX, Pushed, find_pushed
from identity.oauth.server import Answer, ProtocolServer
from identity.sessions.service import end_session
from kernel.errors import InvalidInput
from kernel.web.pages import Pages, reader_of
from kernel.web.requests import WebRequest

AnyResponse = Response[Any]


class OAuthPages:
    """What stands behind the handlers of this module."""

    def __init__(self, provider: Provider, pages: Pages, browser: Browser) -> None:
        self._provider, self._house = provider, provider.house
        self._pages, self._browser = pages, browser

    def authorize(self, request: WebRequest, choices: Choices) -> AnyResponse:
        """Hand out a code in one transaction where that is likely: somebody who signed in and is asked nothing.

        Everybody else is looked at first, in one that cannot write: strangers never stand in the way of writers.
        """
        try:
            travelling = parse_parameters(query_of(request))
        except OAuth2Error as error:
            return self._error_page(request, str(error.description))
        try:
            pushed = self._pushed(travelling)
        except LookupError as error:
            return self._error_page(request, str(error))
        is_likely = self._browser.has_session(request) and "prompt" not in travelling
        step = self._decide(request, travelling, pushed, choices, may_issue=is_likely)
        if is_likely:
            return self._show(request, travelling, pushed, choices, step)
        if step.kind == "issue" or (step.answer is not None and pushed is not None):
            step = self._decide(request, travelling, pushed, choices, may_issue=True)
        return self._show(request, travelling, pushed, choices, step)

    def _pushed(self, travelling: dict[str, str]) -> Pushed | None:
        """What the client left with us, if the address says so. Raises ``LookupError``."""
        if not travelling.get("request_uri", "").startswith(PREFIX):
            return None
        with self._house.database.read() as session:
            found = find_pushed(session, travelling, vault=self._house.vault, now=self._house.clock.now())
        if found is None:
            raise LookupError("The request_uri is not known, was used, or has expired.")
        return found

    def _decide(
        self,
        request: WebRequest,
        travelling: dict[str, str],
        pushed: Pushed | None,
        choices: Choices,
        *,
        may_issue: bool,
    ) -> Step:
        now = self._house.clock.now()
        self._provider.keys.load()
        doors = self._house.database
        with doors.write() if may_issue else doors.read() as session:
            server = ProtocolServer(session, self._provider, now=now)
            sign_in = self._browser.sign_in_of(session, request)
            parameters = pushed.parameters if pushed else travelling
            authorization = Authorization(server, parameters, pushed_at=pushed.at if pushed else None)
            step = authorization.decide(sign_in, choices, may_issue=may_issue)
            is_over = step.answer is not None and pushed is not None and may_issue
            if is_over and not repository.spend_pushed_request(session, pushed.request_hash, now):
                session.rollback()  # somebody else was answered a moment ago: nothing of this may stay
                return Step("answer", answer=Answer(400, {"error_description": "The request_uri was used."}))
        return step

    def _show(
        self,
        request: WebRequest,
        travelling: dict[str, str],
        pushed: Pushed | None,
        choices: Choices,
        step: Step,
    ) -> AnyResponse:
        if step.answer is not None:
            return self._answer(request, step.answer)
        client = step.client
        if client is None:
            raise RuntimeError(f"the step {step.kind} names no client")
        parameters = pushed.parameters if pushed else travelling
        if step.kind == "login":
            query = urlencode(without_prompts(travelling, "login"))
            named = {"login_hint": parameters["login_hint"]} if "login_hint" in parameters else {}
            return redirect(f"/identity/login?{urlencode({'next': query, **named})}")
        if step.kind == "step_up":
            return redirect(step_up_path(urlencode(travelling), step.wanted))
        shared = {
            "client_name": client.name,
            "csrf_token": self._browser.csrf_token(request),
            "headers": may_lead_to(parameters["redirect_uri"]),
        }
        if step.kind == "no_capacity":
            return self._pages.page(
                request, "identity/no_capacity.html", status=403, client_id=client.client_id, **shared
            )
        action = f"/identity/authorize?{urlencode(without_prompts(travelling, 'select_account'))}"
        other = urlencode({"next": urlencode(without_prompts(travelling, "select_account", "login"))})
        if step.kind == "choose":
            return self._pages.page(
                request,
                "identity/choose.html",
                action=action,
                options=step.options,
                other_query=other,
                **shared,
            )
        option = step.option
        answered = urlencode(without_prompts(travelling, "select_account", "consent"))
        return self._pages.page(
            request,
            "identity/consent.html",
            action=f"/identity/authorize?{answered}",
            basis=option.basis if option else choices.basis,
            acting_for=option.name if option and option.capacity in ("person", "enterprise") else "",
            scope_texts=[SCOPES[scope] for scope in step.scopes],
            detail_texts=self._provider.details.told(step.details, reader_of(request).locale),
            withdrawn_text=self._provider.details.withdrawn(step.details, reader_of(request).locale),
            own_name=option.name if option and option.capacity == "self" else "",
            until=self._provider.house.clock.now() + CONSENT_LIFETIME,
            is_first_party=client.is_first_party,
            **shared,
        )

    def _answer(self, request: WebRequest, answer: Answer) -> AnyResponse:
        if answer.location:
            return Redirect(answer.location, status_code=303, headers={"Cache-Control": "no-store"})
        body = answer.body if isinstance(answer.body, dict) else {}
        return self._error_page(request, str(body.get("error_description") or body.get("error", "")))

    def _error_page(self, request: WebRequest, technical: str) -> AnyResponse:
        """The client or its address is not to be trusted: nobody is sent anywhere (RFC 6749 §4.1.2.1)."""
        return self._pages.page(
            request,
            "identity/refused.html",
            status=400,
            technical=technical,
            headers={"Cache-Control": "no-store"},
        )

    def log_out(self, request: WebRequest, parameters: dict[str, str], *, is_confirmed: bool) -> AnyResponse:
        """RP-initiated logout: a valid hint, or the person's own confirmation, ends the sign-in for all portals."""
        now = self._house.clock.now()
        with self._house.database.read() as session:
            asked = read_logout(session, parameters, house=self._house, keys=self._provider.keys)
            live = self._browser.live(session, request)
        if asked.is_refused:
            return self._error_page(request, "The logout request is not valid.")
        ending = {sid for sid in (asked.sid, live.sid if live and is_confirmed else None) if sid}
        if live is not None and not ending:
            kept = ("client_id", "post_logout_redirect_uri", "state")
            return self._pages.page(
                request,
                "identity/confirm_logout.html",
                csrf_token=self._browser.csrf_token(request),
                kept={name: parameters[name] for name in kept if name in parameters},
                headers=may_lead_to(asked.redirect_uri),
            )
        cookies: list[Any] = []
        if ending:
            with self._house.database.write() as session:
                for sid in ending:
                    end_session(session, sid, reason="logged_out", now=now)
                if live is not None and live.sid in ending:
                    self._browser.sessions.end(session, live.session_id)
                    cookies = [self._browser.sessions.no_cookie()]
        return self._gone(request, asked, cookies)

    def _gone(self, request: WebRequest, asked: LogoutRequest, cookies: list[Any]) -> AnyResponse:
        if asked.redirect_uri:
            return redirect(asked.redirect_uri, cookies)
        page = self._pages.page(request, "identity/logged_out.html", headers={"Cache-Control": "no-store"})
        for cookie in cookies:
            page.set_cookie(cookie)
        return page


def oauth_page_handlers(provider: Provider, pages: Pages, browser: Browser) -> list[ControllerRouterHandler]:
    """``/authorize`` and ``/logout``."""
    desk = OAuthPages(provider, pages, browser)

    @get("/authorize", sync_to_thread=True, tags=["oauth"])
    def authorize(request: WebRequest) -> AnyResponse:
        """Ask for a person's sign-in (RFC 6749 §4.1.1); answers with pages and redirects."""
        return desk.authorize(request, Choices())

    @post("/authorize", status_code=200, sync_to_thread=True, include_in_schema=False)
    def decide(request: WebRequest, body: RawBody) -> AnyResponse:
        """A decision from our own page; or a client's request, which may come by POST too (Core §3.1.2.1)."""
        form = read_form(request, body, free=FREE)
        if "client_id" in form:
            return redirect(f"/identity/authorize?{urlencode(form)}")
        browser.check_form(request, form)
        decision = form.get("decision", "")
        if decision not in ("", "allow", "deny"):
            raise InvalidInput("请选择同意或取消。")
        return desk.authorize(request, Choices(basis=form.get("basis", ""), decision=decision))

    @get("/logout", sync_to_thread=True, tags=["openid"])
    def logout(request: WebRequest) -> AnyResponse:
        """Sign out everywhere (OpenID Connect RP-Initiated Logout 1.0)."""
        try:
            parameters = parse_parameters(query_of(request))
        except OAuth2Error as error:
            raise InvalidInput("退出登录的请求有误，请从首页重新进入。") from error
        return desk.log_out(request, parameters, is_confirmed=False)

    @post("/logout", status_code=200, sync_to_thread=True, include_in_schema=False)
    def confirmed_logout(request: WebRequest, body: RawBody) -> AnyResponse:
        form = read_form(request, body, free=FREE)
        if "csrf_token" not in form:  # a client may also post (§2); what it says counts as in an address
            return desk.log_out(request, form, is_confirmed=False)
        browser.check_form(request, form)
        return desk.log_out(request, form, is_confirmed=True)

    return [authorize, decide, logout, confirmed_logout]
