"""Passkeys over HTTP: sign in by one, prove oneself once more, and look after one's own."""

import uuid
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.accounts.factor_routes import FactorDesk
from identity.accounts.hall import EntryHall
from identity.accounts.routes import LoginDesk
from identity.accounts.step_up import StepUpDesk
from identity.accounts.throttle import network_of
from identity.browser import read_form, redirect
from identity.passkeys import repository, service
from identity.passkeys.ceremonies import CHALLENGE_SECONDS, WRONG_PASSKEY, Ceremonies
from identity.registry import service as registry
from identity.sessions.models import IdentitySession
from identity.sessions.service import end_sessions_of
from kernel.errors import DongchuError, InvalidInput, Unauthenticated
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.requests import WebRequest

MINE = "/identity/security/passkeys"
#: Answers tried from one address, and options fetched there, per hour.
PER_ADDRESS, OPTIONS_PER_ADDRESS = 120, 1200
_TYPED = frozenset({"credential", "name"})


class PasskeyDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall) -> None:
        self._hall, self._ceremonies = hall, Ceremonies(hall.house)
        self._factors, self._step_up, self._login = FactorDesk(hall), StepUpDesk(hall), LoginDesk(hall)

    def entry_options(self, request: WebRequest) -> Response[bytes]:
        """For whoever is not known yet: the device offers the keys it holds for this site."""
        self._spend(request, "passkey/options", OPTIONS_PER_ADDRESS)
        self._required()
        browser = self._hall.visit_of(request)
        return _json(self._ceremonies.request_options("enter", browser=browser, known=[]))

    def enter(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        hall, next_query = self._hall, form.get("next", "")
        try:
            self._spend(request, "passkey/address", PER_ADDRESS)
            subject_id, method = service.prove_passkey(
                hall.house.database,
                self._ceremonies,
                form.get("credential", ""),
                "enter",
                browser=hall.visit_of(request),
                now=hall.house.clock.now(),
            )
        except DongchuError as problem:
            return self._login.page(request, next_query, problem=problem)
        return hall.arrive(request, subject_id, method=method, next_query=next_query)

    def proof_options(self, request: WebRequest) -> Response[bytes]:
        self._spend(request, "passkey/options", OPTIONS_PER_ADDRESS)
        self._required()
        sign_in = self._hall.signed_in(request)
        with self._hall.house.database.read() as session:
            known = service.usable_of(session, sign_in.subject_id)
        return _json(self._ceremonies.request_options("prove", browser=str(sign_in.sid), known=known))

    def prove(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """One of the signed-in person's own keys makes the sign-in stronger."""
        hall, sign_in = self._hall, self._hall.signed_in(request)
        next_query, wanted = form.get("next", ""), form.get("wanted", "")
        try:
            self._spend(request, "passkey/address", PER_ADDRESS)
            _subject, method = service.prove_passkey(
                hall.house.database,
                self._ceremonies,
                form.get("credential", ""),
                "prove",
                browser=str(sign_in.sid),
                only=sign_in.subject_id,
                now=hall.house.clock.now(),
            )
        except DongchuError as problem:
            return self._step_up.page(request, next_query, wanted, problem=problem)
        return hall.arrive(request, sign_in.subject_id, method=method, next_query=next_query)

    def admit(self, request: WebRequest) -> tuple[IdentitySession, Redirect | None]:
        return self._factors.admit(request)

    def page(
        self, request: WebRequest, sign_in: IdentitySession, problem: DongchuError | None = None
    ) -> Response[Any]:
        """One's own passkeys, and the way to another one."""
        with self._hall.house.database.read() as session:
            rows = repository.of_subject(session, sign_in.subject_id)
        return self._factors.page(
            request,
            "identity/passkeys.html",
            problem=problem,
            passkeys=rows,
            is_possible=self._ceremonies.is_possible,
            may_add=len(rows) < service.MOST,
        )

    def creation_options(self, request: WebRequest) -> Response[bytes]:
        self._required()
        sign_in, elsewhere = self.admit(request)
        if elsewhere is not None:
            raise InvalidInput("请先再核验一次，再添加通行密钥。")
        with self._hall.house.database.read() as session:
            vault = self._hall.house.vault
            known = list(repository.of_subject(session, sign_in.subject_id))
            # Two pages open at once give their authenticators the same handle: the one that is kept in the end.
            pending = self._hall.house.ephemeral.get(_handle_place(sign_in))
            handle = pending or service.handle_of(session, sign_in.subject_id)
            name = registry.describe(session, [sign_in.subject_id], vault=vault)[sign_in.subject_id].name
        options = self._ceremonies.creation_options(
            browser=str(sign_in.sid), handle=handle, name=name, site=_("东楚"), known=known
        )
        self._hall.house.ephemeral.put(_handle_place(sign_in), handle, CHALLENGE_SECONDS)
        return _json(options)

    def add(self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession) -> Response[Any]:
        hall, now = self._hall, self._hall.house.clock.now()
        try:
            made = self._ceremonies.registered(form.get("credential", ""), browser=str(sign_in.sid))
            handle = hall.house.ephemeral.get(_handle_place(sign_in))
            if handle is None:
                raise Unauthenticated(WRONG_PASSKEY)
            with hall.house.database.write() as session:
                name = form.get("name", "") or hall.browser.visitor_of(request).device
                service.add_passkey(session, sign_in.subject_id, handle, made, name=name, now=now)
                # Making it took the device and its owner's touch, as using it would.
                hall.strengthen(session, sign_in, "swk" if made.is_synced else "hwk")
        except DongchuError as problem:
            return self.page(request, sign_in, problem)
        return redirect(MINE)

    def rename(
        self, request: WebRequest, form: dict[str, str], sign_in: IdentitySession, passkey_id: uuid.UUID
    ) -> Response[Any]:
        try:
            with self._hall.house.database.write() as session:
                service.rename_passkey(session, sign_in.subject_id, passkey_id, form.get("name", ""))
        except InvalidInput as problem:
            return self.page(request, sign_in, problem)
        return redirect(MINE)

    def remove(self, sign_in: IdentitySession, passkey_id: uuid.UUID) -> Response[Any]:
        """Whoever may still hold it elsewhere is out too."""
        now = self._hall.house.clock.now()
        with self._hall.house.database.write() as session:
            service.remove_passkey(session, sign_in.subject_id, passkey_id, now=now)
            end_sessions_of(session, sign_in.subject_id, reason="factor_removed", now=now, but=sign_in.sid)
        return redirect(MINE)

    def _required(self) -> None:
        if not self._ceremonies.is_possible:
            raise InvalidInput(
                N_("通行密钥只能用在有域名的地址上，现在这个网址不支持。请换一种方式，或用域名打开。")
            )

    def _spend(self, request: WebRequest, kind: str, limit: int) -> None:
        address = self._hall.browser.visitor_of(request).address
        self._hall.quotas.spend(kind, network_of(address), limit=limit)


def passkey_handlers(hall: EntryHall) -> list[ControllerRouterHandler]:
    """``/login/passkey``, ``/step-up/passkey`` and ``/security/passkeys``."""
    desk = PasskeyDesk(hall)

    def own_form(request: WebRequest, body: bytes) -> tuple[dict[str, str], IdentitySession, Redirect | None]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        sign_in, elsewhere = desk.admit(request)
        return form, sign_in, elsewhere

    @get("/login/passkey/options", sync_to_thread=True, tags=["account"])
    def entry_options(request: WebRequest) -> Response[bytes]:
        """What a browser needs to ask its owner for a passkey (PublicKeyCredentialRequestOptionsJSON)."""
        return desk.entry_options(request)

    @post("/login/passkey", status_code=200, sync_to_thread=True, include_in_schema=False)
    def enter(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form, is_visit=True)
        return desk.enter(request, form)

    @get("/step-up/passkey/options", sync_to_thread=True, tags=["account"])
    def proof_options(request: WebRequest) -> Response[bytes]:
        """The same for the person signed in, by their own keys only."""
        return desk.proof_options(request)

    @post("/step-up/passkey", status_code=200, sync_to_thread=True, include_in_schema=False)
    def prove(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form)
        return desk.prove(request, form)

    @get("/security/passkeys", sync_to_thread=True, tags=["account"])
    def mine(request: WebRequest) -> Response[Any]:
        """One's own passkeys."""
        sign_in, elsewhere = desk.admit(request)
        return elsewhere or desk.page(request, sign_in)

    @get("/security/passkeys/options", sync_to_thread=True, tags=["account"])
    def creation_options(request: WebRequest) -> Response[bytes]:
        """What a browser needs to make one (PublicKeyCredentialCreationOptionsJSON)."""
        return desk.creation_options(request)

    @post("/security/passkeys", status_code=200, sync_to_thread=True, include_in_schema=False)
    def add(request: WebRequest, body: RawBody) -> Response[Any]:
        form, sign_in, elsewhere = own_form(request, body)
        return elsewhere or desk.add(request, form, sign_in)

    @post(
        "/security/passkeys/{passkey_id:uuid}/rename",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def rename(request: WebRequest, body: RawBody, passkey_id: FromPath[uuid.UUID]) -> Response[Any]:
        form, sign_in, elsewhere = own_form(request, body)
        return elsewhere or desk.rename(request, form, sign_in, passkey_id)

    @post(
        "/security/passkeys/{passkey_id:uuid}/remove",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def remove(request: WebRequest, body: RawBody, passkey_id: FromPath[uuid.UUID]) -> Response[Any]:
        _form, sign_in, elsewhere = own_form(request, body)
        return elsewhere or desk.remove(sign_in, passkey_id)

    return [entry_options, enter, proof_options, prove, mine, creation_options, add, rename, remove]


def _json(text: str) -> Response[bytes]:
    return Response(text.encode(), media_type="application/json", headers={"Cache-Control": "no-store"})


def _handle_place(sign_in: IdentitySession) -> str:
    return f"passkey:handle:{sign_in.sid}"
