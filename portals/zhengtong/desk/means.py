"""核对 as the seat meets it: open one from a claim's file, record papers, see who agreed and what came in."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel.errors import InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.means import repository, service
from policy_engine.delivery.means.schemas import MeansView
from policy_engine.delivery.views import means as views
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_WORK = needs("claim.accept", "claim.joint_review", "claim.decide")


class Paper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``place`` is the member's in ``members``; ``paper`` where the signed authorisation is filed."""

    place: Annotated[int, msgspec.Meta(ge=0, le=100)]
    paper: Annotated[str, msgspec.Meta(max_length=200)]


def open_for(services: Services, principal: Principal, claim_id: uuid.UUID) -> uuid.UUID:
    house = services.house
    with house.database.write() as session:
        return service.open_check(
            session, services.ports, claim_id=claim_id, principal=principal, now=house.clock.now()
        ).id


def record(services: Services, principal: Principal, check_id: uuid.UUID, place: int, paper: str) -> None:
    """Members are named by their place: numbers of people stand in no form."""
    house = services.house
    with house.database.write() as session:
        members = repository.consents(session, check_id)
        if not 0 <= place < len(members):
            raise NotFound(_("没有找到您要的内容。"))
        service.record_paper(
            session,
            services.ports,
            check_id=check_id,
            principal=principal,
            subject_id=members[place].subject_id,
            paper=paper,
            now=house.clock.now(),
        )


def one(services: Services, principal: Principal, check_id: uuid.UUID) -> MeansView:
    house = services.house
    with house.database.read() as session:
        return views.check_at(session, services.ports, check_id, principal, now=house.clock.now())


def listed(services: Services, principal: Principal) -> list[MeansView]:
    house = services.house
    with house.database.read() as session:
        return views.checks_at(session, services.ports, principal, now=house.clock.now())


@get("/means", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def means_page(visit: Visiting) -> Response[str]:
    return visit.page(
        "zhengtong/desk/means_list.html",
        found=listed(visit.services, visit.principal),
        division_name=division_name,
    )


@get("/means/{check_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def check_page(visit: Visiting, check_id: FromPath[uuid.UUID]) -> Response[str]:
    return _page(visit, check_id)


@post(
    "/claims/{claim_id:uuid}/means",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_WORK],
)
def open_form(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> Redirect:
    check_id = open_for(services, principal, claim_id)
    return Redirect(f"/zhengtong/means/{check_id}?done=means", status_code=303)


@post("/means/{check_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_WORK])
def paper_form(visit: Visiting, check_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    place = forms.one(data, "place")
    try:
        record(
            visit.services,
            visit.principal,
            check_id,
            int(place) if place.isdigit() else -1,
            forms.one(data, "paper"),
        )
    except InvalidInput as problem:
        return _page(visit, check_id, problem=problem.detail)
    return Redirect(f"/zhengtong/means/{check_id}?done=paper", status_code=303)


@get(
    "/means",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Means checks of the seat's claims",
)
def list_means(services: Given, principal: Said) -> list[MeansView]:
    return listed(services, principal)


@get(
    "/means/{check_id:uuid}",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="One means check",
)
def read_means(services: Given, principal: Said, check_id: FromPath[uuid.UUID]) -> MeansView:
    return one(services, principal, check_id)


@post(
    "/claims/{claim_id:uuid}/means",
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Ask a household to agree to a means check",
)
def add_means(services: Given, principal: Said, claim_id: FromPath[uuid.UUID]) -> MeansView:
    return one(services, principal, open_for(services, principal, claim_id))


@post(
    "/means/{check_id:uuid}/papers",
    status_code=200,
    sync_to_thread=True,
    tags=["means"],
    guards=[MAY_WORK],
    summary="Record a member's signed authorisation",
)
def add_paper(
    services: Given, principal: Said, check_id: FromPath[uuid.UUID], data: JSONBody[Paper]
) -> MeansView:
    record(services, principal, check_id, data.place, data.paper)
    return one(services, principal, check_id)


def _page(visit: Visit, check_id: uuid.UUID, *, problem: str = "") -> Response[str]:
    return visit.page(
        "zhengtong/desk/means.html",
        status=400 if problem else 200,
        check=one(visit.services, visit.principal, check_id),
        problem=problem,
        division_name=division_name,
    )


PAGES = [means_page, check_page, open_form, paper_form]
API = [list_means, read_means, add_means, add_paper]
