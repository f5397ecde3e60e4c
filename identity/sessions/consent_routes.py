"""What one has let clients know and do: all that is in force, all that ended, and taking it back."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts.hall import EntryHall
from identity.browser import read_form, redirect
from identity.clients.scopes import SCOPES
from identity.oauth.consents import consent_history, withdraw_consent
from kernel.i18n import N_
from kernel.web.requests import WebRequest

CONSENTS = "/identity/security/consents"
#: Single claims in words; what a claim tells of the sign-in itself is told of nobody.
CLAIMS = {
    "name": N_("姓名"),
    "phone_number": N_("手机号"),
    "phone_number_verified": N_("手机号是否验证过"),
    "capacity": N_("您以什么身份办事"),
    "acting_for_name": N_("您代表谁"),
    "acr": N_("登录的核验等级"),
    "amr": N_("登录用了哪些方式"),
    "auth_time": N_("登录时间"),
    "sub": N_("您在这个应用里的编号"),
}
STATES = {
    "in_force": N_("有效"),
    "replaced": N_("已被新的授权代替"),
    "withdrawn": N_("已收回"),
    "expired": N_("已到期"),
}


def consent_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/security/consents``."""

    @get("/security/consents", sync_to_thread=True, tags=["account"])
    def consents(request: WebRequest) -> Response[Any]:
        """Per client and claim: since when, until when, and how it ended."""
        sign_in, now = hall.signed_in(request), hall.house.clock.now()
        with hall.house.database.read() as session:
            rows = consent_history(session, sign_in.subject_id, now)
        return hall.pages.page(
            request,
            "identity/consents.html",
            headers={"Cache-Control": "no-store"},
            csrf_token=hall.browser.csrf_token(request),
            rows=rows,
            scope_texts=SCOPES,
            claim_texts=CLAIMS,
            state_texts=STATES,
        )

    @post(
        "/security/consents/{client_id:str}/withdraw",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def withdraw(request: WebRequest, body: RawBody, client_id: FromPath[str]) -> Response[Any]:
        """The client's live tokens for this person die with the commit."""
        hall.browser.check_form(request, read_form(request, body))
        sign_in = hall.signed_in(request)
        with hall.house.database.write() as session:
            withdraw_consent(session, sign_in.subject_id, client_id, now=hall.house.clock.now())
        return redirect(CONSENTS)

    return [consents, withdraw]
