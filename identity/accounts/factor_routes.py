"""Changing one's own ways in: password, phone, authenticator app. Each asks first for all the proof a person has."""

from typing import Any

from litestar import Response, get, post
from litestar.params import RawBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.accounts import factors, rfc6238
from identity.accounts import service as accounts
from identity.accounts.assurance import strength
from identity.accounts.hall import EntryHall
from identity.accounts.step_up import step_up_path
from identity.browser import HOME, read_form, redirect
from identity.passkeys import service as passkeys
from identity.registry import service as registry
from identity.sessions.models import IdentitySession
from identity.sessions.service import end_sessions_of
from kernel.errors import DongchuError
from kernel.i18n import gettext as _
from kernel.notices.service import notify
from kernel.web.requests import WebRequest
from kernel.wording import Wording, worded

_TYPED = frozenset({"password", "code", "phone"})
BACK_HERE = "own=security"
#: What the number that was given up is told; it holds no word that an outside message may not.
FORMER_PHONE = "【东楚通】您的登录手机号已换成新号，本号不再能登录。不是您本人的，请立即拨打市民热线。"


class FactorDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall = hall

    def admit(self, request: WebRequest) -> tuple[IdentitySession, Redirect | None]:
        """The sign-in, and where to prove more first when the person can and has not yet."""
        sign_in = self._hall.signed_in(request)
        with self._hall.house.database.read() as session:
            account = accounts.required(session, sign_in.subject_id)
            own = {
                "pwd": account.password_hash is not None,
                "sms": account.phone_sealed is not None,
                "otp": factors.has_totp(session, sign_in.subject_id),
                "hwk": bool(passkeys.usable_of(session, sign_in.subject_id)),
            }
        can_do_more = any(has and method not in sign_in.methods for method, has in own.items())
        if strength(sign_in.methods) < 2 and can_do_more:
            return sign_in, redirect(step_up_path(BACK_HERE))
        return sign_in, None

    def page(
        self, request: WebRequest, template: str, *, problem: DongchuError | None = None, **context: Any
    ) -> Response[Any]:
        return self._hall.pages.page(
            request,
            template,
            status=problem.status if problem else 200,
            headers={"Cache-Control": "no-store"},
            csrf_token=self._hall.browser.csrf_token(request),
            problem=problem,
            is_demo=self._hall.house.settings.is_demo,
            **context,
        )

    def totp_page(
        self, request: WebRequest, subject_id: int, problem: DongchuError | None = None
    ) -> Response[Any]:
        house = self._hall.house
        with house.database.write() as session:
            if factors.has_totp(session, subject_id):
                return self.page(request, "identity/totp.html", problem=problem, secret="", uri="")
            secret = factors.start_totp(session, subject_id, vault=house.vault, now=house.clock.now())
            name = registry.describe(session, [subject_id], vault=house.vault)[subject_id].name
        uri = rfc6238.provisioning_uri(secret, account=name, issuer=_("东楚"))
        return self.page(request, "identity/totp.html", problem=problem, secret=secret, uri=uri)

    def confirm_totp(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession
    ) -> Response[Any]:
        hall, now = self._hall, self._hall.house.clock.now()
        hall.quotas.spend("factor/totp", str(sign_in.subject_id), limit=20)
        try:
            with hall.house.database.write() as session:
                factors.confirm_totp(
                    session, sign_in.subject_id, form.get("code", ""), vault=hall.house.vault, now=now
                )
        except DongchuError as problem:
            return self.totp_page(request, sign_in.subject_id, problem)
        return redirect(HOME)

    def remove_totp(self, sign_in: IdentitySession) -> Response[Any]:
        now = self._hall.house.clock.now()
        with self._hall.house.database.write() as session:
            factors.remove_totp(session, sign_in.subject_id, by=sign_in.subject_id, now=now)
            end_sessions_of(session, sign_in.subject_id, reason="factor_removed", now=now, but=sign_in.sid)
        return redirect(HOME)

    def change_password(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession
    ) -> Response[Any]:
        """All other sign-ins end: whoever knew the old password is out."""
        hall, now = self._hall, self._hall.house.clock.now()
        try:
            with hall.house.database.read() as session:
                name = accounts.required(session, sign_in.subject_id).login_name or ""
            hashed = accounts.hash_new_password(
                form.get("password", ""), login_name=name, passwords=hall.passwords
            )
        except DongchuError as problem:
            return self.page(request, "identity/password.html", problem=problem)
        with hall.house.database.write() as session:
            accounts.set_password(session, sign_in.subject_id, hashed, now=now)
            end_sessions_of(session, sign_in.subject_id, reason="password_changed", now=now, but=sign_in.sid)
            _tell(session, sign_in.subject_id, worded("账户密码已更改"), now)
        return redirect(HOME)

    def send_to_new_phone(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession
    ) -> Response[Any]:
        typed, visitor = form.get("phone", ""), self._hall.browser.visitor_of(request)
        try:
            phone = accounts.normalise_phone(typed)
            self._hall.codes.send(
                phone, "phone", browser=str(sign_in.sid), address=visitor.address, is_known=False
            )
        except DongchuError as problem:
            return self.page(request, "identity/phone.html", problem=problem, phone=typed, is_sent=False)
        return self.page(request, "identity/phone.html", phone=phone, is_sent=True)

    def change_phone(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession
    ) -> Response[Any]:
        """The new number counts once its holder has sent back the code; the inbox keeps a notice of it."""
        hall, now, phone = self._hall, self._hall.house.clock.now(), form.get("phone", "")
        try:
            phone = accounts.normalise_phone(phone)
            hall.codes.redeem(phone, "phone", form.get("code", ""), browser=str(sign_in.sid))
        except DongchuError as problem:
            return self.page(request, "identity/phone.html", problem=problem, phone=phone, is_sent=True)
        with hall.house.database.write() as session:
            former = accounts.phone_of(accounts.required(session, sign_in.subject_id), vault=hall.house.vault)
            accounts.set_phone(session, sign_in.subject_id, phone, vault=hall.house.vault, now=now)
            _tell(session, sign_in.subject_id, worded("账户手机号已更改"), now)
        if former is not None and former != phone:
            hall.outside.warn(former, FORMER_PHONE)
        return redirect(HOME)


