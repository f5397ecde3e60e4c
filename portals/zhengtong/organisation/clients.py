"""Programs that ask people to sign in: what departments register, what is reviewed, what is stopped."""

import uuid
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from sqlalchemy.orm import Session

from identity.clients import review
from identity.clients.models import ClientApplication, OAuthClient
from identity.clients.scopes import SCOPES, SERVICE_SCOPES
from identity.clients.service import required, resume_client, suspend_client
from identity.registry import service as registry
from kernel import audit
from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.house import House
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.zhengtong import forms
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.organisation.api import MAY_LOOK, MAY_MAKE, MAY_SEAT
from portals.zhengtong.visit import Given, Said, Visit, Visiting

CLIENTS = "/zhengtong/system/clients"
STATES = {"submitted": N_("待审核"), "approved": N_("已批准"), "refused": N_("未批准")}
CAPACITIES = {"self": N_("本人"), "person": N_("代他人"), "enterprise": N_("代企业")}


class ApplicationView(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, by whom (a firm, or the department of a seat), and what became of it."""

    id: uuid.UUID
    wanted: review.Wanted
    applicant: str
    purpose: str
    state: str
    submitted_at: datetime
    reason: str


class ClientView(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str
    name: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    is_first_party: bool
    is_suspended: bool


class Clients(msgspec.Struct, frozen=True, kw_only=True):
    waiting: tuple[ApplicationView, ...]
    clients: tuple[ClientView, ...]


class NewClient(review.Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``scopes`` approved, or none and a ``reason`` to refuse."""

    scopes: tuple[str, ...] = ()
    reason: str = ""


def everything(house: House) -> Clients:
    with house.database.read() as session:
        return Clients(
            waiting=tuple(
                _view(session, house, one) for one in review.applications(session, state="submitted")
            ),
            clients=tuple(_client(one) for one in review.all_clients(session)),
        )


def own_clients(house: House, principal: Principal) -> tuple[ClientView, ...]:
    """Those whose secrets the seat one sits in draws."""
    with house.database.read() as session:
        return tuple(_client(one) for one in review.with_secret_of(session, principal))


def one_application(house: House, application_id: uuid.UUID) -> ApplicationView:
    with house.database.read() as session:
        return _view(session, house, review.find_application(session, application_id))


def submit(house: House, principal: Principal, wanted: review.Wanted, purpose: str) -> uuid.UUID:
    with house.database.write() as session:
        return review.apply_for(session, wanted, purpose=purpose, by=principal, now=house.clock.now())


def decide(house: House, principal: Principal, application_id: uuid.UUID, decision: Decision) -> None:
    now = house.clock.now()
    with house.database.write() as session:
        if decision.scopes:
            review.approve(
                session, application_id, scopes=decision.scopes, by=principal, vault=house.vault, now=now
            )
        else:
            review.refuse(session, application_id, reason=decision.reason, by=principal, now=now)


def stop(house: House, principal: Principal, client_id: str, *, is_stopped: bool) -> None:
    """Suspend a client, so that its live tokens die at once, or let it begin again."""
    now = house.clock.now()
    with house.database.write() as session:
        if required(session, client_id).is_first_party:
            raise Forbidden(_("市级门户不能在这里停用。"))
        (suspend_client if is_stopped else resume_client)(session, client_id, now=now)
        audit.record(
            session,
            actor=principal,
            action="client.suspend" if is_stopped else "client.resume",
            object_kind="client",
            object_id=client_id,
            now=now,
        )


def draw(house: House, principal: Principal, client_id: str, *, is_leaked: bool) -> str:
    with house.database.write() as session:
        return review.draw_secret(
            session, client_id, by=principal, vault=house.vault, now=house.clock.now(), is_leaked=is_leaked
        )


@get("/system/clients", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOOK])
def clients_page(visit: Visiting) -> Response[str]:
    """What waits for review, and every client."""
    return _list_page(visit)


