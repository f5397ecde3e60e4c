"""The provincial exchange: what may be shared, grants asked for and decided, queries, and the ledger of every access."""

import uuid
from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from connectors.exchange.messages import ExchangeAnswer
from kernel import audit
from kernel.errors import DongchuError, FieldError, Forbidden, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.profiles.exchange import service
from policy_engine.profiles.exchange.service import AccessView, Dataset, GrantView, Requester, datasets
from portals.services import Services
from portals.zhengtong.access import on_a_seat, seat_of
from portals.zhengtong.forms import Form, many, one
from portals.zhengtong.sources.desks import ANSWERING, sources_of
from portals.zhengtong.visit import Given, Said, Visit, Visiting

Words = Annotated[str, msgspec.Meta(max_length=200)]
PLACE = "/zhengtong/exchange"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for a grant: the fields that suffice, for which purpose, by which law, until when."""

    dataset: str
    fields: tuple[str, ...]
    purpose: Words
    basis: Words
    until_on: date


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    is_granted: bool
    reason: Words = ""


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of the person or firm, and which of the granted fields are needed this time."""

    identifier: Annotated[str, msgspec.Meta(max_length=40)]
    fields: tuple[str, ...]


class ExchangeDesk:
    """What one seat may do there: ask for its office, decide on what its office owns."""

    def __init__(self, services: Services, principal: Principal) -> None:
        self.services = services
        self.principal = principal
        self.seat = seat_of(principal)
        self.owners = sources_of(self.seat)
        if not self.seat.duties & (ANSWERING | {"admin.system", "audit.read"}):
            raise Forbidden(_("您所在的席位不使用数据共享。如有需要，请联系本单位管理员。"))

    @property
    def requester(self) -> Requester:
        """Raises ``Forbidden`` for a seat that decides about nobody's affairs."""
        if not self.seat.duties & ANSWERING:
            raise Forbidden(_("只有办理业务的席位可以申请和查询共享数据。"))
        return Requester(
            subject_id=self.principal.subject_id,
            seat=self.seat.title,
            department=self.seat.department,
            division=self.seat.division,
        )

    def grants(self) -> list[GrantView]:
        house = self.services.house
        with house.database.read() as session:
            return service.grants(session, self.owners, self.seat.department, house.clock.today())

    def ledger(self) -> list[AccessView]:
        with self.services.house.database.read() as session:
            return service.ledger(session, self.owners, self.seat.department)

    def request(self, asked: Asked) -> GrantView:
        now = self.services.house.clock.now()
        with self.services.house.database.write() as session:
            grant = service.request(
                session,
                asked.dataset,
                asked.fields,
                purpose=asked.purpose,
                basis=asked.basis,
                until_on=asked.until_on,
                by=self.requester,
                now=now,
            )
            self._record(
                session, "exchange.request", grant.id, {"dataset": grant.dataset, "state": grant.state}
            )
        return grant

    def decide(self, grant_id: uuid.UUID, decision: Decision) -> None:
        now = self.services.house.clock.now()
        with self.services.house.database.write() as session:
            service.decide(
                session,
                grant_id,
                self.owners,
                is_granted=decision.is_granted,
                reason=decision.reason,
                by=self.principal.subject_id,
                now=now,
            )
            self._record(session, "exchange.decide", grant_id, {"granted": decision.is_granted})

    def end(self, grant_id: uuid.UUID) -> None:
        with self.services.house.database.write() as session:
            service.end(session, grant_id, self.owners, self.seat.department, self.services.house.clock.now())
            self._record(session, "exchange.end", grant_id, {})

    def query(self, grant_id: uuid.UUID, query: Query) -> ExchangeAnswer:
        house = self.services.house
        with house.database.write() as session:
            self._record(session, "exchange.query", grant_id, {"fields": sorted(query.fields)})
        return service.access(
            house.database,
            house.vault,
            self.services.exchange,
            grant_id,
            query.identifier,
            query.fields,
            by=self.requester,
            now=house.clock.now(),
        )

    def _record(self, session: Any, action: str, grant_id: uuid.UUID, detail: dict[str, Any]) -> None:
        audit.record(
            session,
            actor=self.principal,
            action=action,
            object_kind="exchange_grant",
            object_id=grant_id,
            detail=detail,
            now=self.services.house.clock.now(),
        )


@get("/exchange", sync_to_thread=True, include_in_schema=False)
def exchange_page(visit: Visiting) -> Response[str]:
    """The catalogue, the grants, the ledger."""
    return _page(visit, ExchangeDesk(visit.services, visit.principal))


