"""Signing in at a desk by a phone: the desk's page with the picture, and the phone's question."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import RawBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.accounts.hall import EntryHall, next_of
from identity.accounts.throttle import network_of
from identity.browser import query_of, read_form, redirect
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.qr.requests import DeskRequest, QrRequests
from identity.sessions.models import IdentitySession
from identity.trail import note
from kernel.errors import DongchuError, Forbidden
from kernel.web.requests import WebRequest

METHOD = "qr"
#: Pictures per hour for one address (a whole office may share one), looks at one picture, scans by one person.
PER_ADDRESS, LOOKS, SCANS = 600, 200, 60
_TYPED = frozenset({"number"})


class QrDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall, self._requests = hall, QrRequests(hall.house.ephemeral, hall.house.vault)

    def page(self, request: WebRequest, next_query: str) -> Response[Any]:
        """A fresh picture for this browser."""
        hall, visitor = self._hall, self._hall.browser.visitor_of(request)
        hall.quotas.spend("qr/address", network_of(visitor.address), limit=PER_ADDRESS)
        visit, cookies = hall.browser.visit_cookie(request)
        handles = self._requests.open(
            visitor, site=hall.client_name(next_query), browser=visit, now=hall.house.clock.now()
        )
        return hall.page(
            request,
            "identity/qr.html",
            next_query=next_query,
            visit=(visit, cookies),
            state="waiting",
            number="",
            address=self._address(handles.code),
            code=handles.code,
            handle=handles.handle,
        )

    def check(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """How it stands; the person is in once the phone has said so."""
        hall, handle, next_query = self._hall, form.get("handle", ""), form.get("next", "")
        browser = hall.visit_of(request)
        hall.quotas.spend("qr/look", handle, limit=LOOKS)
        subject_id = self._requests.enter(handle, browser=browser)
        is_live = request.headers.get("hx-request") == "true"
        if subject_id is not None:
            arrived = hall.arrive(request, subject_id, method=METHOD, next_query=next_query)
            return _led_by_script(arrived) if is_live else arrived
        state, number = self._requests.state(handle, browser=browser)
        code = form.get("code", "")
        if is_live and state == form.get("seen", ""):
            return Response(b"", status_code=204, headers={"Cache-Control": "no-store"})
        return hall.page(
            request,
            "identity/_qr_state.html" if is_live else "identity/qr.html",
            next_query=next_query,
            state=state,
            number=number,
            address=self._address(code),
            code=code,
            handle=handle,
        )

    def ask(self, request: WebRequest, code: str) -> Response[Any]:
        """The phone's page: who wants to be let in, and the question."""
        hall = self._hall
        with hall.house.database.read() as session:
            sign_in = hall.browser.sign_in_of(session, request)
        if sign_in is None:
            own = urlencode({"own": "qr", "c": code})
            return redirect(f"/identity/login?{urlencode({'next': own})}")
        try:
            self._admit(sign_in)
            desk = self._requests.scan(code, sign_in.subject_id)
        except DongchuError as problem:
            return self._question(request, code, None, problem)
        return self._question(request, code, desk, None)

    def answer(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """What the person said; what was allowed stands in the trail."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        is_allowed = form.get("decision") == "allow"
        try:
            self._admit(sign_in)
            self._requests.answer(
                form.get("c", ""), sign_in.subject_id, form.get("number", ""), is_allowed=is_allowed
            )
        except DongchuError as problem:
            return self._question(request, "", None, problem)
        with hall.house.database.write() as session:
            action, person = "qr.allow" if is_allowed else "qr.refuse", sign_in.subject_id
            note(session, action, "subject", person, now=hall.house.clock.now(), by=person)
        return self._question(request, "", None, None, done="allowed" if is_allowed else "refused")

    def _address(self, code: str) -> str:
        return f"{self._hall.house.settings.base_url}/identity/qr/confirm?{urlencode({'c': code[:64]})}"

    def _admit(self, sign_in: IdentitySession) -> None:
        self._hall.quotas.spend("qr/scan", str(sign_in.subject_id), limit=SCANS)
        if set(sign_in.methods) == {METHOD}:
            raise Forbidden("扫码登录的设备不能再为别的设备确认，请用平时登录的手机来扫。")

    def _question(
        self,
        request: WebRequest,
        code: str,
        desk: DeskRequest | None,
        problem: DongchuError | None,
        *,
        done: str = "",
    ) -> Response[Any]:
        hall = self._hall
        here = network_of(hall.browser.visitor_of(request).address)
        return hall.pages.page(
            request,
            "identity/qr_confirm.html",
            status=problem.status if problem else 200,
            headers={"Cache-Control": "no-store"},
            csrf_token=hall.browser.csrf_token(request),
            code=code,
            desk=desk,
            is_same_network=desk is not None and network_of(desk.address) == here,
            problem=problem,
            done=done,
        )


def qr_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/login/qr`` for the desk, ``/qr/confirm`` for the phone."""
    desk = QrDesk(hall)

    @get("/login/qr", sync_to_thread=True, tags=["account"])
    def picture(request: WebRequest) -> Response[Any]:
        """A picture for a phone to scan."""
        return desk.page(request, next_of(request))

    @post("/login/qr/check", status_code=200, sync_to_thread=True, include_in_schema=False)
    def check(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body)
        hall.browser.check_form(request, form, is_visit=True)
        return desk.check(request, form)

    @get("/qr/confirm", sync_to_thread=True, tags=["account"])
    def ask(request: WebRequest) -> Response[Any]:
        """Who wants to be let in."""
        try:
            code = parse_parameters(query_of(request)).get("c", "")
        except MalformedRequest:
            code = ""
        return desk.ask(request, code)

    @post("/qr/confirm", status_code=200, sync_to_thread=True, include_in_schema=False)
    def answer(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        return desk.answer(request, form)

    return [picture, check, ask, answer]


def _led_by_script(arrived: Redirect) -> Response[Any]:
    """A redirect that htmx carries out as a whole page, cookies and all."""
    page: Response[Any] = Response(b"", headers={"HX-Redirect": arrived.url, "Cache-Control": "no-store"})
    for cookie in arrived.cookies:
        page.set_cookie(cookie)
    return page
