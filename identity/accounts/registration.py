"""A new account: a phone that was proved, and a name and number that public security knows as one living person's."""

from datetime import date, datetime
from typing import Any

from litestar import Response, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.accounts import history, repository
from identity.accounts import service as accounts
from identity.accounts.hall import EntryHall
from identity.accounts.throttle import network_of
from identity.browser import read_form
from identity.registry import service as registry
from identity.registry.identifiers import birth_date_of, normalise
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import Conflict, DongchuError, FieldError, Gone, InvalidInput
from kernel.i18n import N_
from kernel.notices.service import notify
from kernel.web.requests import WebRequest
from kernel.wording import worded

#: Checks with public security per hour from one address, and of one number in all.
PER_ADDRESS, PER_NUMBER = 10, 10
#: 个人信息保护法 Art. 31: under 14 only with a guardian's consent.
OWN_CONSENT_AGE = 14
#: One text for a mismatch, a dead person and somebody who has an account, so that nothing can be tried out.
NOT_REGISTERED = N_(
    "没能注册：姓名和证件号码没有通过核验，或者此人已经有账户。请核对后再试；已有账户的请返回登录或找回。"
)
_TYPED = frozenset({"name", "id_number", "password"})


class RegistrationDesk:
    """What stands behind the registration form."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall = hall

    def register(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Check with public security, make the account, sign in."""
        hall, next_query, value = self._hall, form.get("next", ""), form.get("ticket", "")
        ticket = hall.tickets.read(value, browser=hall.visit_of(request))
        if not ticket.phone or ticket.subjects:
            raise Gone
        name, typed = form.get("name", "").strip(), form.get("id_number", "")
        try:
            subject_id = self._make(request, ticket.phone, name, typed, form.get("password", ""))
        except DongchuError as problem:
            return hall.page(
                request,
                "identity/register.html",
                next_query=next_query,
                problem=problem,
                ticket=value,
                name=name,
                id_number=typed,
            )
        hall.tickets.spend(value)
        return hall.arrive(request, subject_id, method="sms", next_query=next_query)

    def _make(self, request: WebRequest, phone: str, name: str, typed: str, password: str) -> int:
        hall, now, vault = self._hall, self._hall.house.clock.now(), self._hall.house.vault
        id_number = normalise("id_number", typed)
        if not name or len(name) > registry.NAME_LONGEST:
            raise _refusal("name", N_("请填写证件上的姓名"))
        if age_on(birth_date_of(id_number), business_date(now)) < OWN_CONSENT_AGE:
            raise _refusal("id_number", N_("未满14周岁的孩子由父母或监护人登录后代为办理，也可以到窗口办理"))
        visitor = hall.browser.visitor_of(request)
        hall.quotas.spend("register/address", network_of(visitor.address), limit=PER_ADDRESS)
        hall.quotas.spend("register/number", id_number, limit=PER_NUMBER)
        password_hash = None
        if password:
            password_hash = accounts.hash_new_password(password, login_name="", passwords=hall.passwords)
        is_match = hall.outside.is_identity(name, id_number)
        with hall.house.database.write() as session:
            known = registry.find_by_identifier(session, "id_number", id_number, vault=vault)
            taken = repository.get(session, known) if known is not None else None
            if taken is not None and is_match:
                _warn(session, taken.subject_id, now)
            if taken is None and is_match:
                subject_id = registry.ensure(
                    session,
                    kind="person",
                    name=name,
                    identifier_kind="id_number",
                    identifier=id_number,
                    vault=vault,
                    now=now,
                )
                accounts.create_account(
                    session,
                    subject_id=subject_id,
                    login_name=None,
                    password=None,
                    password_hash=password_hash,
                    phone=phone,
                    passwords=hall.passwords,
                    vault=vault,
                    now=now,
                    is_real_name=True,
                )
                note(session, "account.register", "subject", subject_id, now=now, by=subject_id)
                return subject_id
            history.remember(session, None, visitor, method="reg", is_success=False, vault=vault, now=now)
        raise Conflict(NOT_REGISTERED)


def registration_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/register``; the way there is a code to the phone."""
    desk = RegistrationDesk(hall)

    @post("/register", status_code=200, sync_to_thread=True, include_in_schema=False)
    def register(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form, is_visit=True)
        return desk.register(request, form)

    return [register]


def _warn(session: Session, subject_id: int, now: datetime) -> None:
    """The owner hears that somebody used their name and number."""
    notify(
        session,
        subject_id=subject_id,
        kind="account.tried",
        title=worded("有人用您的姓名和证件号码注册"),
        body=worded("您已有账户，这次注册没有成功。如果不是您本人，请留意个人信息安全，或拨打12345。"),
        link="/identity/security",
        now=now,
    )


def age_on(born_on: date, on: date) -> int:
    """Full years of age."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError(where, what)])