@post("/exchange", status_code=303, sync_to_thread=True, include_in_schema=False)
def request_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Ask for a grant."""
    desk = ExchangeDesk(visit.services, visit.principal)
    dataset, _sep, _field = one(data, "dataset").partition(":")
    fields = [
        name
        for one_of, name in (x.split(":", 1) for x in many(data, "fields") if ":" in x)
        if one_of == dataset
    ]
    try:
        until_on = date.fromisoformat(one(data, "until_on"))
    except ValueError:
        what = _("请填写日期，如 2026-11-23")
        problem = InvalidInput(what, errors=[FieldError("until_on", what)])
        return _page(visit, desk, problem, data)
    asked = Asked(dataset, tuple(fields), one(data, "purpose"), one(data, "basis"), until_on)
    try:
        desk.request(asked)
    except InvalidInput as problem:
        return _page(visit, desk, problem, data)
    return Redirect(f"{PLACE}?done=exchange", status_code=303)


@post("/exchange/{grant_id:uuid}", status_code=303, sync_to_thread=True, include_in_schema=False)
def grant_form(visit: Visiting, data: Form, grant_id: FromPath[uuid.UUID]) -> Response[str] | Redirect:
    """Grant, refuse, end, or query."""
    desk, act = ExchangeDesk(visit.services, visit.principal), one(data, "act")
    try:
        if act == "query":
            answer = desk.query(grant_id, Query(one(data, "identifier"), tuple(many(data, "fields"))))
            return _page(visit, desk, answer=(grant_id, answer))
        if act == "end":
            desk.end(grant_id)
        else:
            desk.decide(grant_id, Decision(act == "grant", one(data, "reason")))
    except (InvalidInput, OutsideFailure) as problem:
        return _page(visit, desk, problem)
    return Redirect(f"{PLACE}?done=exchange", status_code=303)


@get(
    "/exchange/datasets",
    sync_to_thread=True,
    tags=["exchange"],
    summary="What may be shared",
    guards=[on_a_seat],
)
def list_datasets() -> list[Dataset]:
    return list(datasets().values())


@get(
    "/exchange/grants",
    sync_to_thread=True,
    tags=["exchange"],
    summary="Grants of this office and of what it owns",
    guards=[on_a_seat],
)
def list_grants(services: Given, principal: Said) -> list[GrantView]:
    return ExchangeDesk(services, principal).grants()


@post(
    "/exchange/grants",
    status_code=201,
    sync_to_thread=True,
    tags=["exchange"],
    summary="Ask for a grant",
    guards=[on_a_seat],
)
def add_grant(data: JSONBody[Asked], services: Given, principal: Said) -> GrantView:
    return ExchangeDesk(services, principal).request(data)


@post(
    "/exchange/grants/{grant_id:uuid}/decision",
    status_code=204,
    sync_to_thread=True,
    tags=["exchange"],
    summary="Grant or refuse, as the owner",
    guards=[on_a_seat],
)
def add_decision(
    data: JSONBody[Decision], services: Given, principal: Said, grant_id: FromPath[uuid.UUID]
) -> None:
    ExchangeDesk(services, principal).decide(grant_id, data)


@post(
    "/exchange/grants/{grant_id:uuid}/end",
    status_code=204,
    sync_to_thread=True,
    tags=["exchange"],
    summary="End a grant early",
    guards=[on_a_seat],
)
def add_end(services: Given, principal: Said, grant_id: FromPath[uuid.UUID]) -> None:
    ExchangeDesk(services, principal).end(grant_id)


@post(
    "/exchange/grants/{grant_id:uuid}/queries",
    status_code=200,
    sync_to_thread=True,
    tags=["exchange"],
    summary="Ask once under a grant; the access is on record",
    guards=[on_a_seat],
)
def add_query(
    data: JSONBody[Query], services: Given, principal: Said, grant_id: FromPath[uuid.UUID]
) -> ExchangeAnswer:
    return ExchangeDesk(services, principal).query(grant_id, data)


@get("/exchange/accesses", sync_to_thread=True, tags=["exchange"], summary="Every access", guards=[on_a_seat])
def list_accesses(services: Given, principal: Said) -> list[AccessView]:
    return ExchangeDesk(services, principal).ledger()


def _page(
    visit: Visit,
    desk: ExchangeDesk,
    problem: DongchuError | None = None,
    given: Any = None,
    answer: tuple[uuid.UUID, ExchangeAnswer] | None = None,
) -> Response[str]:
    given = given or {}
    return visit.page(
        "zhengtong/sources/exchange.html",
        status=200 if problem is None else problem.status,
        datasets=datasets(),
        grants=desk.grants(),
        accesses=desk.ledger(),
        owners=desk.owners,
        department=desk.seat.department,
        may_ask=bool(desk.seat.duties & ANSWERING),
        given={name: one(given, name) for name in ("dataset", "purpose", "basis", "until_on")},
        problem=problem,
        answer=answer,
    )


PAGES = [exchange_page, request_form, grant_form]
API = [list_datasets, list_grants, add_grant, add_decision, add_end, add_query, list_accesses]
