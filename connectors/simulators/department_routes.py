"""The simulated departments over HTTP: their list of events for polling, and one POST per thing they can do."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody, QueryParameter

from connectors.market_regulation.messages import (
    FirmAnswer,
    FirmQuestion,
    RepresentativeAnswer,
    RepresentativeQuestion,
)
from connectors.public_security.messages import IdentityAnswer, IdentityQuestion
from connectors.records import RecordAnswer, RecordQuestion
from connectors.simulators.actions import Action
from connectors.simulators.departments import ACTIONS
from connectors.simulators.desk import SentEvent
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.world import World

MOST = 200


@post("/identity-checks", status_code=200, sync_to_thread=True, summary="Are name and number one person's?")
def check_identity(data: JSONBody[IdentityQuestion], world: NamedDependency[World]) -> IdentityAnswer:
    row = world.store.row(
        "SELECT 1 FROM person WHERE id_number = ? AND name = ? AND died_on IS NULL", data.id_number, data.name
    )
    return IdentityAnswer(row is not None)


@post(
    "/representative-checks", status_code=200, sync_to_thread=True, summary="Does this person represent it?"
)
def check_representative(
    data: JSONBody[RepresentativeQuestion], world: NamedDependency[World]
) -> RepresentativeAnswer:
    row = world.store.row(
        "SELECT 1 FROM firm WHERE uscc = ? AND representative_id_number = ?", data.uscc, data.id_number
    )
    return RepresentativeAnswer(row is not None)


@post("/firm-lookups", status_code=200, sync_to_thread=True, summary="What is published of a firm")
def look_up_firm(data: JSONBody[FirmQuestion], world: NamedDependency[World]) -> FirmAnswer:
    row = world.store.row("SELECT * FROM firm WHERE uscc = ?", data.uscc)
    if row is None:
        return FirmAnswer(is_found=False)
    return FirmAnswer(
        is_found=True,
        name=row["name"],
        kind=row["kind"],
        standing=row["standing"],
        head_office=row["head_office"],
    )


CHECKS: dict[str, tuple[HTTPRouteHandler, ...]] = {
    "public_security": (check_identity,),
    "market_regulation": (check_representative, look_up_firm),
}


def feed_router(department: str) -> Router:
    @get("/events", sync_to_thread=True, summary="Events after a cursor", name=f"{department}.events")
    def list_events(
        world: NamedDependency[World],
        after: FromQuery[str] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = 100,
    ) -> Response[bytes]:
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
        rows = world.store.rows(
            "SELECT number, envelope FROM event WHERE department = ? AND number > ? ORDER BY number LIMIT ?",
            department,
            number,
            limit,
        )
        page = {
            "events": [msgspec.Raw(row["envelope"]) for row in rows],
            "next_cursor": str(rows[-1]["number"] if rows else number),
        }
        return Response(msgspec.json.encode(page), media_type="application/json")

    @post("/records", status_code=200, sync_to_thread=True, summary="The newest record about somebody")
    def newest_record(data: JSONBody[RecordQuestion], world: NamedDependency[World]) -> RecordAnswer:
        now = world.clock.now()
        row = world.desk.newest(department, data.identifier, data.kinds)
        if row is None:
            return RecordAnswer(now, None, msgspec.Raw(b"null"))
        return RecordAnswer(now, row["kind"], msgspec.Raw(row["message"].encode()))

    newest_record.operation_id = f"{department}_records"
    return Router(
        f"/{department}",
        route_handlers=[list_events, newest_record, *CHECKS.get(department, ())],
        guards=[require_token(department)],
        before_request=fail_on_purpose(department),
        tags=[department],
    )


def action_router(department: str) -> Router:
    """What a demonstrator does there; open, because the whole simulated world is."""
    routes = [_action_route(action) for action in ACTIONS if action.department == department]
    return Router(f"/{department}", route_handlers=routes, tags=[department])


def _action_route(action: Action) -> HTTPRouteHandler:
    def act(data: Any, world: World) -> SentEvent:
        return action.make(world.desk, data)

    act.__name__ = f"{action.department}_{action.id.replace('-', '_')}"
    act.__annotations__ = {
        "data": JSONBody[action.form],
        "world": NamedDependency[World],
        "return": SentEvent,
    }
    return post(f"/{action.id}", status_code=201, sync_to_thread=True, summary=action.label)(act)
