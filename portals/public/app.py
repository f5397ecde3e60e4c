"""The city in public under ``/public``: pages, and the same as JSON and CSV under ``/public/api/v1``."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from kernel.errors import Unavailable
from kernel.web.options import web_options
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from policy_engine.delivery.register.service import PublicRegister
from portals.public import notices, register
from portals.services import Services

LARGEST_BODY = 64 * 1024


def create_app(services: Services, pages: Pages) -> Litestar:
    """Nobody signs in here, so nothing here is anybody's own."""
    house = services.house
    bound = pages.for_portal("kernel", context_of=_context)
    kept = PublicRegister(house.database)

    @get("/", sync_to_thread=True, include_in_schema=False)
    def home(request: WebRequest) -> Response[str]:
        try:
            log = kept.current().log
        except Unavailable:  # a house just begun: its other pages are there all the same
            log = None
        return bound.page(request, "public/home.html", log=log)

    return Litestar(
        [home, *notices.handlers(services), *register.handlers(services, kept)],
        path="/public",
        dependencies={"pages": Provide(lambda: bound, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(title="黄石公开 Huangshi in public", version="1", path="/schema"),
        request_max_body_size=LARGEST_BODY,
        **web_options(bound),
    )


def _context(_request: WebRequest) -> Mapping[str, Any]:
    return {"csrf_token": "", "principal": None, "brand_href": "/"}
