"""东楚通: what a resident meets on the phone."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar
from sqlalchemy.orm import Session

from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.claims.standing import subjects_of
from portals.portal import create_portal
from portals.services import Services
from portals.shared import claims, knowledge_routes, messages, offers, ratings, recoveries, wallet
from portals.tong import (
    answering,
    applying,
    browsing,
    enterprises,
    kin,
    me,
    means,
    notices,
    scanning,
    supposing,
)

PORTAL = "tong"


def create_app(services: Services, pages: Pages) -> Litestar:
    """Pages at ``/tong``, API at ``/tong/api/v1``."""
    house = services.house

    def holders(session: Session, principal: Principal) -> frozenset[int]:
        return subjects_of(session, services.ports, principal, house.clock.now())

    return create_portal(
        house,
        pages,
        services.resolve,
        portal=PORTAL,
        title="东楚通 Dongchu Tong",
        handlers=[
            *browsing.handlers(services),
            *answering.handlers(services),
            *applying.handlers(services),
            *supposing.handlers(services),
            *kin.handlers(services),
            *enterprises.handlers(services),
            *me.handlers(services),
            *means.handlers(services),
            *notices.handlers(house),
            *scanning.handlers(house),
            *knowledge_routes.handlers(services, PORTAL),
            *offers.api_handlers(services, PORTAL),
            *claims.page_handlers(services, PORTAL),
            *claims.api_handlers(services, PORTAL),
            *recoveries.handlers(services, PORTAL),
            *ratings.handlers(services, PORTAL),
            *messages.handlers(house, PORTAL),
            *wallet.handlers(house, PORTAL, holders),
        ],
        dependencies={},
        context_of=_context,
    )


def _context(_request: WebRequest, _principal: Principal | None) -> Mapping[str, Any]:
    return {"layout": "kernel/phone.html", "portal_path": "/tong"}
