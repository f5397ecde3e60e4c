"""The simulated banks' own door: news from the city, believed only with its signature, and how each bank behaves."""

import time
from typing import Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from connectors.lenders.messages import BankNews
from connectors.lenders.rfc9421_signatures import OF_NEWS, SignatureRefused, Spoken, check_request
from connectors.simulators.lenders.behaviour import Behaviour
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from kernel.web.requests import WebRequest

#: Longer than the city waits for an answer.
SLOW_SECONDS: Final = 6.0


@post("/{code:str}/events", status_code=204, sync_to_thread=True, summary="News from the city")
def take_news(request: WebRequest, code: FromPath[str], body: RawBody, world: NamedDependency[World]) -> None:
    lenders = world.lenders
    if code not in lenders.codes():
        raise Refused("bank_unknown", "没有这家银行", status=404)
    url = f"{world.settings.city_url}/simulators/lenders/{code}/events"
    asked = Spoken("POST", url, dict(request.headers.items()), body)
    try:
        check_request(asked, lenders.api(code).city_key, now=world.clock.now(), needed=OF_NEWS)
        msgspec.json.decode(body, type=BankNews)
    except (SignatureRefused, msgspec.MsgspecError) as error:
        raise Refused("signature_wrong", "签名不正确", status=401) from error
    if lenders.behaviour(code).mode == "slow":
        time.sleep(SLOW_SECONDS)
    lenders.wake()


@get("/{code:str}/behaviour", sync_to_thread=True, summary="How a bank behaves")
def read_behaviour(code: FromPath[str], world: NamedDependency[World]) -> Behaviour:
    return world.lenders.behaviour(code)


@post("/{code:str}/behaviour", status_code=200, sync_to_thread=True, summary="Change how a bank behaves")
def change_behaviour(
    code: FromPath[str], data: JSONBody[Behaviour], world: NamedDependency[World]
) -> Behaviour:
    if code not in world.lenders.codes():
        raise Refused("bank_unknown", "没有这家银行", status=404)
    world.lenders.behave(code, data)
    return data


lender_router = Router(
    "/lenders", route_handlers=[take_news, read_behaviour, change_behaviour], tags=["lenders"]
)
