"""The web app of the connectors: the door through which departments push their events."""

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from connectors.events.routes import arrivals_of, receive_event
from connectors.settings import ConnectorSettings
from kernel.house import House
from kernel.web.options import web_options
from kernel.web.pages import Pages


def create_app(
    house: House, *, pages: Pages | None = None, outside: ConnectorSettings | None = None
) -> Litestar:
    """``/connectors``; without ``outside`` the keys that the embedded house shares with its simulators."""
    settings = outside or ConnectorSettings.embedded(house.settings.base_url, house.settings.home)
    arrivals = arrivals_of(house)
    return Litestar(
        route_handlers=[receive_event],
        path="/connectors",
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "outside": Provide(lambda: settings, sync_to_thread=False),
            "arrivals": Provide(lambda: arrivals, sync_to_thread=False),
        },
        openapi_config=OpenAPIConfig(title="Dongchu connectors", version="1", path="/schema"),
        **web_options(pages or Pages()),
    )