@get("/system/clients/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_MAKE])
def new_client(visit: Visiting) -> Response[str]:
    return _new_page(visit, {})


@post("/system/clients/new", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[MAY_MAKE])
def submit_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """A department asks for a client; somebody else reviews it."""
    wanted = review.Wanted(
        client_id=forms.one(data, "client_id"),
        name=forms.one(data, "name"),
        redirect_uris=tuple(forms.one(data, "redirect_uris").split()),
        post_logout_redirect_uris=tuple(forms.one(data, "post_logout_redirect_uris").split()),
        scopes=tuple(forms.many(data, "scopes")),
        capacities=tuple(forms.many(data, "capacities")),
        is_public=forms.one(data, "is_public") == "1",
    )
    try:
        submit(visit.services.house, visit.principal, wanted, forms.one(data, "purpose"))
    except (InvalidInput, Conflict) as problem:
        return _new_page(visit, data, problem)
    return Redirect(f"{CLIENTS}?done=client", status_code=303)


@get(
    "/system/clients/applications/{application_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_LOOK],
)
def application_page(visit: Visiting, application_id: FromPath[uuid.UUID]) -> Response[str]:
    """One application with everything that is asked for."""
    return _application_page(visit, application_id)


@post(
    "/system/clients/applications/{application_id:uuid}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def decide_form(visit: Visiting, application_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    is_approved = forms.one(data, "decision") == "approve"
    scopes = tuple(forms.many(data, "scopes")) if is_approved else ()
    try:
        if is_approved and not scopes:
            what = _("请至少保留一项范围")
            raise InvalidInput(what, errors=[FieldError("scopes", what)])
        decide(
            visit.services.house,
            visit.principal,
            application_id,
            Decision(scopes=scopes, reason=forms.one(data, "reason")),
        )
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _application_page(visit, application_id, problem)
    return Redirect(f"{CLIENTS}?done=client", status_code=303)


@post(
    "/system/clients/{client_id:str}/{act:str}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def stop_form(visit: Visiting, client_id: FromPath[str], act: FromPath[str]) -> Response[str] | Redirect:
    """Stop a client at once, or let it go on."""
    try:
        stop(visit.services.house, visit.principal, client_id, is_stopped=act == "suspend")
    except (Conflict, Forbidden) as problem:
        return _list_page(visit, problem)
    return Redirect(f"{CLIENTS}?done=client", status_code=303)


@post(
    "/system/clients/{client_id:str}/secret",
    status_code=200,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_MAKE],
)
def draw_form(visit: Visiting, client_id: FromPath[str], data: Form) -> Response[str]:
    """A new secret, shown on this answer and never again."""
    is_leaked = forms.one(data, "is_leaked") == "1"
    secret = draw(visit.services.house, visit.principal, client_id, is_leaked=is_leaked)
    return _list_page(visit, secret=(client_id, secret), is_leaked=is_leaked)


@get(
    "/clients",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Clients, and what waits for review",
    guards=[MAY_LOOK],
)
def list_clients(services: Given) -> Clients:
    return everything(services.house)


@post(
    "/clients",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Ask for a department's client",
    guards=[MAY_MAKE],
)
def add_client(services: Given, principal: Said, data: JSONBody[NewClient]) -> ApplicationView:
    sent = msgspec.structs.asdict(data)
    purpose = sent.pop("purpose")
    made = submit(services.house, principal, review.Wanted(**sent), purpose)
    return one_application(services.house, made)


@post(
    "/clients/applications/{application_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Approve with these scopes, or refuse with a reason",
    guards=[MAY_SEAT],
)
def add_decision(
    services: Given, principal: Said, application_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> ApplicationView:
    decide(services.house, principal, application_id, data)
    return one_application(services.house, application_id)


@post(
    "/clients/{client_id:str}/suspend",
    status_code=204,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Stop a client; its live tokens die at once",
    guards=[MAY_SEAT],
)
def suspend(services: Given, principal: Said, client_id: FromPath[str]) -> None:
    stop(services.house, principal, client_id, is_stopped=True)


@post(
    "/clients/{client_id:str}/resume",
    status_code=204,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Let a stopped client begin again",
    guards=[MAY_SEAT],
)
def resume(services: Given, principal: Said, client_id: FromPath[str]) -> None:
    stop(services.house, principal, client_id, is_stopped=False)


class Secret(msgspec.Struct, frozen=True):
    """Told once; only its HMAC is stored."""

    client_secret: str


@post(
    "/clients/{client_id:str}/secret",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Draw a new secret for the department's own client; the former works a day longer",
    guards=[MAY_MAKE],
)
def add_secret(services: Given, principal: Said, client_id: FromPath[str]) -> Response[Secret]:
    secret = draw(services.house, principal, client_id, is_leaked=False)
    return Response(Secret(secret), headers={"Cache-Control": "no-store"})


def _list_page(
    visit: Visit,
    problem: DongchuError | None = None,
    *,
    secret: tuple[str, str] | None = None,
    is_leaked: bool = False,
) -> Response[str]:
    may_make = visit.principal.has_duty("admin.system")
    return visit.page(
        "zhengtong/organisation/clients.html",
        status=200 if problem is None else problem.status,
        headers={"Cache-Control": "no-store"},
        own=own_clients(visit.services.house, visit.principal) if may_make else (),
        secret=secret,
        is_leaked=is_leaked,
        found=everything(visit.services.house),
        may_make=may_make,
        may_review=visit.principal.has_duty("admin.security"),
        errors=() if problem is None else problem.at(),
    )


def _new_page(visit: Visit, typed: Sent, problem: DongchuError | None = None) -> Response[str]:
    return visit.page(
        "zhengtong/organisation/new_client.html",
        status=200 if problem is None else problem.status,
        typed={
            name: forms.one(typed, name)
            for name in (
                "client_id",
                "name",
                "redirect_uris",
                "post_logout_redirect_uris",
                "purpose",
                "is_public",
            )
        },
        chosen=forms.many(typed, "scopes") or ["openid", "profile"],
        acting=forms.many(typed, "capacities") or ["self"],
        scope_options=_scope_options(review.DEPARTMENT_CEILING),
        capacity_options=[(key, _(label)) for key, label in CAPACITIES.items()],
        errors=() if problem is None else problem.at(),
    )


def _application_page(
    visit: Visit, application_id: uuid.UUID, problem: DongchuError | None = None
) -> Response[str]:
    application = one_application(visit.services.house, application_id)
    return visit.page(
        "zhengtong/organisation/application.html",
        status=200 if problem is None else problem.status,
        application=application,
        state=_(STATES[application.state]),
        scope_options=_scope_options(application.wanted.scopes),
        capacities=[_(CAPACITIES[one]) for one in application.wanted.capacities],
        may_review=visit.principal.has_duty("admin.security") and application.state == "submitted",
        errors=() if problem is None else problem.at(),
    )


def _scope_options(scopes: "frozenset[str] | tuple[str, ...]") -> list[tuple[str, str]]:
    words = {**SCOPES, **SERVICE_SCOPES}
    return [(scope, f"{_(words[scope])} ({scope})") for scope in words if scope in scopes]


def _view(session: Session, house: House, one: ClientApplication) -> ApplicationView:
    applicant = _("本市部门")
    if one.applicant_id is not None:
        applicant = registry.describe(session, [one.applicant_id], vault=house.vault)[one.applicant_id].name
    return ApplicationView(
        id=one.application_id,
        wanted=review.wanted_of(one),
        applicant=applicant,
        purpose=one.purpose,
        state=one.state,
        submitted_at=one.submitted_at,
        reason=one.reason or "",
    )


def _client(one: OAuthClient) -> ClientView:
    return ClientView(
        client_id=one.client_id,
        name=one.name,
        scopes=tuple(one.scope.split()),
        redirect_uris=tuple(one.redirect_uris),
        is_first_party=one.is_first_party,
        is_suspended=one.is_suspended,
    )


PAGES = [clients_page, new_client, submit_form, application_page, decide_form, draw_form, stop_form]
API = [list_clients, add_client, add_decision, suspend, resume, add_secret]
