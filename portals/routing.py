"""A feature's routes in a portal: functions of a module, what they are given by name, and the door before its API.

A module of routes says ``PAGES`` and ``API``; its ``handlers`` makes what they work with once and hands it over here. So a
route reads as what it answers, and nothing is nested.
"""

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler, Guard

from kernel.web.bearer import require


def routes(
    *,
    pages: Sequence[ControllerRouterHandler] = (),
    api: Sequence[ControllerRouterHandler] = (),
    scope: str | None = None,
    guards: Sequence[Guard] = (),
    **given: object,
) -> list[ControllerRouterHandler]:
    """Pages where they say, the API under ``/api/v1``; ``guards`` before both, ``scope`` what a token needs for the API.

    Every route may name what is ``given``: a value, or a ``Provide`` for one made anew at each call.
    """
    dependencies = {name: _provided(value) for name, value in given.items()}
    doors = [*([require(scope=scope)] if scope is not None else []), *guards]
    found: list[ControllerRouterHandler] = []
    if pages:
        found.append(Router(path="/", route_handlers=pages, dependencies=dependencies, guards=guards))
    if api:
        found.append(Router(path="/api/v1", route_handlers=api, dependencies=dependencies, guards=doors))
    return found


def _provided(value: object) -> Provide:
    return value if isinstance(value, Provide) else Provide(lambda: value, sync_to_thread=False)
