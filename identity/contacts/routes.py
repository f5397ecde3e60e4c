"""``/security/contacts``: a mail address or a WeChat account is bound, by showing that it is one's own, and let go again."""

import hmac
from typing import Any, cast

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.accounts.factor_routes import FactorDesk
from identity.accounts.hall import EntryHall
from identity.browser import query_of, read_form, redirect
from identity.contacts import service
from identity.contacts.service import CHANNELS, Channel
from identity.oauth.edge import parse_parameters
from identity.sessions.models import IdentitySession
from kernel.errors import DongchuError, Forbidden, NotFound
from kernel.ids import new_token
from kernel.web.requests import WebRequest

CONTACTS = "/identity/security/contacts"
BINDING_SECONDS = 600.0
BINDINGS_PER_HOUR = 20
_TYPED = frozenset({"email", "code"})
_STALE = "这次绑定等待太久，或者不是在这个浏览器里开始的。请重新点“绑定微信”。"


class ContactDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall, self._factors = hall, FactorDesk(hall)

    def admit(self, request: WebRequest) -> tuple[IdentitySession, Redirect | None]:
        return self._factors.admit(request)

    def page(
        self,
        request: WebRequest,
        sign_in: IdentitySession,
        *,
        problem: DongchuError | None = None,
        email: str = "",
        is_sent: bool = False,
    ) -> Response[Any]:
        house = self._hall.house
        with house.database.read() as session:
            known = service.addresses_of(session, sign_in.subject_id, vault=house.vault)
        bound = {
            channel: (service.masked_email(address) if channel == "email" else "", confirmed_at)
            for channel, (address, confirmed_at) in known.items()
        }
        return self._factors.page(
            request,
            "identity/contacts.html",
            problem=problem,
            bound=bound,
            channels=self._hall.outside.channels,
            email=email,
            is_sent=is_sent,
        )

    def send_code(self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession) -> Response[Any]:
        typed, visitor = form.get("email", ""), self._hall.browser.visitor_of(request)
        try:
            email = service.normalise_email(typed)
            self._hall.mail_codes.send(
                email, "email", browser=str(sign_in.sid), address=visitor.address, is_known=False
            )
        except DongchuError as problem:
            return self.page(request, sign_in, problem=problem, email=typed)
        return self.page(request, sign_in, email=email, is_sent=True)

    def confirm_email(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession
    ) -> Response[Any]:
        hall, typed = self._hall, form.get("email", "")
        try:
            email = service.normalise_email(typed)
            hall.mail_codes.redeem(email, "email", form.get("code", ""), browser=str(sign_in.sid))
            self._confirm(sign_in, "email", email)
        except DongchuError as problem:
            return self.page(request, sign_in, problem=problem, email=typed, is_sent=True)
        return redirect(CONTACTS)

    def begin_wechat(self, sign_in: IdentitySession) -> Response[Any]:
        """Off to WeChat; the answer is taken in the same sign-in only, once."""
        hall = self._hall
        hall.quotas.spend("contact/wechat", str(sign_in.subject_id), limit=BINDINGS_PER_HOUR)
        state = new_token()
        back = f"{hall.house.settings.base_url}{CONTACTS}/wechat/callback"
        address = hall.outside.wechat_address(back, state)
        hall.house.ephemeral.put(self._key(state), str(sign_in.sid).encode(), BINDING_SECONDS)
        return redirect(address)

    def end_wechat(self, request: WebRequest, sign_in: IdentitySession) -> Response[Any]:
        hall, given = self._hall, parse_parameters(query_of(request))
        begun_by = hall.house.ephemeral.take(self._key(given.get("state", "")))
        if begun_by is None or not hmac.compare_digest(begun_by, str(sign_in.sid).encode()):
            raise Forbidden(_STALE)
        if not given.get("code"):
            return redirect(CONTACTS)  # the person said no there
        try:
            self._confirm(sign_in, "wechat", hall.outside.openid_of(given["code"]))
        except DongchuError as problem:
            return self.page(request, sign_in, problem=problem)
        return redirect(CONTACTS)

    def remove(self, sign_in: IdentitySession, channel: str) -> Response[Any]:
        house = self._hall.house
        with house.database.write() as session:
            service.remove(session, sign_in.subject_id, known_channel(channel), now=house.clock.now())
        return redirect(CONTACTS)

    def _confirm(self, sign_in: IdentitySession, channel: Channel, address: str) -> None:
        house = self._hall.house
        with house.database.write() as session:
            service.confirm(
                session, sign_in.subject_id, channel, address, vault=house.vault, now=house.clock.now()
            )

    def _key(self, state: str) -> str:
        return f"wechat:{self._hall.house.vault.hash_token(state).hex()}"


def known_channel(name: str) -> Channel:
    if name not in CHANNELS:
        raise NotFound("没有这种提醒方式。")
    return cast(Channel, name)


def contact_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    desk = ContactDesk(hall)

    def admitted_form(
        request: WebRequest, body: bytes
    ) -> tuple[dict[str, str], IdentitySession, Redirect | None]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        sign_in, elsewhere = desk.admit(request)
        return form, sign_in, elsewhere

    @get("/security/contacts", sync_to_thread=True, tags=["account"])
    def contacts(request: WebRequest) -> Response[Any]:
        """Where messages also go: what is bound, and the forms to bind more."""
        sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.page(request, sign_in)

    @post("/security/contacts/email/send", status_code=200, sync_to_thread=True, include_in_schema=False)
    def send_code(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.send_code(request, form, sign_in)

    @post("/security/contacts/email", status_code=200, sync_to_thread=True, include_in_schema=False)
    def confirm_email(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.confirm_email(request, form, sign_in)

    # Not a form: its answer leads to another host, where the policy of our pages sends no form.
    @get("/security/contacts/wechat", sync_to_thread=True, include_in_schema=False)
    def begin_wechat(request: WebRequest) -> Response[Any]:
        sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.begin_wechat(sign_in)

    @get("/security/contacts/wechat/callback", sync_to_thread=True, include_in_schema=False)
    def end_wechat(request: WebRequest) -> Response[Any]:
        sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.end_wechat(request, sign_in)

    @post(
        "/security/contacts/{channel:str}/remove",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def remove(request: WebRequest, body: RawBody, channel: FromPath[str]) -> Response[Any]:
        _form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.remove(sign_in, channel)

    return [contacts, send_code, confirm_email, begin_wechat, end_wechat, remove]
