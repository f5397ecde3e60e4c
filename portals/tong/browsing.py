"""首页 and 办事: what waits, what is near, what moves, and everything residents can have."""

from datetime import datetime
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from identity.delegation import repository as delegations
from kernel.clock import SHANGHAI
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.notices import unread_count
from kernel.web.pages import Pages, reader_of
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.matching.explanation import NearMiss
from portals.routing import routes
from portals.services import Services
from portals.shared import ages
from portals.shared.together import Together, choice_on, together
from portals.tong.benefits import TongBenefits
from portals.tong.catalogue import ServiceView, search, service_of, services_for
from portals.tong.explaining import explain, near_misses
from portals.tong.life import life_event, life_events, services_of

Me = NamedDependency[Principal]
MOST_SEARCHED = 40


Given = NamedDependency[Services]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/``, ``/services``, ``/life`` and their API."""
    return routes(pages=PAGES, api=API, scope="tong", services=services, benefits=TongBenefits(services))


@get("/", sync_to_thread=True, include_in_schema=False)
def home(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: NamedDependency[TongBenefits],
) -> Response[str]:
    offers = benefits.offers(principal)
    context: dict[str, Any] = {
        "greeting": greeting(services.house.clock.now()),
        "relation": _relation(services, principal),
        "offers": [one for one in offers if one.state == "offered"],
        "claims": [one for one in benefits.claims(principal) if one.pending is not None],
    }
    if reader_of(request).is_senior:
        with services.house.database.read() as session:
            context["unread"] = unread_count(session, principal.acting_for)
        return pages.page(request, "tong/home_senior.html", **context)
    # A benefit that one child is offered may still lack one thing for the other.
    offered = {(one.policy.policy_id, one.for_name) for one in context["offers"]}
    near = [
        one
        for one in near_misses(services, principal)
        if (one.miss.explanation.policy_id, one.for_name) not in offered
    ]
    chooses = any(one.reason in ("excluded", "lower") for one in together(services, principal).without)
    return pages.page(
        request,
        "tong/home.html",
        **context,
        chooses=chooses,
        near=near[:4],
        events=life_events(),
        services=_listed(services)[:4],
    )


@get("/services", sync_to_thread=True, include_in_schema=False)
def services_page(
    request: WebRequest,
    principal: Me,  # noqa: ARG001  (signed in)
    pages: NamedDependency[Pages],
    services: Given,
    q: FromQuery[str] = "",
) -> Response[str]:
    asked = q.strip()[:MOST_SEARCHED]
    return pages.page(
        request,
        "tong/services.html",
        services=search(_listed(services), asked),
        q=asked,
        events=life_events(),
    )


@get("/services/{policy_id:str}", sync_to_thread=True, include_in_schema=False)
def service_page(
    request: WebRequest,
    policy_id: FromPath[str],
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
) -> Response[str]:
    with services.house.database.read() as session:
        policy = services.published.current(session).named(policy_id)
        data = ages.of_policy(session, services, policy_id, None, principal.acting_for)
    if policy is None or policy.document.audience == "firm":
        raise NotFound(_("没有找到这项政策，可能已经停止执行。"))
    found = together(services, principal)
    standings = explain(services, principal, policy_id)
    rivals = {one.key: choice_on(found, policy_id, one.key) for one in standings}
    return pages.page(
        request,
        "tong/service.html",
        service=service_of(policy),
        policy=policy,
        standings=standings,
        ages=data,
        rivals={key: choice for key, choice in rivals.items() if choice is not None},
    )


@get("/together", sync_to_thread=True, include_in_schema=False)
def together_page(
    request: WebRequest, principal: Me, pages: NamedDependency[Pages], services: Given
) -> Response[str]:
    return pages.page(request, "tong/together.html", found=together(services, principal))


@get("/life/{key:str}", sync_to_thread=True, include_in_schema=False)
def life_page(
    request: WebRequest, key: FromPath[str], principal: Me, pages: NamedDependency[Pages], services: Given
) -> Response[str]:
    event = life_event(key)
    if event is None:
        raise NotFound(_("没有找到您要的内容。"))
    concerned = services_of(event, _listed(services))
    stands = {one.policy_id: explain(services, principal, one.policy_id)[:1] for one in concerned}
    return pages.page(request, "tong/life.html", event=event, services=concerned, stands=stands)


@get("/services", sync_to_thread=True, summary="Everything residents can have")
def list_services(services: Given, q: FromQuery[str] = "") -> list[ServiceView]:
    return search(_listed(services), q.strip()[:MOST_SEARCHED])


@get("/near-misses", sync_to_thread=True, summary="What one thing keeps away")
def list_near_misses(principal: Me, services: Given) -> list[NearMiss]:
    return [one.miss for one in near_misses(services, principal)]


@get("/together", sync_to_thread=True, summary="The best that can be had together")
def get_together(principal: Me, services: Given) -> Together:
    return together(services, principal)


def _listed(services: Services) -> list[ServiceView]:
    with services.house.database.read() as session:
        return services_for(services.published.current(session), services.house.clock.today())


def greeting(now: datetime) -> str:
    """By the hour in Huangshi."""
    hour = now.astimezone(SHANGHAI).hour
    if hour < 5 or hour >= 18:
        return _("晚上好")
    if hour < 11:
        return _("早上好")
    return _("中午好") if hour < 13 else _("下午好")


def _relation(services: Services, principal: Principal) -> str:
    """What one calls the person one acts for (母亲); a child without a delegation is 孩子."""
    if principal.capacity != "person":
        return ""
    with services.house.database.read() as session:
        held = delegations.live_proxies_to(session, principal.subject_id, services.house.clock.now())
    return next((row.relation for row in held if row.principal_id == principal.acting_for), _("孩子"))


PAGES = [home, services_page, service_page, together_page, life_page]
API = [list_services, list_near_misses, get_together]
