"""What a firm meets first: its own page, the policies for firms and how each stands for it, and what is known of it."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.matching.explanation import NearMiss
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.schemas import KnownAbout
from portals.financing.navigation import home_of
from portals.financing.overview import Waiting, overview
from portals.rongtong.standings import PolicyStanding, standings_of
from portals.routing import routes
from portals.services import Services
from portals.shared import explaining
from portals.shared.benefits import Benefits

Me = NamedDependency[Principal]


Given = NamedDependency[Services]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/policies``, ``/enterprise`` and their API: for whoever acts for a firm."""
    return routes(pages=PAGES, api=API, scope="rongtong", services=services)


def first_page(services: Services) -> list[ControllerRouterHandler]:
    """``/``: also of a bank's seat, which is led on."""
    return routes(pages=[home], services=services, benefits=Benefits(services))


@get("/", sync_to_thread=True, include_in_schema=False)
def home(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: NamedDependency[Benefits],
) -> Response[str] | Redirect:
    if principal.capacity == "seat":
        return Redirect(home_of(principal), status_code=303)
    offers = benefits.offers(principal)
    waiting: tuple[Waiting, ...] = ()
    if principal.capacity == "enterprise" and principal.has_scope("financing"):
        with services.house.database.read() as session:
            now = services.house.clock.now()
            waiting = overview(session, principal.acting_for, vault=services.house.vault, now=now).waiting
    return pages.page(
        request,
        "rongtong/home.html",
        waiting=waiting,
        offers=offers,
        total_fen=sum(one.amount_fen or 0 for one in offers),
        near=explaining.near_misses_of(services, principal),
        claims=benefits.claims(principal),
    )


@get("/policies", sync_to_thread=True, include_in_schema=False)
def policies_page(
    request: WebRequest, pages: NamedDependency[Pages], principal: Me, services: Given
) -> Response[str]:
    return pages.page(request, "rongtong/policies.html", policies=standings_of(services, principal))


@get("/policies/{policy_id:str}", sync_to_thread=True, include_in_schema=False)
def policy_page(
    request: WebRequest,
    policy_id: FromPath[str],
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
) -> Response[str]:
    with services.house.database.read() as session:
        policy = services.published.current(session).named(policy_id)
    if policy is None or policy.document.audience != "firm":
        raise NotFound(_("没有找到这项政策，可能已经停止执行。"))
    explanations = explaining.explanation_of(services, principal, policy)
    return pages.page(request, "rongtong/policy.html", policy=policy, explanations=explanations)


@get("/enterprise", sync_to_thread=True, include_in_schema=False)
def enterprise_page(
    request: WebRequest, principal: Me, pages: NamedDependency[Pages], services: Given
) -> Response[str]:
    by_source: dict[str, list[KnownAbout]] = {}
    for fact in _facts(services, principal):
        by_source.setdefault(fact.source_name, []).append(fact)
    return pages.page(request, "rongtong/enterprise.html", by_source=by_source, who=principal)


@get(
    "/policies",
    sync_to_thread=True,
    summary="Policies for firms, and how each stands for this one",
)
def list_policies(principal: Me, services: Given) -> list[PolicyStanding]:
    return standings_of(services, principal)


@get(
    "/near-misses",
    sync_to_thread=True,
    summary="What one thing keeps away",
)
def list_near_misses(principal: Me, services: Given) -> list[NearMiss]:
    return explaining.near_misses_of(services, principal)


@get(
    "/facts",
    sync_to_thread=True,
    summary="What the city knows of the firm",
)
def list_facts(principal: Me, services: Given) -> list[KnownAbout]:
    return _facts(services, principal)


def _facts(services: Services, principal: Principal) -> list[KnownAbout]:
    """Nothing for a firm that no department has said anything about yet."""
    with services.house.database.read() as session:
        try:
            return known_about(session, principal.acting_for)
        except NotFound:
            return []


PAGES = [policies_page, policy_page, enterprise_page]
API = [list_policies, list_near_misses, list_facts]
