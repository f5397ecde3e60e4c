"""A portal beside the identity service on one port, as `dongchu run` has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, get, post
from litestar.di import NamedDependency

from identity import service
from kernel.house import House
from kernel.web import bearer
from kernel.web.oidc_client import RelyingParty
from kernel.web.principal import Principal
from kernel.web.problems import exception_handlers
from kernel.web.security_headers import add_security_headers
from tests.identity.conftest import City, close_city, open_city, pages_of_identity


@get("/me", sync_to_thread=True)
def me(principal: NamedDependency[Principal]) -> dict[str, Any]:
    return {"name": principal.name, "capacity": principal.capacity, "for": principal.acting_for_name}


@post("/change", sync_to_thread=True)
def change(principal: NamedDependency[Principal]) -> dict[str, Any]:
    return {"changed_by": principal.name}


@get("/decide", sync_to_thread=True, guards=[bearer.require(duty="claim.decide", scope="zhengtong")])
def decide(principal: NamedDependency[Principal]) -> dict[str, Any]:
    return {"seat": principal.seat.title if principal.seat else ""}


def portal_app(house: House, portal: str) -> Litestar:
    """The smallest portal: three handlers behind the relying party's door."""
    party = RelyingParty(house, portal=portal, scopes=(portal,), resolve=service.token_resolver(house))
    pages = pages_of_identity().for_portal(portal, party.context_of)
    app = Litestar(
        path=f"/{portal}",
        route_handlers=[*party.handlers, me, change, decide],
        dependencies=bearer.DEPENDENCIES,
        guards=[party.csrf_guard],
        exception_handlers=exception_handlers(pages, sign_in=party.sign_in),
        before_send=[add_security_headers],
        on_shutdown=[party.close],
        openapi_config=None,
    )
    app.state.doorkeeper = party.doorkeeper
    return app


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Identity with the portals Tong and Zhengtong."""
    opened, running = open_city(
        tmp_path,
        f"sqlite:///{tmp_path / 'dongchu.db'}",
        {"tong": portal_app, "zhengtong": portal_app},
    )
    yield opened
    close_city(opened, running)
