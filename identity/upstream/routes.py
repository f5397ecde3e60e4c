"""Signing in through an identity elsewhere: off to the provider, back with an answer, and what it opens."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler

from connectors.identity_providers.client import Attempt, IdentityProvider, ProvenSubject, ProviderId
from identity.accounts import history
from identity.accounts.factor_routes import BACK_HERE, FactorDesk
from identity.accounts.hall import EntryHall, next_of
from identity.accounts.registration import OWN_CONSENT_AGE, age_on
from identity.accounts.routes import LoginDesk
from identity.accounts.throttle import network_of
from identity.accounts.tickets import Ticket
from identity.browser import HOME, query_of, read_form, redirect
from identity.oauth.edge import MalformedRequest, parse_parameters
from identity.registry import service as registry
from identity.registry.identifiers import birth_date_of, mask_name, normalise
from identity.upstream import service
from kernel.clock import business_date
from kernel.crypto import SealBroken
from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, Gone, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.web.requests import WebRequest

ATTEMPT_SECONDS = 600.0
PER_ADDRESS, PER_IDENTITY = 60, 5
NO_MATCH = N_("没有通过核对：这个网号不属于所填的姓名和号码。请检查后再试，或换一种方式登录。")
_STALE = N_("这次登录等待太久，或者不是在这个浏览器里开始的。请从登录页重新开始。")
_TYPED = frozenset({"name", "id_number"})


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt on our side: for which provider, where to go on, and whose account is being linked ("" for none)."""

    provider: ProviderId
    attempt: Attempt
    next_query: str
    linking: str = ""


