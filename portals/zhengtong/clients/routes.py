"""Pages of clients: what waits for review, every client, and one application."""

import uuid

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from identity.clients import review
from identity.clients.scopes import SCOPES, SERVICE_SCOPES
from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from portals.zhengtong import forms
from portals.zhengtong.clients import acts
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.organisation.api import MAY_LOOK, MAY_MAKE, MAY_SEAT
from portals.zhengtong.visit import Visit, Visiting

CLIENTS = "/zhengtong/system/clients"
STATES = {"submitted": N_("待审核"), "approved": N_("已批准"), "refused": N_("未批准")}
CAPACITIES = {"self": N_("本人"), "person": N_("代他人"), "enterprise": N_("代企业")}


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
        acts.submit(visit.services.house, visit.principal, wanted, forms.one(data, "purpose"))
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
        acts.decide(
            visit.services.house,
            visit.principal,
            application_id,
            acts.Decision(scopes=scopes, reason=forms.one(data, "reason")),
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
        acts.stop(visit.services.house, visit.principal, client_id, is_stopped=act == "suspend")
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
    secret = acts.draw(visit.services.house, visit.principal, client_id, is_leaked=is_leaked)
    return _list_page(visit, secret=(client_id, secret), is_leaked=is_leaked)


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
        own=acts.own_clients(visit.services.house, visit.principal) if may_make else (),
        secret=secret,
        is_leaked=is_leaked,
        found=acts.everything(visit.services.house),
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
    application = acts.one_application(visit.services.house, application_id)
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


HANDLERS = [clients_page, new_client, submit_form, application_page, decide_form, draw_form, stop_form]
