"""The licence service on the web: ``/licenses``."""

from pathlib import Path

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from identity.service import token_resolver
from kernel.house import House
from kernel.web.bearer import ResolveToken
from kernel.web.options import web_options
from kernel.web.pages import Pages
from licenses import keys, routes, scan_routes, trust_routes
from licenses.issuance import routes as issuance_routes
from licenses.log import routes as log_routes
from licenses.presentation import routes as presentation_routes
from licenses.sharing import routes as sharing_routes

TEMPLATES = Path(__file__).parent / "templates"
LOCALE = Path(__file__).parent / "locale"


def create_app(house: House, pages: Pages, resolve: ResolveToken | None = None) -> Litestar:
    """Verification pages and API, what others trust us by, and what wallets speak. Its first start makes the keys."""
    bound = pages.for_portal("licenses")
    resolver = resolve or token_resolver(house)
    return Litestar(
        [
            *routes.HANDLERS,
            *scan_routes.HANDLERS,
            *sharing_routes.HANDLERS,
            *trust_routes.HANDLERS,
            *issuance_routes.HANDLERS,
            *presentation_routes.HANDLERS,
            *log_routes.HANDLERS,
        ],
        path="/licenses",
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "pages": Provide(lambda: bound, sync_to_thread=False),
            "resolve": Provide(lambda: resolver, sync_to_thread=False),
        },
        on_startup=[lambda: keys.prepare(house)],
        openapi_config=OpenAPIConfig(title="Dongchu licences", version="1", path="/schema"),
        **web_options(bound),
    )