class UpstreamDesk:
    """What stands behind these handlers."""

    def __init__(self, hall: EntryHall, providers: Mapping[ProviderId, IdentityProvider]) -> None:
        self._hall, self._providers = hall, providers
        self._login, self._factors = LoginDesk(hall), FactorDesk(hall)

    def begin(self, request: WebRequest, name: str, next_query: str, *, linking: str = "") -> Response[Any]:
        """Off to the provider, with everything that recognises the answer kept here for this browser."""
        hall, provider = self._hall, self._provider(name)
        visitor = hall.browser.visitor_of(request)
        hall.quotas.spend("upstream/address", network_of(visitor.address), limit=PER_ADDRESS)
        visit, cookies = hall.browser.visit_cookie(request)
        try:
            attempt, address = provider.begin()
        except DongchuError as problem:
            return self._login.page(request, next_query, problem=problem)
        kept = Kept(provider=provider.provider, attempt=attempt, next_query=next_query, linking=linking)
        place = self._place(attempt.state, visit)
        text = msgspec.json.encode(kept).decode()
        hall.house.ephemeral.put(place, hall.house.vault.seal(text, context=place), ATTEMPT_SECONDS)
        return redirect(address, cookies)

    def complete(self, request: WebRequest, name: str, answer: dict[str, str]) -> Response[Any]:
        """Back from the provider. An answer counts once, in the browser that left, from the provider it left for."""
        hall, provider, now = self._hall, self._provider(name), self._hall.house.clock.now()
        kept = self._taken(request, answer.get("state", ""))
        if kept is None or kept.provider != provider.provider:
            return self._login.page(request, "", problem=Gone(_STALE))
        try:
            proven = provider.complete(kept.attempt, answer, now=now)
            if kept.linking:
                return self._link(request, kept, proven, now)
            with hall.house.database.read() as session:
                known = service.account_of(session, kept.provider, proven, vault=hall.house.vault)
            if known is not None:
                return self._arrive(request, kept.provider, proven, known, kept.next_query)
        except DongchuError as problem:
            return self._login.page(request, kept.next_query, problem=problem)
        ticket = Ticket(
            provider=kept.provider,
            issuer=proven.issuer,
            external=proven.subject,
            name=proven.name,
            id_number=proven.id_number,
        )
        value = hall.tickets.issue(ticket, browser=hall.visit_of(request))
        return self._newcomer_page(request, ticket, value, kept.next_query)

    def settle(self, request: WebRequest, form: dict[str, str]) -> Response[Any]:
        """Nothing was linked yet: have the typed name and number matched (网号), then enter or open an account."""
        hall, value, next_query = self._hall, form.get("ticket", ""), form.get("next", "")
        ticket = hall.tickets.read(value, browser=hall.visit_of(request))
        provider = self._provider(ticket.provider)
        try:
            proven = self._matched(request, provider, ticket, form)
            with hall.house.database.read() as session:
                known = service.account_of(session, provider.provider, proven, vault=hall.house.vault)
            if not hall.tickets.spend(value):
                raise Gone(_STALE)
            if known is None:
                known = self._open(proven)
            return self._arrive(request, provider.provider, proven, known, next_query)
        except DongchuError as problem:
            return self._newcomer_page(request, ticket, value, next_query, problem=problem, typed=form)

    def link(self, request: WebRequest, name: str) -> Response[Any]:
        """From the security page: link one's own identity elsewhere, after all the proof one has."""
        sign_in, elsewhere = self._factors.admit(request)
        return elsewhere or self.begin(request, name, BACK_HERE, linking=str(sign_in.sid))

    def unlink(self, request: WebRequest, form: dict[str, str], link_id: uuid.UUID) -> Response[Any]:
        self._hall.browser.check_form(request, form)
        sign_in, elsewhere = self._factors.admit(request)
        if elsewhere is not None:
            return elsewhere
        with self._hall.house.database.write() as session:
            service.unlink(session, sign_in.subject_id, link_id, now=self._hall.house.clock.now())
        return redirect(HOME)

    def _provider(self, name: str) -> IdentityProvider:
        for provider in self._providers.values():
            if provider.provider == name:
                return provider
        raise NotFound("没有这种登录方式，请从登录页选择。")

    def _link(self, request: WebRequest, kept: Kept, proven: ProvenSubject, now: datetime) -> Response[Any]:
        hall, vault = self._hall, self._hall.house.vault
        sign_in = hall.signed_in(request)
        if str(sign_in.sid) != kept.linking:
            raise Gone(_STALE)
        with hall.house.database.read() as session:
            own = registry.identifier_of(session, sign_in.subject_id, vault=vault)
            name = registry.describe(session, [sign_in.subject_id], vault=vault)[sign_in.subject_id].name
        if proven.id_number:
            is_theirs = normalise("id_number", proven.id_number) == own
        else:
            is_theirs = self._provider(kept.provider).belongs_to(proven.subject, name, own)
        if not is_theirs:
            raise Forbidden(service.NOT_THEIRS)
        with hall.house.database.write() as session:
            service.link_account(session, kept.provider, proven, sign_in.subject_id, vault=vault, now=now)
        return redirect(HOME)

    def _arrive(
        self,
        request: WebRequest,
        provider: ProviderId,
        proven: ProvenSubject,
        subject_id: int,
        next_query: str,
    ) -> Response[Any]:
        hall = self._hall
        with hall.house.database.write() as session:
            service.link_account(
                session, provider, proven, subject_id, vault=hall.house.vault, now=hall.house.clock.now()
            )
        return hall.arrive(request, subject_id, method=service.METHODS[provider], next_query=next_query)

    def _matched(
        self, request: WebRequest, provider: IdentityProvider, ticket: Ticket, form: dict[str, str]
    ) -> ProvenSubject:
        """Who it is by name and number, as the provider confirms."""
        proven = ProvenSubject(
            issuer=ticket.issuer, subject=ticket.external, name=ticket.name, id_number=ticket.id_number
        )
        if proven.id_number:
            return proven
        hall, name = self._hall, form.get("name", "").strip()
        id_number = normalise("id_number", form.get("id_number", ""))
        if not name or len(name) > registry.NAME_LONGEST:
            raise InvalidInput(
                "填写的内容有误，请按提示修改。", errors=[FieldError("name", N_("请填写证件上的姓名"))]
            )
        hall.quotas.spend("upstream/identity", f"{ticket.issuer}|{ticket.external}", limit=PER_IDENTITY)
        if not provider.belongs_to(ticket.external, name, id_number):
            visitor, now = hall.browser.visitor_of(request), hall.house.clock.now()
            with hall.house.database.write() as session:
                history.remember(
                    session,
                    None,
                    visitor,
                    method=service.METHODS[provider.provider],
                    is_success=False,
                    vault=hall.house.vault,
                    now=now,
                )
            raise Conflict(NO_MATCH)
        return msgspec.structs.replace(proven, name=name, id_number=id_number)

    def _open(self, proven: ProvenSubject) -> int:
        hall, now = self._hall, self._hall.house.clock.now()
        born_on = birth_date_of(normalise("id_number", proven.id_number))
        if age_on(born_on, business_date(now)) < OWN_CONSENT_AGE:
            raise InvalidInput(
                "未满14周岁的孩子由父母或监护人登录后代为办理，也可以到窗口办理",
            )
        with hall.house.database.write() as session:
            return service.open_account(
                session,
                proven.name,
                proven.id_number,
                passwords=hall.passwords,
                vault=hall.house.vault,
                now=now,
            )

    def _newcomer_page(
        self,
        request: WebRequest,
        ticket: Ticket,
        value: str,
        next_query: str,
        *,
        problem: DongchuError | None = None,
        typed: Mapping[str, str] = {},
    ) -> Response[Any]:
        return self._hall.page(
            request,
            "identity/upstream_new.html",
            next_query=next_query,
            problem=problem,
            ticket=value,
            provider_label=self._provider(ticket.provider).label,
            masked_name=mask_name(ticket.name) if ticket.name else "",
            name=typed.get("name", ""),
            id_number=typed.get("id_number", ""),
        )

    def _taken(self, request: WebRequest, state: str) -> Kept | None:
        hall = self._hall
        place = self._place(state, hall.visit_of(request))
        try:
            text = hall.house.vault.open(hall.house.ephemeral.take(place) or b"", context=place)
        except SealBroken:
            return None
        return msgspec.json.decode(text, type=Kept)

    def _place(self, state: str, visit: str) -> str:
        return f"upstream:{self._hall.house.vault.hash_token(f'upstream/{state}/{visit}').hex()}"


