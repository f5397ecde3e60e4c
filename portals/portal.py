"""What the three portals have in common as web applications: one way to sign in, one face, one API description."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from kernel.house import House
from kernel.notices import unread_count
from kernel.web.bearer import DEPENDENCIES, ResolveToken
from kernel.web.live import live_routes
from kernel.web.oidc_client import RelyingParty
from kernel.web.options import web_options
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest

#: What a portal's own pages need besides what every page has.
PortalContext = Callable[[WebRequest, Principal | None], Mapping[str, Any]]
#: What a portal asks of the identity service for its visitors.
SCOPES = {
    "tong": ("tong", "licences"),
    "rongtong": ("rongtong", "licences", "financing", "members"),
    "zhengtong": ("zhengtong",),
}
LARGEST_BODY = 2 * 1024 * 1024


def create_portal(
    house: House,
    pages: Pages,
    resolve: ResolveToken,
    *,
    portal: str,
    title: str,
    handlers: Sequence[ControllerRouterHandler],
    dependencies: Mapping[str, object],
    context_of: PortalContext,
) -> Litestar:
    """An app at ``/<portal>``: pages behind the portal's cookie, ``/api/v1`` behind bearer tokens with its scope.

    Handlers may name ``house``, ``pages``, ``principal``, ``visitor`` and whatever ``dependencies`` offers.
    """
    door = RelyingParty(house, portal=portal, scopes=SCOPES[portal], resolve=resolve)

    def visit(request: WebRequest) -> Mapping[str, Any]:
        shared = door.context_of(request)
        principal = shared["principal"]
        unread = 0
        if principal is not None:
            with house.database.read() as session:
                unread = unread_count(session, principal.acting_for)
        live = f"/{portal}/live" if principal is not None else ""
        return {**shared, "unread_count": unread, "live_url": live, **context_of(request, principal)}

    bound = pages.for_portal(portal, context_of=visit)
    offered = {"house": house, "pages": bound, **dependencies}
    return Litestar(
        [*door.handlers, live_routes(house, portal), *handlers],
        path=f"/{portal}",
        state=State({"doorkeeper": door.doorkeeper}),
        guards=[door.csrf_guard],
        dependencies={
            **DEPENDENCIES,
            **{name: Provide(_always(value), sync_to_thread=False) for name, value in offered.items()},
        },
        openapi_config=OpenAPIConfig(
            title=title,
            version="1",
            path="/schema",
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT (RFC 9068)")
                }
            ),
            security=[{"bearer": []}],
        ),
        on_shutdown=[door.close],
        request_max_body_size=LARGEST_BODY,
        **web_options(bound, door.sign_in),
    )


def _always(value: object) -> Callable[[], object]:
    return lambda: value
