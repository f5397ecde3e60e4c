"""The simulated treasury and bank over HTTP, as the system's clients know them."""

import re
import time

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from connectors.banks.messages import AccountAnswer, AccountQuestion, Payout, Statement
from connectors.simulators.faults import use_fault
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from connectors.treasury.messages import OrderBatch, OrderQuestions, OrderState, OrderStates, PaymentOrder

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@post("/orders", status_code=200, sync_to_thread=True, summary="Submit a payment order")
def submit_order(data: JSONBody[PaymentOrder], world: NamedDependency[World]) -> OrderState:
    """The same instruction id is the same order; its content must not differ."""
    before = use_fault(world.store, "treasury", "timeout_before_accepting")
    if before:
        time.sleep(before.seconds)
        raise Refused("too_late", "模拟故障：未受理即超时", status=503)
    state = world.treasury.submit(data)
    after = use_fault(world.store, "treasury", "timeout_after_accepting")
    if after:
        time.sleep(after.seconds)
    return state


@post("/orders/batch", status_code=200, sync_to_thread=True, summary="Submit many payment orders")
def submit_orders(data: JSONBody[OrderBatch], world: NamedDependency[World]) -> OrderStates:
    """Each as if it came alone, with its own answer; faults of the treasury hit the message as a whole."""
    before = use_fault(world.store, "treasury", "timeout_before_accepting")
    if before:
        time.sleep(before.seconds)
        raise Refused("too_late", "模拟故障：未受理即超时", status=503)
    states = world.treasury.submit_many(data.orders)
    after = use_fault(world.store, "treasury", "timeout_after_accepting")
    if after:
        time.sleep(after.seconds)
    return OrderStates(tuple(states))


@post("/orders/query", status_code=200, sync_to_thread=True, summary="How many orders stand")
def query_orders(data: JSONBody[OrderQuestions], world: NamedDependency[World]) -> OrderStates:
    """Those that were never seen are left out."""
    return OrderStates(tuple(world.treasury.query_many(data.instruction_ids)))


@get("/orders/{instruction_id:str}", sync_to_thread=True, summary="How an order stands")
def query_order(instruction_id: FromPath[str], world: NamedDependency[World]) -> OrderState:
    return world.treasury.query(instruction_id)


@post("/accounts/check", status_code=200, sync_to_thread=True, summary="Whose account is it?")
def check_account(data: JSONBody[AccountQuestion], world: NamedDependency[World]) -> AccountAnswer:
    return world.bank.check(data)


@get("/payouts/{instruction_id:str}", sync_to_thread=True, summary="What became of a payout")
def query_payout(instruction_id: FromPath[str], world: NamedDependency[World]) -> Payout:
    payout = world.bank.payout(instruction_id)
    if payout is None:
        raise Refused("payout_unknown", "银行没有这笔代发", status=404)
    return payout


@get("/statements/{day:str}", sync_to_thread=True, summary="Every booking of a day")
def day_statement(day: FromPath[str], world: NamedDependency[World]) -> Statement:
    if not _DAY.fullmatch(day):
        raise Refused("day_unknown", "日期应写作 2026-11-23", status=400)
    return world.bank.statement(day)


def money_routers() -> list[Router]:
    handlers = {
        "treasury": [submit_order, submit_orders, query_orders, query_order],
        "banks": [check_account, query_payout, day_statement],
    }
    return [
        Router(
            f"/{system}",
            route_handlers=list(routes),
            guards=[require_token(system)],
            before_request=fail_on_purpose(system),
            tags=[system],
        )
        for system, routes in handlers.items()
    ]
