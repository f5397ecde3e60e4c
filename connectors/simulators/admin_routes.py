"""The demonstrator's own API: who lives there, faults, accounts, and what was pushed and sent."""

from typing import Any

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from connectors.settings import IDENTITY_PROVIDERS, SYSTEMS
from connectors.simulators.desk import shanghai_day
from connectors.simulators.faults import Fault, current_fault, set_fault
from connectors.simulators.population import SimulatedFirm, SimulatedPerson, load
from connectors.simulators.world import World
from connectors.treasury.messages import OrderState
from connectors.wire import write_yuan
from kernel.errors import NotFound


class Population(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    people: tuple[SimulatedPerson, ...] = ()
    firms: tuple[SimulatedFirm, ...] = ()


class AccountView(msgspec.Struct, frozen=True):
    """What an account has really received, booking by booking, newest first."""

    number: str
    bank: str
    holder_name: str
    is_closed: bool
    balance: str
    bookings: tuple[dict[str, Any], ...]


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    is_closed: bool


@post("/population", status_code=201, sync_to_thread=True, summary="Add people and firms")
def add_population(data: JSONBody[Population], world: NamedDependency[World]) -> dict[str, int]:
    load(world.store, data.people, data.firms)
    return {"people": len(data.people), "firms": len(data.firms)}


@get("/people", sync_to_thread=True, summary="Find people by name or id number")
def find_people(world: NamedDependency[World], q: FromQuery[str] = "") -> list[dict[str, Any]]:
    return search(world, "person", "id_number", q)


@get("/firms", sync_to_thread=True, summary="Find firms by name or credit code")
def find_firms(world: NamedDependency[World], q: FromQuery[str] = "") -> list[dict[str, Any]]:
    return search(world, "firm", "uscc", q)


@get("/faults/{system:str}", sync_to_thread=True, summary="Which fault is switched on")
def get_fault(system: FromPath[str], world: NamedDependency[World]) -> Fault:
    return current_fault(world.store, known_system(system))


@put("/faults/{system:str}", sync_to_thread=True, summary="Switch a fault on or off")
def put_fault(system: FromPath[str], data: JSONBody[Fault], world: NamedDependency[World]) -> Fault:
    set_fault(world.store, known_system(system), data)
    return data


@get("/accounts/{number:str}", sync_to_thread=True, summary="An account and what it received")
def get_account(number: FromPath[str], world: NamedDependency[World]) -> AccountView:
    return account_view(world, number)


@put("/accounts/{number:str}", sync_to_thread=True, summary="Close or reopen an account")
def put_account(
    number: FromPath[str], data: JSONBody[AccountChange], world: NamedDependency[World]
) -> AccountView:
    world.store.run("UPDATE account SET is_closed = ? WHERE number = ?", int(data.is_closed), number)
    return account_view(world, number)


@get("/orders", sync_to_thread=True, summary="The latest payment orders")
def list_orders(world: NamedDependency[World]) -> list[OrderState]:
    return world.treasury.latest()


@get("/pushes", sync_to_thread=True, summary="The latest events and whether they were received")
def list_pushes(world: NamedDependency[World]) -> list[dict[str, Any]]:
    return pushes(world)


@get("/messages", sync_to_thread=True, summary="The latest short messages")
def list_messages(world: NamedDependency[World]) -> list[dict[str, Any]]:
    rows = world.store.rows("SELECT * FROM short_message ORDER BY sent_at DESC LIMIT 100")
    return [dict(row) for row in rows]


@get("/mails", sync_to_thread=True, summary="The latest mails")
def list_mails(world: NamedDependency[World]) -> list[dict[str, Any]]:
    return [dict(row) for row in world.store.rows("SELECT * FROM mail ORDER BY sent_at DESC LIMIT 100")]


@get("/wechat-messages", sync_to_thread=True, summary="The latest template messages on WeChat")
def list_wechat_messages(world: NamedDependency[World]) -> list[dict[str, Any]]:
    rows = world.store.rows("SELECT * FROM wechat_message ORDER BY sent_at DESC LIMIT 100")
    return [dict(row) for row in rows]


admin_router = Router(
    "/admin",
    route_handlers=[
        add_population,
        find_people,
        find_firms,
        get_fault,
        put_fault,
        get_account,
        put_account,
        list_orders,
        list_pushes,
        list_messages,
        list_mails,
        list_wechat_messages,
    ],
    tags=["admin"],
)


def known_system(system: str) -> str:
    if system not in (*SYSTEMS, *IDENTITY_PROVIDERS):
        raise NotFound("没有这个模拟系统，请核对名称。")
    return system


def search(world: World, table: str, identifier: str, text: str) -> list[dict[str, Any]]:
    """Up to thirty by the beginning of a name or the exact identifier."""
    text = text.strip()[:60]
    if table not in ("person", "firm") or not text.isprintable() or not text:
        return []
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    where = f"name LIKE ? ESCAPE '\\' OR {identifier} = ?"
    like = f"%{escaped}%" if table == "firm" else f"{escaped}%"
    rows = world.store.rows(
        f"SELECT * FROM {table} WHERE {where} ORDER BY number LIMIT 30",  # noqa: S608 (names fixed above)
        like,
        text,
    )
    return [dict(row) for row in rows]


def account_view(world: World, number: str) -> AccountView:
    row = world.store.row("SELECT * FROM account WHERE number = ?", number)
    if row is None:
        raise NotFound("模拟银行没有这个账户，请核对账号。")
    bookings = world.store.rows(
        "SELECT * FROM booking WHERE account = ? ORDER BY number DESC LIMIT 50", number
    )
    return AccountView(
        number=row["number"],
        bank=row["bank"],
        holder_name=row["holder_name"],
        is_closed=bool(row["is_closed"]),
        balance=write_yuan(row["balance_fen"]),
        bookings=tuple(
            {
                "booked_at": booking["booked_at"],
                "direction": booking["direction"],
                "amount": write_yuan(booking["amount_fen"]),
                "instruction_id": booking["instruction_id"],
            }
            for booking in bookings
        ),
    )


def pushes(world: World) -> list[dict[str, Any]]:
    rows = world.store.rows(
        "SELECT number, department, event_id, made_at, attempts, state, answer, "
        "json_extract(CAST(envelope AS TEXT), '$.event_type') AS event_type "
        "FROM event ORDER BY number DESC LIMIT 100"
    )
    return [dict(row) for row in rows]


def today(world: World) -> str:
    return shanghai_day(world.clock.now())
