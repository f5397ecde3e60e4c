"""东楚融通: what an enterprise meets at its desk."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from identity.delegation.enterprises import authorities_over
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.matching.explanation import NearMiss
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.schemas import KnownAbout
from portals.financing import rongtong as financing
from portals.financing.navigation import home_of, nav_of
from portals.financing.overview import Waiting, overview
from portals.portal import create_portal
from portals.rongtong import apps, member_routes, todo
from portals.rongtong.access import for_enterprises
from portals.rongtong.standings import PolicyStanding, standings_of
from portals.services import Services
from portals.shared import benefits, claims, explaining, knowledge, messages, ratings, recoveries, wallet

PORTAL = "rongtong"


def create_app(services: Services, pages: Pages) -> Litestar:
    """Pages at ``/rongtong``, API at ``/rongtong/api/v1``."""
    house = services.house
    ours = benefits.Benefits(services)

    @get("/", sync_to_thread=True, include_in_schema=False)
    def home(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        if principal.capacity == "seat":
            return Redirect(home_of(principal), status_code=303)
        offers = ours.offers(principal)
        waiting: tuple[Waiting, ...] = ()
        if principal.capacity == "enterprise" and principal.has_scope("financing"):
            with house.database.read() as session:
                now = house.clock.now()
                waiting = overview(session, principal.acting_for, vault=house.vault, now=now).waiting
        return pages.page(
            request,
            "rongtong/home.html",
            waiting=waiting,
            offers=offers,
            total_fen=sum(one.amount_fen or 0 for one in offers),
            near=explaining.near_misses_of(services, principal),
            claims=ours.claims(principal),
        )

    @get("/policies", sync_to_thread=True, include_in_schema=False)
    def policies_page(
        request: WebRequest, pages: NamedDependency[Pages], principal: NamedDependency[Principal]
    ) -> Response[str]:
        return pages.page(request, "rongtong/policies.html", policies=standings_of(services, principal))

    @get("/policies/{policy_id:str}", sync_to_thread=True, include_in_schema=False)
    def policy_page(
        request: WebRequest,
        policy_id: FromPath[str],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        with house.database.read() as session:
            policy = services.published.current(session).named(policy_id)
        if policy is None or policy.document.audience != "firm":
            raise NotFound(_("没有找到这项政策，可能已经停止执行。"))
        explanations = explaining.explanation_of(services, principal, policy)
        return pages.page(request, "rongtong/policy.html", policy=policy, explanations=explanations)

    @get("/enterprise", sync_to_thread=True, include_in_schema=False)
    def enterprise_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        by_source: dict[str, list[KnownAbout]] = {}
        for fact in _facts(services, principal):
            by_source.setdefault(fact.source_name, []).append(fact)
        return pages.page(request, "rongtong/enterprise.html", by_source=by_source, who=principal)

    @get(
        "/api/v1/policies",
        guards=[require(scope=PORTAL)],
        sync_to_thread=True,
        summary="Policies for firms, and how each stands for this one",
    )
    def list_policies(principal: NamedDependency[Principal]) -> list[PolicyStanding]:
        return standings_of(services, principal)

    @get(
        "/api/v1/near-misses",
        guards=[require(scope=PORTAL)],
        sync_to_thread=True,
        summary="What one thing keeps away",
    )
    def list_near_misses(principal: NamedDependency[Principal]) -> list[NearMiss]:
        return explaining.near_misses_of(services, principal)

    @get(
        "/api/v1/facts",
        guards=[require(scope=PORTAL)],
        sync_to_thread=True,
        summary="What the city knows of the firm",
    )
    def list_facts(principal: NamedDependency[Principal]) -> list[KnownAbout]:
        return _facts(services, principal)

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
                    policies_page,
                    policy_page,
                    enterprise_page,
                    list_policies,
                    list_near_misses,
                    list_facts,
                    *benefits.handlers(services, PORTAL),
                    *claims.page_handlers(services, PORTAL),
                    *claims.api_handlers(services, PORTAL),
                    *knowledge.handlers(services, PORTAL),
                    *recoveries.handlers(services, PORTAL),
                    *ratings.handlers(services, PORTAL),
                    *wallet.handlers(house, PORTAL),
                    *member_routes.handlers(services),
                    *todo.handlers(services),
                    *apps.handlers(services),
                ],
                guards=[for_enterprises],
            ),
            home,
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


def _facts(services: Services, principal: Principal) -> list[KnownAbout]:
    """Nothing for a firm that no department has said anything about yet."""
    with services.house.database.read() as session:
        try:
            return known_about(session, principal.acting_for)
        except NotFound:
            return []
