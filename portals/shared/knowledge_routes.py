"""Pages and API of what the city knows about one: ``/facts/{attribute}``, ``/objections``, ``/finding``."""

import uuid
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, Forbidden, InvalidInput
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.profiles.objections.service import ObjectionView
from portals.routing import routes
from portals.services import Services
from portals.shared.benefits import Form
from portals.shared.knowledge import (
    FactDetail,
    Finding,
    FindingView,
    Knowledge,
    Objecting,
    known_attribute,
)
from portals.shared.representing import Represented

Me = NamedDependency[Principal]
Ours = NamedDependency[Knowledge]


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """The same for residents and firms, each in their portal."""
    return routes(pages=PAGES, api=API, scope=portal, portal=portal, knowledge=Knowledge(services))


@get("/facts/{attribute:str}", sync_to_thread=True, include_in_schema=False)
def fact_page(
    request: WebRequest,
    attribute: FromPath[str],
    principal: Me,
    pages: NamedDependency[Pages],
    knowledge: Ours,
    who: FromQuery[str] = "",
) -> Response[str]:
    return _fact(request, pages, knowledge, principal, attribute, who, {})


@post("/facts/{attribute:str}/objections", status_code=303, sync_to_thread=True, include_in_schema=False)
def objection_form(
    request: WebRequest,
    attribute: FromPath[str],
    data: Form,
    principal: Me,
    pages: NamedDependency[Pages],
    knowledge: Ours,
    portal: NamedDependency[str],
) -> Response[str] | Redirect:
    words, who = Objecting(data.get("wrong", ""), data.get("right", "")), data.get("who", "")
    try:
        knowledge.raise_objection(principal, attribute, words, who)
    except (InvalidInput, Conflict) as problem:
        return _fact(request, pages, knowledge, principal, attribute, who, data, problem)
    return Redirect(f"/{portal}/facts/{attribute}{_asking(who)}", status_code=303)


@post(
    "/objections/{objection_id:uuid}/withdraw",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def withdraw_form(
    objection_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    knowledge: Ours,
    portal: NamedDependency[str],
) -> Redirect:
    who = data.get("who", "")
    knowledge.withdraw(principal, objection_id, who)
    attribute = known_attribute(data.get("attribute", "")).id
    return Redirect(f"/{portal}/facts/{attribute}{_asking(who)}", status_code=303)


@get("/finding", sync_to_thread=True, include_in_schema=False)
def finding_page(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    knowledge: Ours,
    who: FromQuery[str] = "",
) -> Response[str]:
    return _finding(request, pages, knowledge, principal, who)


@post("/finding", status_code=303, sync_to_thread=True, include_in_schema=False)
def finding_form(
    request: WebRequest,
    data: Form,
    principal: Me,
    pages: NamedDependency[Pages],
    knowledge: Ours,
    portal: NamedDependency[str],
) -> Response[str] | Redirect:
    who = data.get("who", "")
    try:
        knowledge.choose(principal, Finding(data.get("found") == "1"), who)
    except (Conflict, Forbidden) as problem:
        return _finding(request, pages, knowledge, principal, who, problem)
    return Redirect(f"/{portal}/finding{_asking(who)}", status_code=303)


@get(
    "/facts/{attribute:str}",
    sync_to_thread=True,
    tags=["facts"],
    summary="One fact: source, uses, other words, history",
)
def get_fact(
    attribute: FromPath[str], principal: Me, knowledge: Ours, who: FromQuery[str] = ""
) -> FactDetail:
    return knowledge.detail(principal, attribute, who)


@get(
    "/represented",
    sync_to_thread=True,
    tags=["facts"],
    summary="Whose facts one may see and object to: oneself, children and wards; `key` goes into `who`",
)
def list_represented(principal: Me, knowledge: Ours) -> list[Represented]:
    return knowledge.people(principal)


@get("/objections", sync_to_thread=True, tags=["facts"], summary="One's objections")
def list_objections(principal: Me, knowledge: Ours, who: FromQuery[str] = "") -> list[ObjectionView]:
    return knowledge.objections(principal, who)


@post(
    "/facts/{attribute:str}/objections",
    status_code=201,
    sync_to_thread=True,
    tags=["facts"],
    summary="Say that a fact is wrong",
)
def add_objection(
    attribute: FromPath[str],
    data: JSONBody[Objecting],
    principal: Me,
    knowledge: Ours,
    who: FromQuery[str] = "",
) -> ObjectionView:
    return knowledge.raise_objection(principal, attribute, data, who)


@post(
    "/objections/{objection_id:uuid}/withdraw",
    status_code=204,
    sync_to_thread=True,
    tags=["facts"],
    summary="Take an objection back",
)
def withdraw(
    objection_id: FromPath[uuid.UUID], principal: Me, knowledge: Ours, who: FromQuery[str] = ""
) -> None:
    knowledge.withdraw(principal, objection_id, who)


@get("/finding", sync_to_thread=True, tags=["facts"], summary="Whether policies may look for one")
def get_finding(principal: Me, knowledge: Ours, who: FromQuery[str] = "") -> FindingView:
    return knowledge.finding(principal, who)


@post(
    "/finding",
    status_code=200,
    sync_to_thread=True,
    tags=["facts"],
    summary="Choose whether policies may look for one; no benefit is lost",
)
def choose_finding(
    data: JSONBody[Finding], principal: Me, knowledge: Ours, who: FromQuery[str] = ""
) -> FindingView:
    return knowledge.choose(principal, data, who)


def _fact(
    request: WebRequest,
    pages: Pages,
    knowledge: Knowledge,
    principal: Principal,
    attribute: str,
    who: str,
    given: dict[str, str],
    problem: DongchuError | None = None,
) -> Response[str]:
    return pages.page(
        request,
        "shared/fact.html",
        status=200 if problem is None else problem.status,
        detail=knowledge.detail(principal, attribute, who),
        who=who,
        people=knowledge.people(principal),
        given=given,
        problem=problem,
    )


def _finding(
    request: WebRequest,
    pages: Pages,
    knowledge: Knowledge,
    principal: Principal,
    who: str,
    problem: DongchuError | None = None,
) -> Response[str]:
    return pages.page(
        request,
        "shared/finding.html",
        status=200 if problem is None else problem.status,
        finding=knowledge.finding(principal, who),
        who=who,
        people=knowledge.people(principal),
        problem=problem,
    )


def _asking(who: str) -> str:
    return f"?{urlencode({'who': who})}" if who else ""


PAGES = [fact_page, objection_form, withdraw_form, finding_page, finding_form]
API = [
    get_fact,
    list_represented,
    list_objections,
    add_objection,
    withdraw,
    get_finding,
    choose_finding,
]
