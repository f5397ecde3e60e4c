"""Who may call a simulated system, and how it fails when told to."""

import hmac
import time
from collections.abc import Callable, Coroutine
from typing import Any

import anyio.to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers.base import BaseRouteHandler

from connectors.simulators.faults import use_fault
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]
BeforeRequest = Callable[[Request[Any, Any, State]], Coroutine[Any, Any, None]]


def require_token(system: str) -> Guard:
    """Only the holder of the system's token; the system itself must come as a known client."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        world: World = connection.app.state["world"]
        outside = world.settings.outside
        known = outside.systems.get(system) or outside.identity_providers[system]
        expected = f"Bearer {known.token}"
        given = connection.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused("token_wrong", "访问令牌不正确", status=401)

    return guard


def fail_on_purpose(system: str) -> BeforeRequest:
    """Down or slow, before anything is done."""

    def consult(world: World) -> None:
        if use_fault(world.store, system, "down"):
            raise Refused("down", "模拟故障：系统停机", status=503)
        slow = use_fault(world.store, system, "slow")
        if slow:
            time.sleep(slow.seconds)

    async def before_request(request: Request[Any, Any, State]) -> None:
        await anyio.to_thread.run_sync(consult, request.app.state["world"])

    return before_request
