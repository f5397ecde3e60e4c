"""A firm's demands: pages and API from the same functions."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing.access import for_a_firm
from portals.financing.demands import views
from portals.financing.demands.views import DemandRow
from portals.services import Services

Me = NamedDependency[Principal]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/financing`` and its API."""
    house = services.house

    @get("/financing", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def home_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        with house.database.read() as session:
            demands = views.demands_of(session, principal.acting_for)
        return pages.page(request, "financing/home.html", demands=demands)

    @get(
        "/api/v1/financing/demands",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The firm's demands for financing, the newest first",
    )
    def list_demands(principal: Me) -> list[DemandRow]:
        with house.database.read() as session:
            return views.demands_of(session, principal.acting_for)

    return [home_page, list_demands]