def factor_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/security/totp``, ``/security/password`` and ``/security/phone``."""
    desk = FactorDesk(hall)

    def admitted_form(
        request: WebRequest, body: bytes
    ) -> tuple[dict[str, str], IdentitySession, Redirect | None]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        sign_in, elsewhere = desk.admit(request)
        return form, sign_in, elsewhere

    @get("/security/totp", sync_to_thread=True, tags=["account"])
    def totp(request: WebRequest) -> Response[Any]:
        """An authenticator app: its secret to scan, or that there is one."""
        sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.totp_page(request, sign_in.subject_id)

    @post("/security/totp", status_code=200, sync_to_thread=True, include_in_schema=False)
    def confirm_totp(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.confirm_totp(request, form, sign_in)

    @post("/security/totp/remove", status_code=200, sync_to_thread=True, include_in_schema=False)
    def remove_totp(request: WebRequest, body: RawBody) -> Response[Any]:
        _form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.remove_totp(sign_in)

    @get("/security/password", sync_to_thread=True, tags=["account"])
    def password(request: WebRequest) -> Response[Any]:
        """The form for a new password."""
        _sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.page(request, "identity/password.html")

    @post("/security/password", status_code=200, sync_to_thread=True, include_in_schema=False)
    def change_password(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.change_password(request, form, sign_in)

    @get("/security/phone", sync_to_thread=True, tags=["account"])
    def phone(request: WebRequest) -> Response[Any]:
        """The form for another phone."""
        _sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.page(request, "identity/phone.html", phone="", is_sent=False)

    @post("/security/phone/send", status_code=200, sync_to_thread=True, include_in_schema=False)
    def send_to_new_phone(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.send_to_new_phone(request, form, sign_in)

    @post("/security/phone", status_code=200, sync_to_thread=True, include_in_schema=False)
    def change_phone(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = admitted_form(request, body)
        return elsewhere or desk.change_phone(request, form, sign_in)

    return [
        totp,
        confirm_totp,
        remove_totp,
        password,
        change_password,
        phone,
        send_to_new_phone,
        change_phone,
    ]


def _tell(session: Session, subject_id: int, title: Wording, now: Any) -> None:
    notify(
        session,
        subject_id=subject_id,
        kind="account.changed",
        title=title,
        body=worded("如果不是您本人操作，请立即拨打12345，或带身份证到就近窗口办理。"),
        link="/identity/security",
        now=now,
    )
