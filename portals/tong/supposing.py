"""算一算: how a policy would stand if one's circumstances were other than they are. Nothing is kept of it."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from kernel.errors import InvalidInput
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.changes import direction_of
from policy_engine.matching.explanation import Explanation
from policy_engine.policies.document import PolicyDocument
from portals.services import Services
from portals.shared.benefits import Form
from portals.tong.declaring import DeclaredField, check_declared, fields_for, read_declared
from portals.tong.explaining import Asked, asked_for, explain, supposed

Me = NamedDependency[Principal]


class Supposition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``key`` names one of the policy's standings; ``facts`` holds raw values by attribute id."""

    key: Annotated[str, msgspec.Meta(max_length=40)]
    facts: Annotated[dict[str, Any], msgspec.Meta(max_length=60)]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/services/{policy_id}/suppose`` and its API."""

    def page(
        request: WebRequest,
        pages: Pages,
        asked: Asked,
        *,
        given: Mapping[str, str],
        told: Explanation | None = None,
        problem: InvalidInput | None = None,
    ) -> Response[str]:
        return pages.page(
            request,
            "tong/suppose.html",
            status=200 if problem is None else problem.status,
            document=_document(services, asked),
            standing=asked.standing,
            fields=questions(asked.standing.explanation),
            given=given,
            told=told,
            errors=[] if problem is None else list(problem.errors),
        )

    @get("/services/{policy_id:str}/suppose", sync_to_thread=True, include_in_schema=False)
    def suppose_page(
        request: WebRequest,
        policy_id: FromPath[str],
        principal: Me,
        pages: NamedDependency[Pages],
        who: FromQuery[str] = "",
    ) -> Response[str]:
        key = who or next((one.key for one in explain(services, principal, policy_id)), "")
        return page(request, pages, asked_for(services, principal, policy_id, key), given={})

    @post("/services/{policy_id:str}/suppose", status_code=200, sync_to_thread=True, include_in_schema=False)
    def suppose_form(
        request: WebRequest,
        policy_id: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        # A form that is posted: what somebody supposes of their health or income belongs in no address.
        asked = asked_for(services, principal, policy_id, data.get("who", ""))
        try:
            changes = read_declared(data, questions(asked.standing.explanation))
        except InvalidInput as problem:
            return page(request, pages, asked, given=data, problem=problem)
        told = supposed(services, principal, policy_id, asked.standing.key, changes)
        return page(request, pages, asked, given=data, told=told)

    @post(
        "/api/v1/services/{policy_id:str}/suppositions",
        status_code=200,
        guards=[require(scope="tong")],
        sync_to_thread=True,
        summary="How a policy would stand with other facts",
    )
    def suppose_api(policy_id: FromPath[str], data: JSONBody[Supposition], principal: Me) -> Explanation:
        asked = asked_for(services, principal, policy_id, data.key)
        changes = check_declared(data.facts, questions(asked.standing.explanation))
        return supposed(services, principal, policy_id, data.key, changes)

    return [suppose_page, suppose_form, suppose_api]


def questions(told: Explanation) -> list[DeclaredField]:
    """What the clauses read and a life may change, of oneself and one's household; nobody supposes to have died."""
    lines = [fact for clause in told.clauses for fact in (*clause.facts, *clause.missing)]
    known = {one.id: one for one in catalogue().attributes}
    asked = (known.get(line.attribute) for line in lines)
    return fields_for(one.id for one in asked if one is not None and direction_of(one) != "fixed")


def _document(services: Services, asked: Asked) -> PolicyDocument:
    with services.house.database.read() as session:
        documents = services.published.current(session).documents
    return documents[asked.standing.explanation.policy_id]
