"""东楚通: what a resident meets on the phone."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from kernel.errors import NotFound
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.matching.explanation import NearMiss
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.schemas import KnownAbout
from portals.portal import create_portal
from portals.services import Services
from portals.shared import benefits, explaining, messages, wallet
from portals.tong.catalogue import ServiceView, search, service_of, services_for

PORTAL = "tong"


def create_app(services: Services, pages: Pages) -> Litestar:
    """Pages at ``/tong``, API at ``/tong/api/v1``."""
    house = services.house
    mine = benefits.Benefits(services)

    @get("/", sync_to_thread=True, include_in_schema=False)
    def home(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request,
            "tong/home.html",
            offers=mine.offers(principal),
            near=explaining.near_misses_of(services, principal),
            claims=[row for row in mine.claims(principal) if row.pending is not None][:5],
        )

    @get("/services", sync_to_thread=True, include_in_schema=False)
    def services_page(
        request: WebRequest,
        pages: NamedDependency[Pages],
        principal: NamedDependency[Principal],
        q: FromQuery[str] = "",
    ) -> Response[str]:
        found = search(_listed(services), q[:40])
        return pages.page(request, "tong/services.html", services=found, q=q[:40], who=principal)

    @get("/services/{policy_id:str}", sync_to_thread=True, include_in_schema=False)
    def service_page(
        request: WebRequest,
        policy_id: FromPath[str],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        with house.database.read() as session:
            policy = services.published.current(session).named(policy_id)
        if policy is None or policy.document.audience == "firm":
            raise NotFound("没有找到这项服务。")
        explanations = explaining.explanation_of(services, principal, policy)
        return pages.page(
            request, "tong/service.html", service=service_of(policy), policy=policy, explanations=explanations
        )

    @get("/me", sync_to_thread=True, include_in_schema=False)
    def me_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(request, "tong/me.html", facts=_facts(services, principal), who=principal)

    @get(
        "/api/v1/near-misses",
        guards=[require(scope=PORTAL)],
        sync_to_thread=True,
        summary="What one thing keeps away",
    )
    def list_near_misses(principal: NamedDependency[Principal]) -> list[NearMiss]:
        return explaining.near_misses_of(services, principal)

    @get(
        "/api/v1/services",
        sync_to_thread=True,
        summary="Everything residents can have",
        guards=[require(scope=PORTAL)],
    )
    def list_services(q: FromQuery[str] = "") -> list[ServiceView]:
        return search(_listed(services), q[:40])

    @get(
        "/api/v1/facts",
        guards=[require(scope=PORTAL)],
        sync_to_thread=True,
        summary="What the city knows about one",
    )
    def list_facts(principal: NamedDependency[Principal]) -> list[KnownAbout]:
        return _facts(services, principal)

    return create_portal(
        house,
        pages,
        services.resolve,
        portal=PORTAL,
        title="东楚通 Dongchu Tong",
        handlers=[
            home,
            services_page,
            service_page,
            me_page,
            list_near_misses,
            list_services,
            list_facts,
            *benefits.handlers(services, PORTAL),
            *messages.handlers(house, PORTAL),
            *wallet.handlers(house, PORTAL),
        ],
        dependencies={},
        context_of=_context,
    )


def _context(_request: WebRequest, _principal: Principal | None) -> Mapping[str, Any]:
    return {"layout": "kernel/phone.html", "portal_path": "/tong"}


def _listed(services: Services) -> list[ServiceView]:
    with services.house.database.read() as session:
        return services_for(services.published.current(session), services.house.clock.today())


def _facts(services: Services, principal: Principal) -> list[KnownAbout]:
    with services.house.database.read() as session:
        return known_about(session, principal.acting_for)
