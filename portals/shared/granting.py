"""用证授权: who asks for fields of one's licences, what one agreed to, and the way back."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput, NotFound
from kernel.house import House
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses.sharing import grants
from licenses.sharing.schemas import Duration, GrantView
from portals.routing import routes

Form = URLEncodedBody[dict[str, str | list[str]]]
DURATIONS: dict[str, Duration] = {"once": "once", "until": "until", "standing": "standing"}


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``fields`` that one grants; none is a refusal. ``until`` for a grant that ends on a day."""

    fields: Annotated[list[str], msgspec.Meta(max_length=40)]
    duration: Duration = "once"
    until: date | None = None


class Granting:
    """What somebody lets others use of the licences of whom ``holders`` says."""

    def __init__(
        self, house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]]
    ) -> None:
        self.house, self.portal = house, portal
        self.holders = holders

    def listed(self, principal: Principal) -> list[GrantView]:
        with self.house.database.read() as session:
            return grants.grants_of(session, self.house, self.holders(session, principal))

    def decide(self, principal: Principal, request_id: uuid.UUID, decision: Decision) -> None:
        with self.house.database.write() as session:
            grants.decide(
                session,
                self.house,
                self.holders(session, principal),
                request_id,
                fields=decision.fields,
                duration=decision.duration,
                until=decision.until,
            )

    def withdraw(self, principal: Principal, request_id: uuid.UUID) -> None:
        with self.house.database.write() as session:
            grants.withdraw(session, self.house, self.holders(session, principal), request_id)


Ours = NamedDependency[Granting]


def handlers(
    house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]]
) -> list[ControllerRouterHandler]:
    """``/wallet/requests`` pages and ``/api/v1/licence-requests``, for the licences of whom ``holders`` says."""
    return routes(
        pages=PAGES,
        api=API,
        scope=portal,
        guards=[require(scope="licences")],
        granting=Granting(house, portal, holders),
    )


@get("/wallet/requests", sync_to_thread=True, include_in_schema=False)
def requests_page(
    request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages], granting: Ours
) -> Response[str]:
    return pages.page(
        request,
        "shared/requests.html",
        requests=granting.listed(principal),
        portal_path=f"/{granting.portal}",
    )


@get("/wallet/requests/{request_id:uuid}", sync_to_thread=True, include_in_schema=False)
def request_page(
    request: WebRequest,
    request_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    pages: NamedDependency[Pages],
    granting: Ours,
) -> Response[str]:
    return _page(granting, request, pages, principal, request_id)


@post("/wallet/requests/{request_id:uuid}", sync_to_thread=True, include_in_schema=False)
def answer_request(
    request: WebRequest,
    request_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    pages: NamedDependency[Pages],
    data: Form,
    granting: Ours,
) -> Response[str] | Redirect:
    """Agree to the ticked fields, refuse, or take a grant back."""
    try:
        if _one(data, "answer") == "withdraw":
            granting.withdraw(principal, request_id)
        else:
            granting.decide(principal, request_id, _decision(data))
    except InvalidInput as problem:
        return _page(granting, request, pages, principal, request_id, problem.detail)
    return Redirect(f"/{granting.portal}/wallet/requests/{request_id}", status_code=303)


@get(
    "/licence-requests",
    sync_to_thread=True,
    summary="Who asks for one's licences",
)
def list_requests(principal: NamedDependency[Principal], granting: Ours) -> list[GrantView]:
    return granting.listed(principal)


@post(
    "/licence-requests/{request_id:uuid}/decision",
    status_code=204,
    sync_to_thread=True,
    summary="Grant some of the fields asked for, or none",
)
def decide_request(
    request_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    data: JSONBody[Decision],
    granting: Ours,
) -> None:
    granting.decide(principal, request_id, data)


@post(
    "/licence-requests/{request_id:uuid}/withdrawal",
    status_code=204,
    sync_to_thread=True,
    summary="Take a grant back",
)
def withdraw_grant(
    request_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], granting: Ours
) -> None:
    granting.withdraw(principal, request_id)


def _page(
    granting: Granting,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    request_id: uuid.UUID,
    problem: str = "",
) -> Response[str]:
    found = next((one for one in granting.listed(principal) if one.id == request_id), None)
    if found is None:
        raise NotFound("没有这个请求。")
    return pages.page(
        request,
        "shared/request.html",
        status=422 if problem else 200,
        one=found,
        problem=problem,
        today=granting.house.clock.today(),
        portal_path=f"/{granting.portal}",
    )


def _one(data: dict[str, str | list[str]], name: str) -> str:
    value = data.get(name, "")
    return value if isinstance(value, str) else value[-1]


def _decision(data: dict[str, str | list[str]]) -> Decision:
    """A form's ticks as a decision. Raises ``InvalidInput`` for a yes to nothing."""
    if _one(data, "answer") != "yes":
        return Decision([])
    ticked = data.get("fields", [])
    fields = [ticked] if isinstance(ticked, str) else ticked
    if not fields:
        raise InvalidInput("请至少勾选一项；都不愿意提供，请选择“不同意”。")
    duration = DURATIONS.get(_one(data, "duration"), "once")
    try:
        until = date.fromisoformat(_one(data, "until")) if duration == "until" else None
    except ValueError:
        raise InvalidInput("请选择今天或以后的截止日期。") from None
    return Decision(fields, duration, until)


PAGES = [requests_page, request_page, answer_request]
API = [list_requests, decide_request, withdraw_grant]