def upstream_handlers(
    hall: EntryHall, providers: Mapping[ProviderId, IdentityProvider]
) -> list[ControllerRouterHandler]:
    """``/upstream/<provider>`` and what the security page does with links."""
    desk = UpstreamDesk(hall, providers)

    @get("/upstream/{provider:str}", sync_to_thread=True, tags=["account"])
    def begin(request: WebRequest, provider: FromPath[str]) -> Response[Any]:
        """Off to the province's identity (``province``) or the network identity (``network``)."""
        return desk.begin(request, provider, next_of(request))

    @get("/upstream/{provider:str}/callback", sync_to_thread=True, tags=["account"])
    def complete(request: WebRequest, provider: FromPath[str]) -> Response[Any]:
        """Where the provider leads back to."""
        try:
            answer = parse_parameters(query_of(request))
        except MalformedRequest:
            answer = dict[str, str]()
        return desk.complete(request, provider, answer)

    @post("/upstream/settle", status_code=200, sync_to_thread=True, include_in_schema=False)
    def settle(request: WebRequest, body: RawBody) -> Response[Any]:
        form = read_form(request, body, free=_TYPED)
        hall.browser.check_form(request, form, is_visit=True)
        return desk.settle(request, form)

    @get("/security/upstream/{provider:str}", sync_to_thread=True, include_in_schema=False)
    def link(request: WebRequest, provider: FromPath[str]) -> Response[Any]:
        return desk.link(request, provider)

    @post(
        "/security/upstream/{link_id:uuid}/remove",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def unlink(request: WebRequest, body: RawBody, link_id: FromPath[uuid.UUID]) -> Response[Any]:
        return desk.unlink(request, read_form(request, body), link_id)

    return [begin, complete, settle, link, unlink]
