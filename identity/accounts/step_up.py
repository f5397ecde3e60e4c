"""Proving oneself once more, when a client, a seat or a sensitive change asks for it."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts import factors
from identity.accounts import service as accounts
from identity.accounts.assurance import FACE, LEVELS
from identity.accounts.hall import EntryHall
from identity.browser import HOME, PORTAL_PAGES, query_of, read_form
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.passkeys import service as passkeys
from identity.sessions.models import IdentitySession
from kernel.errors import DongchuError, InvalidInput, Unauthenticated
from kernel.web.requests import WebRequest
from kernel.web.security_headers import content_policy

PATH = "/identity/step-up"
#: Wrong second factors: of one sign-in, and of one person by all strangers' sign-ins together, per hour.
PER_SIGN_IN, PER_PERSON = 6, 40
_TYPED = frozenset({"password", "code"})


class StepUpDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall = hall

    def page(
        self, request: WebRequest, next_query: str, wanted: str, *, problem: DongchuError | None = None
    ) -> Response[Any]:
        """The ways that are left to this person, the strongest first."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        with hall.house.database.read() as session:
            account = accounts.required(session, sign_in.subject_id)
            has_totp = factors.has_totp(session, sign_in.subject_id)
            has_passkey = bool(passkeys.usable_of(session, sign_in.subject_id))
        # The form of the face check ends, by redirect, at public security's own page.
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": content_policy((hall.outside.face_origin,)),
        }
        if problem is not None and problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        return hall.pages.page(
            request,
            "identity/step_up.html",
            status=problem.status if problem else 200,
            headers=headers,
            csrf_token=hall.browser.csrf_token(request),
            next=next_query,
            wanted=wanted,
            back=_whence(next_query),
            acr=sign_in.acr,
            needs_person=wanted == LEVELS[-1]
            and account.in_person_at is None
            and FACE not in sign_in.methods,
            has_real_name=account.real_name_at is not None,
            may_face=FACE not in sign_in.methods,
            has_totp=has_totp,
            has_passkey=has_passkey,
            has_phone=account.phone_sealed is not None and "sms" not in sign_in.methods,
            has_password=account.password_hash is not None and "pwd" not in sign_in.methods,
            problem=problem,
        )

    def send_code(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """A code to the phone of the account, never to another."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        next_query, wanted = form.get("next", ""), form.get("wanted", "")
        try:
            phone = self._phone(sign_in)
            hall.codes.send(
                phone,
                "second",
                browser=str(sign_in.sid),
                address=hall.browser.visitor_of(request).address,
                is_known=True,
            )
        except DongchuError as problem:
            return self.page(request, next_query, wanted, problem=problem)
        return hall.pages.page(
            request,
            "identity/step_up_code.html",
            headers={"Cache-Control": "no-store"},
            csrf_token=hall.browser.csrf_token(request),
            next=next_query,
            wanted=wanted,
            phone=phone,
            problem=None,
            other_ways=step_up_path(next_query, wanted),
            is_demo=hall.house.settings.is_demo,
        )

    def prove(self, request: WebRequest, form: dict[str, str], method: str) -> Response[Any]:
        """Check one more proof; the sign-in is stronger from now on."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        next_query, wanted = form.get("next", ""), form.get("wanted", "")
        try:
            hall.quotas.spend("second/sign-in", str(sign_in.sid), limit=PER_SIGN_IN)
            hall.quotas.spend("second/person", str(sign_in.subject_id), limit=PER_PERSON)
            self._check(sign_in, form, method)
        except DongchuError as problem:
            return self.page(request, next_query, wanted, problem=problem)
        hall.quotas.reset("second/sign-in", str(sign_in.sid))
        return hall.arrive(request, sign_in.subject_id, method=method, next_query=next_query)

    def _check(self, sign_in: IdentitySession, form: dict[str, str], method: str) -> None:
        hall, now = self._hall, self._hall.house.clock.now()
        if method == "otp":
            with hall.house.database.write() as session:
                factors.check_totp(
                    session, sign_in.subject_id, form.get("code", ""), vault=hall.house.vault, now=now
                )
        elif method == "sms":
            hall.codes.redeem(self._phone(sign_in), "second", form.get("code", ""), browser=str(sign_in.sid))
        else:
            with hall.house.database.read() as session:
                stored = accounts.required(session, sign_in.subject_id).password_hash
            if not hall.passwords.is_right(stored, form.get("password", "")[:512], is_known_place=True):
                raise Unauthenticated("密码不对，请检查后再试。")

    def _phone(self, sign_in: IdentitySession) -> str:
        hall = self._hall
        with hall.house.database.read() as session:
            account = accounts.required(session, sign_in.subject_id)
            phone = accounts.phone_of(account, vault=hall.house.vault)
        if phone is None:
            raise InvalidInput("您的账户还没有手机号。")
        return phone


def _whence(next_query: str) -> str:
    """Back without proving anything: to the portal that asked, to our own page, "" to a client of somebody else's."""
    try:
        asked = parse_parameters(next_query.encode())
    except (MalformedRequest, UnicodeError):
        return HOME
    return PORTAL_PAGES.get(asked["client_id"], "") if "client_id" in asked else HOME


def step_up_path(next_query: str, wanted: str = "") -> str:
    """Where to prove more, and where to go on afterwards."""
    return f"{PATH}?{urlencode({'next': next_query, 'wanted': wanted})}"


def step_up_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/step-up``."""
    desk = StepUpDesk(hall)

    def form_of(request: WebRequest, body: bytes) -> dict[str, str]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        return form

    @get("/step-up", sync_to_thread=True, tags=["account"])
    def step_up(request: WebRequest) -> Response[Any]:
        """What more this person can prove."""
        try:
            given = parse_parameters(query_of(request))
        except MalformedRequest:
            given = dict[str, str]()
        return desk.page(request, given.get("next", ""), given.get("wanted", ""))

    @post("/step-up/send", status_code=200, sync_to_thread=True, include_in_schema=False)
    def send_code(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.send_code(request, form_of(request, body))

    @post("/step-up/sms", status_code=200, sync_to_thread=True, include_in_schema=False)
    def by_sms(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.prove(request, form_of(request, body), "sms")

    @post("/step-up/otp", status_code=200, sync_to_thread=True, include_in_schema=False)
    def by_totp(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.prove(request, form_of(request, body), "otp")

    @post("/step-up/password", status_code=200, sync_to_thread=True, include_in_schema=False)
    def by_password(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.prove(request, form_of(request, body), "pwd")

    return [step_up, send_code, by_sms, by_totp, by_password]
