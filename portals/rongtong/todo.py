"""What waits at all the firms that somebody may act for, in one list, each a click away.

For the portal's own sign-ins only: a third party's token speaks for one firm and learns nothing of the others.
"""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from identity.capacity.schemas import CapacityOption
from identity.capacity.service import options_for
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.notices import unread_count
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import views
from policy_engine.delivery.claims.schemas import ClaimRow
from policy_engine.delivery.offers.schemas import OfferRow
from policy_engine.delivery.states import ClaimState
from portals.services import Services

MOST_FIRMS = 100
PORTAL = "rongtong"
#: States of a claim in which it is the firm's turn.
ITS_TURN = frozenset({ClaimState.SUPPLEMENT})


class FirmTodo(msgspec.Struct, frozen=True, kw_only=True):
    """One firm: ``capacity`` is what one click switches to; ``because`` says by what right (法定代表人, an agency)."""

    capacity: str
    name: str
    because: str
    is_current: bool
    offers: tuple[OfferRow, ...]
    claims: tuple[ClaimRow, ...]
    unread: int

    @property
    def waiting(self) -> int:
        return len(self.offers) + len(self.claims) + self.unread


def todo(services: Services, principal: Principal) -> list[FirmTodo]:
    """The firms with something to do first. Raises ``Forbidden`` for another client than the portal."""
    if principal.client_id != PORTAL:
        raise Forbidden(_("这份清单只在东楚融通里提供。"))
    house, now = services.house, services.house.clock.now()
    with house.database.read() as session:
        options = options_for(
            session, principal.subject_id, capacities=("enterprise",), vault=house.vault, now=now
        )
        usable = [one for one in options if one.scopes is None or PORTAL in one.scopes][:MOST_FIRMS]
        found = [_firm(session, services, principal, one) for one in usable]
    return sorted(found, key=lambda one: (-one.waiting, one.name))


def _firm(session: Session, services: Services, principal: Principal, option: CapacityOption) -> FirmTodo:
    there = msgspec.structs.replace(
        principal, acting_for=option.acting_for, acting_for_name=option.name, capacity="enterprise"
    )
    now = services.house.clock.now()
    claims = views.my_claims(session, services.ports, there, now=now)
    return FirmTodo(
        capacity=option.basis,
        name=option.name,
        because=_(option.note),
        is_current=option.acting_for == principal.acting_for,
        offers=tuple(views.inbox_offers(session, services.ports, there, now=now)),
        claims=tuple(one for one in claims if one.state in ITS_TURN),
        unread=unread_count(session, option.acting_for),
    )


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/todo`` and its API."""

    @get("/todo", sync_to_thread=True, include_in_schema=False)
    def todo_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(request, "rongtong/todo.html", firms=todo(services, principal))

    @get(
        "/api/v1/todo",
        guards=[require(scope=PORTAL, capacity="enterprise")],
        sync_to_thread=True,
        summary="What waits at all firms one acts for",
    )
    def list_todo(principal: NamedDependency[Principal]) -> list[FirmTodo]:
        return todo(services, principal)

    return [todo_page, list_todo]
