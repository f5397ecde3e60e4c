"""Bad ratings as tasks for seats that had no hand in the claim, and the figures of all."""

import uuid
from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import InvalidInput
from kernel.web.principal import Principal
from policy_engine.delivery import views
from policy_engine.delivery.ratings import service as delivery
from policy_engine.delivery.ratings.figures import RatingFigures
from policy_engine.delivery.ratings.schemas import RatingTask
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_LOOK = needs("claim.decide")
MAY_COUNT = needs("claim.decide", "audit.read")


class RatingAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_founded: bool
    answer: Annotated[str, msgspec.Meta(max_length=2000)]


class PolicyFigures(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    figures: RatingFigures


def tasks(services: Services, principal: Principal, state: str) -> list[RatingTask]:
    house = services.house
    with house.database.read() as session:
        return views.rating_tasks(session, services.ports, principal, state=state, now=house.clock.now())


def answer(
    services: Services, principal: Principal, rating_id: uuid.UUID, is_founded: bool, text: str
) -> None:
    house = services.house
    with house.database.write() as session:
        delivery.answer_rating(
            session,
            rating_id=rating_id,
            principal=principal,
            is_founded=is_founded,
            answer=text,
            now=house.clock.now(),
        )


def figures(services: Services, principal: Principal) -> list[PolicyFigures]:
    """Of the seat's division, each policy by its title."""
    house = services.house
    with house.database.read() as session:
        found = views.rating_figures(session, seat_of(principal).division, now=house.clock.now())
        titles: Mapping[str, str] = {
            one.policy_id: services.ports.terms(session, one.policy_id).title for one in found
        }
    return [PolicyFigures(title=titles[one.policy_id], figures=one) for one in found]


@get("/ratings", sync_to_thread=True, include_in_schema=False, guards=[MAY_COUNT])
def ratings_page(visit: Visiting, view: FromQuery[str] = "task") -> Response[str]:
    """What was said badly, to be looked into; what was answered; and the figures."""
    return _page(visit, view)


@post("/ratings/{rating_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOOK])
def answer_form(visit: Visiting, rating_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    founded = forms.one(data, "is_founded")
    try:
        answer(visit.services, visit.principal, rating_id, founded == "yes", forms.one(data, "answer"))
    except InvalidInput as problem:
        return _page(visit, "task", problem=problem.detail)
    return Redirect("/zhengtong/ratings?done=rating", status_code=303)


@get(
    "/ratings/tasks",
    sync_to_thread=True,
    tags=["ratings"],
    guards=[MAY_LOOK],
    summary="Bad ratings for this seat to look into; `view` is task or answered",
)
def list_tasks(services: Given, principal: Said, view: FromQuery[str] = "task") -> list[RatingTask]:
    return tasks(services, principal, _known(view))


@post(
    "/ratings/tasks/{rating_id:uuid}/answer",
    status_code=204,
    sync_to_thread=True,
    tags=["ratings"],
    guards=[MAY_LOOK],
    summary="Answer a bad rating",
)
def add_answer(
    services: Given, principal: Said, rating_id: FromPath[uuid.UUID], data: JSONBody[RatingAnswer]
) -> None:
    answer(services, principal, rating_id, data.is_founded, data.answer)


@get(
    "/ratings/figures",
    sync_to_thread=True,
    tags=["ratings"],
    guards=[MAY_COUNT],
    summary="Ratings added up by policy and department; groups of fewer than five are left out",
)
def list_figures(services: Given, principal: Said) -> list[PolicyFigures]:
    return figures(services, principal)


def _page(visit: Visit, view: str, *, problem: str = "") -> Response[str]:
    state = _known(view)
    may_look = visit.principal.has_duty("claim.decide")
    return visit.page(
        "zhengtong/desk/ratings.html",
        status=400 if problem else 200,
        view=state,
        found=tasks(visit.services, visit.principal, state) if may_look else [],
        figures=figures(visit.services, visit.principal),
        may_look=may_look,
        problem=problem,
        division_name=division_name,
    )


def _known(state: str) -> str:
    return "answered" if state == "answered" else "task"


PAGES = [ratings_page, answer_form]
API = [list_tasks, add_answer, list_figures]
