"""The licence service on the web: ``/licenses``."""

from pathlib import Path

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from kernel.house import House
from kernel.web.options import web_options
from kernel.web.pages import Pages
from licenses import routes, scan_routes
from licenses.log import routes as log_routes
from licenses.sharing import routes as sharing_routes

TEMPLATES = Path(__file__).parent / "templates"
LOCALE = Path(__file__).parent / "locale"


def create_app(house: House, pages: Pages) -> Litestar:
    """Verification pages and API, keys and status list."""
    bound = pages.for_portal("licenses")
    return Litestar(
        [*routes.HANDLERS, *scan_routes.HANDLERS, *sharing_routes.HANDLERS, *log_routes.HANDLERS],
        path="/licenses",
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "pages": Provide(lambda: bound, sync_to_thread=False),
        },
        openapi_config=OpenAPIConfig(title="Dongchu licences", version="1", path="/schema"),
        **web_options(bound),
    )
