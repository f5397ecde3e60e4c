"""Signing in by phone or by password: the pages, the checks, and where one goes from there."""

from typing import Any

from litestar import Response, get, post
from litestar.params import RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts import history
from identity.accounts import service as accounts
from identity.accounts.hall import EntryHall, hint_of, next_of
from identity.accounts.tickets import Ticket
from identity.browser import read_form
from identity.passkeys.ceremonies import Ceremonies
from kernel.errors import DongchuError, Gone, InvalidInput
from kernel.web.requests import WebRequest

#: What people type may hold anything they have on a keyboard.
_TYPED = frozenset({"login", "password", "phone", "code"})


class LoginDesk:
    """What stands behind the login handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall, self._has_passkeys = hall, Ceremonies(hall.house).is_possible

    def page(
        self, request: WebRequest, next_query: str, *, problem: DongchuError | None = None, **typed: str
    ) -> Response[Any]:
        """All ways in on one page, the phone first."""
        given: dict[str, Any] = {"login": "", "phone": "", **typed}
        return self._hall.page(
            request,
            "identity/login.html",
            next_query=next_query,
            problem=problem,
            has_passkeys=self._has_passkeys,
            providers=self._hall.providers,
            **given,
        )

    def by_password(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Check the password, then arrive."""
        hall, next_query, login = self._hall, form.get("next", ""), form.get("login", "")
        try:
            subject_id = accounts.prove_password(
                hall.house.database,
                login=login,
                password=form.get("password", ""),
                visitor=hall.browser.visitor_of(request),
                passwords=hall.passwords,
                throttle=hall.throttle,
                vault=hall.house.vault,
                now=hall.house.clock.now(),
            )
        except DongchuError as problem:
            return self.page(request, next_query, problem=problem, login=login)
        return hall.arrive(request, subject_id, method="pwd", next_query=next_query)

    def send_code(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """A code to the phone, whether or not anybody here has it."""
        hall, next_query, typed = self._hall, form.get("next", ""), form.get("phone", "")
        visitor = hall.browser.visitor_of(request)
        try:
            phone = accounts.normalise_phone(typed)
            with hall.house.database.read() as session:
                known = [
                    history.known_place(
                        session,
                        choice.subject_id,
                        visitor,
                        vault=hall.house.vault,
                        now=hall.house.clock.now(),
                    ).place
                    for choice in accounts.accounts_of_phone(session, phone, vault=hall.house.vault)
                ]
            hall.codes.send(
                phone,
                "login",
                browser=hall.visit_of(request),
                address=visitor.address,
                is_known=any(known),
            )
        except DongchuError as problem:
            return self.page(request, next_query, problem=problem, phone=typed)
        return self._code_page(request, next_query, phone)

    def by_code(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Use the code; then straight in, or choose among a family's accounts, or register."""
        hall, next_query, browser = self._hall, form.get("next", ""), self._hall.visit_of(request)
        try:
            phone = accounts.normalise_phone(form.get("phone", ""))
        except InvalidInput as problem:
            return self.page(request, next_query, problem=problem)
        try:
            hall.codes.redeem(phone, "login", form.get("code", ""), browser=browser)
        except DongchuError as problem:
            return self._code_page(request, next_query, phone, problem=problem)
        with hall.house.database.read() as session:
            choices = accounts.accounts_of_phone(session, phone, vault=hall.house.vault)
        if len(choices) == 1:
            return hall.arrive(request, choices[0].subject_id, method="sms", next_query=next_query)
        ticket = Ticket(phone=phone, subjects=tuple(choice.subject_id for choice in choices))
        value = hall.tickets.issue(ticket, browser=browser)
        if choices:
            return hall.page(
                request, "identity/whose.html", next_query=next_query, ticket=value, choices=choices
            )
        return hall.page(
            request, "identity/register.html", next_query=next_query, ticket=value, name="", id_number=""
        )

    def choose(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """One of the accounts behind a phone that was proved a moment ago."""
        hall, value = self._hall, form.get("ticket", "")
        ticket = hall.tickets.read(value, browser=hall.visit_of(request))
        number = form.get("whose", "")
        if not number.isdecimal() or int(number) >= len(ticket.subjects):
            raise InvalidInput("请先选择您是哪一位。")
        if not hall.tickets.spend(value):
            raise Gone
        subject_id = ticket.subjects[int(number)]
        return hall.arrive(request, subject_id, method="sms", next_query=form.get("next", ""))

    def _code_page(
        self, request: WebRequest, next_query: str, phone: str, *, problem: DongchuError | None = None
    ) -> Response[Any]:
        return self._hall.page(
            request, "identity/code.html", next_query=next_query, problem=problem, phone=phone
        )


def login_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/login``."""
    desk = LoginDesk(hall)

    def form_of(request: WebRequest, body: bytes) -> dict[str, str]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form, is_visit=True)
        return form

    @get("/login", sync_to_thread=True, tags=["account"])
    def login_page(request: WebRequest) -> Response[Any]:
        """All ways in."""
        return desk.page(request, next_of(request), login=hint_of(request))

    @post("/login", status_code=200, sync_to_thread=True, include_in_schema=False)
    def login(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.by_password(request, form_of(request, body))

    @post("/login/code", status_code=200, sync_to_thread=True, include_in_schema=False)
    def send_code(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.send_code(request, form_of(request, body))

    @post("/login/code/check", status_code=200, sync_to_thread=True, include_in_schema=False)
    def by_code(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.by_code(request, form_of(request, body))

    @post("/login/whose", status_code=200, sync_to_thread=True, include_in_schema=False)
    def choose(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.choose(request, form_of(request, body))

    return [login_page, login, send_code, by_code, choose]
