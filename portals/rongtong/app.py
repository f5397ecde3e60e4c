"""东楚融通: what an enterprise meets at its desk."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Router

from identity.delegation.enterprises import authorities_over
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from portals.financing import rongtong as financing
from portals.financing.navigation import nav_of
from portals.portal import create_portal
from portals.rongtong import apps, firm, member_routes, todo
from portals.rongtong.access import for_enterprises
from portals.services import Services
from portals.shared import (
    claims,
    knowledge_routes,
    messages,
    offers,
    ratings,
    recoveries,
    wallet,
)

PORTAL = "rongtong"


def create_app(services: Services, pages: Pages) -> Litestar:
    """Pages at ``/rongtong``, API at ``/rongtong/api/v1``."""
    house = services.house
    return create_portal(
        house,
        pages,
        services.resolve,
        portal=PORTAL,
        title="东楚融通 Dongchu Rongtong",
        handlers=[
            Router(
                "/",
                route_handlers=[
                    *firm.handlers(services),
                    *offers.page_handlers(services, PORTAL),
                    *offers.api_handlers(services, PORTAL),
                    *claims.page_handlers(services, PORTAL),
                    *claims.api_handlers(services, PORTAL),
                    *knowledge_routes.handlers(services, PORTAL),
                    *recoveries.handlers(services, PORTAL),
                    *ratings.handlers(services, PORTAL),
                    *wallet.handlers(house, PORTAL),
                    *member_routes.handlers(services),
                    *todo.handlers(services),
                    *apps.handlers(services),
                ],
                guards=[for_enterprises],
            ),
            *firm.first_page(services),
            *messages.handlers(house, PORTAL),
            *financing.handlers(services),
        ],
        dependencies={},
        context_of=lambda _request, principal: _context(services, principal),
    )


def _context(services: Services, principal: Principal | None) -> Mapping[str, Any]:
    if principal is not None and principal.capacity == "seat":
        return {"layout": "kernel/desk.html", "portal_path": "/rongtong", "nav": nav_of(principal)}
    nav = [
        ("home", _("首页"), "/rongtong", "home"),
        ("services", _("办理"), "/rongtong/claims", "clock"),
        ("policies", _("政策"), "/rongtong/policies", "policy"),
        *(
            [("financing", _("融资"), "/rongtong/financing", "bank")]
            if principal is not None
            and principal.capacity == "enterprise"
            and principal.has_scope("financing")
            else []
        ),
        ("wallet", _("证照"), "/rongtong/wallet", "wallet"),
        ("inbox", _("消息"), "/rongtong/inbox", "inbox"),
        ("enterprise", _("我的企业"), "/rongtong/enterprise", "firm"),
        *(
            [("members", _("成员与授权"), "/rongtong/members", "person")]
            if _governs(services, principal)
            else []
        ),
        ("todo", _("全部企业待办"), "/rongtong/todo", "task"),
    ]
    return {"layout": "kernel/desk.html", "portal_path": "/rongtong", "nav": nav}


def _governs(services: Services, principal: Principal | None) -> bool:
    """Whether the firm's order is theirs to see: agents are not shown a door that stays shut."""
    if principal is None or principal.capacity != "enterprise" or not principal.has_scope("members"):
        return False
    now = services.house.clock.now()
    with services.house.database.read() as session:
        held = authorities_over(session, principal.acting_for, principal.subject_id, now)
    return any(one.standing != "agent" for one in held)
