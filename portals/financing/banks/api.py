"""The banks' API under ``/api/v1/bank``: the same acts for an officer's token and for a bank's own system.

An officer comes with a bearer token of Rongtong on a seat of the bank. A system comes with a bound token of its own and a
signature on every request (``signing``), names the officer in ``Bank-Officer``, gives each change an ``Idempotency-Key``,
and gets every answer signed.
"""

from typing import Any

import anyio.to_thread
from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.types import ControllerRouterHandler

from identity.oauth.provider import open_provider
from identity.oauth.service_tokens import ServiceTokens
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.bearer import principal_of
from kernel.web.requests import WebRequest
from portals.financing.banks import application_api, loan_api
from portals.financing.banks.actors import BankActor, officer_of
from portals.financing.banks.calls import Call
from portals.financing.banks.signing import CityKeys, SignedAnswers, SystemDoor
from portals.services import Services


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/api/v1/bank``."""
    house = services.house
    door = SystemDoor(house, ServiceTokens(open_provider(house)))
    keys = CityKeys(house.vault)

    async def actor(request: WebRequest) -> BankActor:
        if "signature-input" in request.headers:
            return await anyio.to_thread.run_sync(door.actor_of, request, await request.body())
        principal = await principal_of(request)
        if not principal.has_scope("rongtong"):
            raise Forbidden(_("这次登录没有授权办理此事，请重新登录后再试。"))
        return officer_of(principal)

    async def call(request: WebRequest, actor: NamedDependency[BankActor]) -> Call:
        return Call(house, request, actor, await request.body())

    @get("/keys", sync_to_thread=False, summary="The keys by which the city signs (JWKS)", security=[])
    def list_keys() -> dict[str, Any]:
        return keys.public_set(house.clock.now())

    return [
        Router(
            "/api/v1/bank",
            route_handlers=[list_keys, *application_api.HANDLERS, *loan_api.HANDLERS],
            dependencies={"actor": Provide(actor), "call": Provide(call)},
            middleware=[SignedAnswers(house, keys)],
            tags=["bank"],
        )
    ]
