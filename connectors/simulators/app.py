"""The web app of the simulated outside world: ``/simulators``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from connectors.events.departments import DEPARTMENTS
from connectors.settings import SYSTEMS
from connectors.simulators.admin_routes import admin_router
from connectors.simulators.department_routes import action_router, feed_router
from connectors.simulators.exchange_routes import exchange_router
from connectors.simulators.face_checks import face_router
from connectors.simulators.identity_providers import Provider, provider_router
from connectors.simulators.lenders.routes import lender_router
from connectors.simulators.means_routes import means_router
from connectors.simulators.message_routes import message_routers
from connectors.simulators.money_routes import money_routers
from connectors.simulators.page_routes import page_routes
from connectors.simulators.refusals import Refused, answer_refused
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import Clock
from kernel.web.options import web_options
from kernel.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"


def create_app(
    settings: SimulatorSettings, clock: Clock, *, pages: Pages | None = None, world: World | None = None
) -> Litestar:
    """``clock`` is the house's, so that a demonstration moved to next month finds the world there too.

    ``pages`` needs the template folder ``connectors`` (``TEMPLATES``); without it plain ones are made.
    """
    lives = world or World(settings, clock)
    pages = (pages or Pages({"connectors": TEMPLATES}, is_demonstration=True)).for_portal("kernel")
    providers = settings.outside.identity_providers.items()
    reporting = [system for system in SYSTEMS if system in DEPARTMENTS]

    @asynccontextmanager
    async def living(_app: Litestar) -> AsyncIterator[None]:
        lives.start()
        try:
            yield
        finally:
            lives.stop()

    options = web_options(pages)
    options["exception_handlers"] = {**options["exception_handlers"], Refused: answer_refused}
    return Litestar(
        route_handlers=[
            admin_router,
            *page_routes(),
            *money_routers(),
            *message_routers(settings.outside.systems["wechat"], settings.outside.wechat_account),
            exchange_router,
            lender_router,
            means_router,
            face_router(settings.outside.systems["public_security"]),
            *(provider_router(Provider(name, system, clock)) for name, system in providers),
            *(feed_router(system) for system in reporting),
            *(action_router(system) for system in reporting if system != "treasury"),
        ],
        path="/simulators",
        state=State({"world": lives}),
        dependencies={
            "world": Provide(lambda: lives, sync_to_thread=False),
            "pages": Provide(lambda: pages, sync_to_thread=False),
        },
        lifespan=[living],
        openapi_config=OpenAPIConfig(title="Simulated outside systems", version="1", path="/schema"),
        **options,
    )
