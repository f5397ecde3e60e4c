"""What was paid too much, and what is still due to one's dead: told, answered, and never taken by itself."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import FieldError, InvalidInput
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.schemas import DueToFamily, OverpaymentView
from portals.services import Services

Me = NamedDependency[Principal]


class Recoveries(msgspec.Struct, frozen=True, kw_only=True):
    """``due`` is what the city still owes to one's dead; it stands first."""

    due: tuple[DueToFamily, ...]
    overpaid: tuple[OverpaymentView, ...]


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """Pages at ``/recoveries`` and their API."""
    house = services.house

    def mine(principal: Principal) -> Recoveries:
        now = house.clock.now()
        with house.database.read() as session:
            return Recoveries(
                due=tuple(views.due_to_family(session, services.ports, principal, now=now)),
                overpaid=tuple(views.my_overpayments(session, services.ports, principal, now=now)),
            )

    def one(principal: Principal, overpayment_id: uuid.UUID) -> OverpaymentView:
        with house.database.read() as session:
            return views.overpayment_for_person(
                session, services.ports, overpayment_id, principal, now=house.clock.now()
            )

    def answer(principal: Principal, overpayment_id: uuid.UUID, text: str) -> None:
        one(principal, overpayment_id)
        with house.database.write() as session:
            delivery.state_ones_view(
                session, overpayment_id, principal=principal, statement=text, now=house.clock.now()
            )

    @get("/recoveries", sync_to_thread=True, include_in_schema=False)
    def recoveries_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "shared/recoveries.html", found=mine(principal))

    @get("/recoveries/{overpayment_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def recovery_page(
        request: WebRequest,
        principal: Me,
        pages: NamedDependency[Pages],
        overpayment_id: FromPath[uuid.UUID],
    ) -> Response[str]:
        found = one(principal, overpayment_id)
        return pages.page(request, "shared/recovery.html", one=found, errors=(), typed="")

    @post("/recoveries/{overpayment_id:uuid}/statement", sync_to_thread=True, include_in_schema=False)
    def answer_page(
        request: WebRequest,
        principal: Me,
        pages: NamedDependency[Pages],
        overpayment_id: FromPath[uuid.UUID],
        data: URLEncodedBody[dict[str, str]],
    ) -> Response[str] | Redirect:
        text = data.get("statement", "")
        try:
            answer(principal, overpayment_id, text)
        except InvalidInput as problem:
            found, errors = one(principal, overpayment_id), (FieldError("statement", problem.detail),)
            page = pages.page(request, "shared/recovery.html", one=found, errors=errors, typed=text)
            page.status_code = 400
            return page
        return Redirect(f"/{portal}/recoveries/{overpayment_id}", status_code=303)

    @get(
        "/api/v1/recoveries",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="What was paid too much, and what is still due to one's dead",
    )
    def list_recoveries(principal: Me) -> Recoveries:
        return mine(principal)

    @post(
        "/api/v1/recoveries/{overpayment_id:uuid}/statements",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        status_code=200,
        summary="Say what one has to say before anything is decided",
    )
    def add_statement(
        principal: Me, overpayment_id: FromPath[uuid.UUID], data: JSONBody[Statement]
    ) -> OverpaymentView:
        answer(principal, overpayment_id, data.text)
        return one(principal, overpayment_id)

    return [recoveries_page, recovery_page, answer_page, list_recoveries, add_statement]
