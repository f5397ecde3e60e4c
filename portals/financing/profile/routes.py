"""The enterprise profile as a page and as JSON."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.profiles.schemas import KnownAbout
from portals.financing.access import for_a_firm
from portals.financing.profile.health import HealthCheck
from portals.financing.profile.service import EnterpriseProfile, Profiles

Me = NamedDependency[Principal]


def handlers(profiles: Profiles) -> list[ControllerRouterHandler]:
    """``/financing/profile`` and its API."""

    @get("/financing/profile", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def profile_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        profile = profiles.profile(principal)
        by_source: dict[str, list[KnownAbout]] = {}
        for fact in profile.facts:
            by_source.setdefault(fact.source_name, []).append(fact)
        return pages.page(request, "financing/profile.html", profile=profile, by_source=by_source)

    @get(
        "/api/v1/financing/profile",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The enterprise profile: facts with sources, certificates, tags, public records, health check",
    )
    def get_profile(principal: Me) -> EnterpriseProfile:
        return profiles.profile(principal)

    @get(
        "/api/v1/financing/health",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The policy health check: what the firm has, could have, and lacks by one step",
    )
    def get_health(principal: Me) -> HealthCheck:
        return profiles.health(principal)

    return [profile_page, get_profile, get_health]
