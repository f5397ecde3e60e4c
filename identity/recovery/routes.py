"""The phone is lost: the pages by which a new one takes its place, and by which its owner stops that."""

import uuid
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler

from identity.accounts import history
from identity.accounts import service as accounts
from identity.accounts.factor_routes import FORMER_PHONE
from identity.accounts.hall import EntryHall, next_of
from identity.accounts.throttle import network_of
from identity.browser import HOME, read_form, redirect
from identity.recovery import service
from identity.registry.identifiers import normalise
from kernel.errors import DongchuError, FieldError, InvalidInput
from kernel.i18n import N_
from kernel.web.requests import WebRequest

#: Requests per hour from one address, and by one phone. Never by whose account it is: strangers could use that up.
PER_ADDRESS, PER_PHONE = 20, 6
_TYPED = frozenset({"phone", "code", "name", "id_number"})


class RecoveryDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall = hall

    def page(
        self,
        request: WebRequest,
        next_query: str,
        step: str = "phone",
        *,
        problem: DongchuError | None = None,
        **typed: str,
    ) -> Response[Any]:
        """One page for every step: the new phone, who one is, and what happens now."""
        return self._hall.page(
            request,
            "identity/recovery.html",
            next_query=next_query,
            problem=problem,
            step=step,
            hours=self._hall.assurance.recovery_hours,
            phone=typed.get("phone", ""),
            name=typed.get("name", ""),
            id_number=typed.get("id_number", ""),
        )

    def send_code(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """A code to the new phone, whoever's it is."""
        hall, next_query, typed = self._hall, form.get("next", ""), form.get("phone", "")
        try:
            phone = accounts.normalise_phone(typed)
            hall.codes.send(
                phone,
                "recovery",
                browser=hall.visit_of(request),
                address=hall.browser.visitor_of(request).address,
                is_known=False,
            )
        except DongchuError as problem:
            return self.page(request, next_query, problem=problem, phone=typed)
        return self.page(request, next_query, "person", phone=phone)

    def ask(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """The same page whether there is an account, whether it matched, or whether its owner stopped this before."""
        hall, next_query = self._hall, form.get("next", "")
        given = {name: form.get(name, "") for name in ("phone", "name", "id_number")}
        try:
            arrived = self._prove(request, form, given)
        except DongchuError as problem:
            return self.page(request, next_query, "person", problem=problem, **given)
        if arrived is not None:
            return hall.arrive(request, arrived, method="sms", next_query="")
        return self.page(request, next_query, "waiting", phone=given["phone"])

    def _prove(self, request: WebRequest, form: dict[str, str], given: dict[str, str]) -> int | None:
        """The account whose waiting is over, now with its new phone; ``None`` for everything else."""
        hall, house = self._hall, self._hall.house
        now, vault, visitor = house.clock.now(), house.vault, hall.browser.visitor_of(request)
        phone, name = accounts.normalise_phone(given["phone"]), given["name"].strip()
        id_number = normalise("id_number", given["id_number"])
        if not name:
            raise InvalidInput(
                "填写的内容有误，请按提示修改。", errors=[FieldError("name", N_("请填写证件上的姓名"))]
            )
        hall.quotas.spend("recovery/address", network_of(visitor.address), limit=PER_ADDRESS)
        hall.quotas.spend("recovery/phone", phone, limit=PER_PHONE)
        hall.codes.redeem(phone, "recovery", form.get("code", ""), browser=hall.visit_of(request))
        is_match = hall.outside.is_identity(name, id_number)
        with house.database.write() as session:
            known = service.account_of(session, id_number, vault=vault)
            known = known if is_match else None
            history.remember(
                session, known, visitor, method="recover", is_success=False, vault=vault, now=now
            )
            if known is None:
                return None
            ready = service.ready_request(session, known, phone, vault=vault, now=now)
            if ready is None:
                service.ask(session, known, phone, visitor, assurance=hall.assurance, vault=vault, now=now)
                return None
            former = service.finish(session, ready, phone, vault=vault, now=now)
        if former is not None and former != phone:
            hall.outside.warn(former, FORMER_PHONE)
        return known

    def stop(self, request: WebRequest, form: dict[str, str], recovery_id: uuid.UUID) -> Response[Any]:
        """One press from any sign-in: no further proof is asked of whoever wants to keep things as they are."""
        self._hall.browser.check_form(request, form)
        sign_in = self._hall.signed_in(request)
        with self._hall.house.database.write() as session:
            service.stop(session, sign_in.subject_id, recovery_id, now=self._hall.house.clock.now())
        return redirect(HOME)


def recovery_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/recovery``, and stopping it under ``/security``."""
    desk = RecoveryDesk(hall)

    def form_of(request: WebRequest, body: bytes) -> dict[str, str]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form, is_visit=True)
        return form

    @get("/recovery", sync_to_thread=True, tags=["account"])
    def recovery(request: WebRequest) -> Response[Any]:
        """The phone is lost."""
        return desk.page(request, next_of(request))

    @post("/recovery/code", status_code=200, sync_to_thread=True, include_in_schema=False)
    def send_code(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.send_code(request, form_of(request, body))

    @post("/recovery", status_code=200, sync_to_thread=True, include_in_schema=False)
    def ask(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.ask(request, form_of(request, body))

    @post(
        "/security/recovery/{recovery_id:uuid}/stop",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def stop(request: WebRequest, body: RawBody, recovery_id: FromPath[uuid.UUID]) -> Response[Any]:
        return desk.stop(request, read_form(request, body), recovery_id)

    return [recovery, send_code, ask, stop]
