"""The page on which a person lets a device in (RFC 8628 §3.3): sign in, enter the code, see who asks, decide."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.accounts.officials import may_take_seat
from identity.accounts.quotas import Quotas
from identity.accounts.step_up import step_up_path
from identity.browser import Browser, address_of, query_of, read_form, redirect
from identity.capacity.schemas import CapacityOption
from identity.capacity.service import options_for
from identity.clients.models import OAuthClient
from identity.clients.scopes import SCOPES
from identity.clients.service import find_client
from identity.oauth import repository
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.oauth.granting import Allowed, open_grant
from identity.oauth.models import DeviceAuthorization
from identity.oauth.provider import Provider
from identity.oauth.requests import EndUser
from identity.oauth.rfc8628_device import read_user_code, shown_user_code, user_code_hash
from identity.sessions.models import IdentitySession
from identity.trail import note
from kernel.errors import DongchuError, Gone, InvalidInput
from kernel.i18n import N_
from kernel.web.pages import Pages, reader_of
from kernel.web.requests import WebRequest

PATH = "/identity/device"
#: Codes tried: by one sign-in, and from one address, in ten minutes.
PER_SIGN_IN, PER_ADDRESS, WINDOW_SECONDS = 10, 60, 600.0
_NO_CODE = N_("没有等待中的设备用这个代码。请核对设备上的代码，它10分钟内有效。")
_TYPED = frozenset({"user_code"})


class DeviceDesk:
    """What stands behind these handlers."""

    def __init__(self, provider: Provider, pages: Pages, browser: Browser) -> None:
        self._provider, self._house, self._pages, self._browser = provider, provider.house, pages, browser
        self._quotas = Quotas(provider.house.ephemeral, provider.house.vault)

    def ask(self, request: WebRequest, typed: str) -> Response[Any]:
        """The field for the code; also who comes with a link still has to look and to send it themselves."""
        if self._sign_in(request) is None:
            return redirect(f"/identity/login?{urlencode({'next': _back(typed)})}")
        return self._page(request, typed)

    def show(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Who asks, and for what."""
        sign_in, typed = self._sign_in(request), form.get("user_code", "")
        if sign_in is None:
            return redirect(f"/identity/login?{urlencode({'next': _back(typed)})}")
        try:
            self._quotas.spend("device/sign-in", str(sign_in.sid), limit=PER_SIGN_IN, seconds=WINDOW_SECONDS)
            self._quotas.spend(
                "device/address", address_of(request), limit=PER_ADDRESS, seconds=WINDOW_SECONDS
            )
            with self._house.database.read() as session:
                row, client = self._waiting(session, typed)
                options = self._options(session, sign_in, client)
        except DongchuError as problem:
            return self._page(request, typed, problem=problem)
        return self._pages.page(
            request,
            "identity/device_confirm.html",
            csrf_token=self._browser.csrf_token(request),
            headers={"Cache-Control": "no-store"},
            client_name=client.name,
            user_code=shown_user_code(read_user_code(typed)),
            options=options,
            scope_texts=[SCOPES[scope] for scope in row.scope.split()],
            detail_texts=self._provider.details.told(row.authorization_details, reader_of(request).locale),
        )

    def decide(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Let it in, or not; once."""
        sign_in, now = self._sign_in(request), self._house.clock.now()
        if sign_in is None or form.get("decision") not in ("allow", "deny"):
            raise InvalidInput("请选择同意或取消。")
        is_allowed = form["decision"] == "allow"
        with self._house.database.write() as session:
            row, client = self._waiting(session, form.get("user_code", ""))
            grant_id = None
            if is_allowed:
                option = self._chosen(session, sign_in, client, form.get("basis", ""))
                if option.capacity == "seat" and not may_take_seat(
                    session, sign_in, house=self._house, now=now
                ):
                    return redirect(step_up_path(_back(form["user_code"])))
                allowed = Allowed(row.scope, row.authorization_details)
                grant = open_grant(session, EndUser(sign_in, option), client, allowed, now=now)
                grant_id = grant.grant_id
            to_state = "allowed" if is_allowed else "denied"
            if not repository.move_device(
                session, row.device_hash, from_state="pending", to_state=to_state, now=now, grant_id=grant_id
            ):
                raise Gone(_NO_CODE)
            note(
                session,
                f"device.{form['decision']}",
                "client",
                client.client_id,
                now=now,
                by=sign_in.subject_id,
            )
        return self._pages.page(
            request,
            "identity/device_done.html",
            headers={"Cache-Control": "no-store"},
            client_name=client.name,
            is_allowed=is_allowed,
        )

    def _page(self, request: WebRequest, typed: str, *, problem: DongchuError | None = None) -> Response[Any]:
        return self._pages.page(
            request,
            "identity/device.html",
            status=problem.status if problem else 200,
            csrf_token=self._browser.csrf_token(request),
            headers={"Cache-Control": "no-store"},
            user_code=shown_user_code(read_user_code(typed)) or typed[:20],
            problem=problem,
        )

    def _sign_in(self, request: WebRequest) -> IdentitySession | None:
        with self._house.database.read() as session:
            return self._browser.sign_in_of(session, request)

    def _waiting(self, session: Session, typed: str) -> tuple[DeviceAuthorization, OAuthClient]:
        """Raises ``InvalidInput`` in the same words for every code that leads nowhere."""
        code, now = read_user_code(typed), self._house.clock.now()
        row = (
            repository.device_waiting(session, user_code_hash(self._house.vault, code), now) if code else None
        )
        client = find_client(session, row.client_id) if row else None
        if row is None or client is None:
            raise InvalidInput(_NO_CODE)
        return row, client

    def _options(
        self, session: Session, sign_in: IdentitySession, client: OAuthClient
    ) -> list[CapacityOption]:
        return options_for(
            session,
            sign_in.subject_id,
            capacities=client.capacities,
            vault=self._house.vault,
            now=self._house.clock.now(),
        )

    def _chosen(
        self, session: Session, sign_in: IdentitySession, client: OAuthClient, basis: str
    ) -> CapacityOption:
        for option in self._options(session, sign_in, client):
            if option.basis == basis:
                return option
        raise InvalidInput("这个身份已经不能使用，请重新选择。")


def device_handlers(provider: Provider, pages: Pages, browser: Browser) -> list[ControllerRouterHandler]:
    """``/device``."""
    desk = DeviceDesk(provider, pages, browser)

    def form_of(request: WebRequest, body: bytes) -> dict[str, str]:
        form = read_form(request, body, free=_TYPED)
        browser.check_form(request, form)
        return form

    @get("/device", sync_to_thread=True, tags=["oauth"])
    def device(request: WebRequest) -> Response[Any]:
        """Enter the code that a device shows (RFC 8628 §3.3)."""
        try:
            typed = parse_parameters(query_of(request), free=_TYPED).get("user_code", "")
        except MalformedRequest:
            typed = ""
        return desk.ask(request, typed)

    @post("/device", status_code=200, sync_to_thread=True, include_in_schema=False)
    def device_code(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.show(request, form_of(request, body))

    @post("/device/decide", status_code=200, sync_to_thread=True, include_in_schema=False)
    def device_decision(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.decide(request, form_of(request, body))

    return [device, device_code, device_decision]


def _back(typed: str) -> str:
    return urlencode({"own": "device", "user_code": read_user_code(typed)})
