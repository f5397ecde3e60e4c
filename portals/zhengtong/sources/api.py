"""The same for programs."""

import uuid

from litestar import get, post
from litestar.params import FromPath, JSONBody

from connectors.resilience.states import SystemState
from portals.zhengtong.access import needs
from portals.zhengtong.sources import stuck
from portals.zhengtong.sources.systems import system_states
from portals.zhengtong.visit import Given, Said

MAY_RUN = needs("admin.system")
MAY_WATCH = needs("admin.system", "audit.read")


@get(
    "/connectors",
    sync_to_thread=True,
    tags=["sources"],
    summary="Which outside systems answer, and how old their data are",
    guards=[MAY_WATCH],
)
def list_systems(services: Given) -> list[SystemState]:
    return system_states(services)


@get(
    "/stuck-events",
    sync_to_thread=True,
    tags=["sources"],
    summary="Events that wait for an official",
    guards=[MAY_RUN],
)
def list_stuck(services: Given) -> stuck.Stuck:
    return stuck.stuck_events(services)


@post(
    "/dead-letters/topics/{topic:str}/replay",
    status_code=200,
    sync_to_thread=True,
    tags=["sources"],
    summary="Try all tasks of one kind again",
    guards=[MAY_RUN],
)
def replay_topic(services: Given, principal: Said, topic: FromPath[str]) -> stuck.Replayed:
    return stuck.Replayed(stuck.replay_topic(services, principal, topic))


@post(
    "/dead-letters/{message_id:uuid}/drop",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Drop a task for good, with a reason",
    guards=[MAY_RUN],
)
def drop_letter(
    data: JSONBody[stuck.Reason], services: Given, principal: Said, message_id: FromPath[uuid.UUID]
) -> None:
    stuck.drop_letter(services, principal, message_id, data.reason)


@post(
    "/refused-events/{number:int}/replay",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Read a refused event again",
    guards=[MAY_RUN],
)
def read_again(services: Given, principal: Said, number: FromPath[int]) -> None:
    stuck.read_again(services, principal, number)


@post(
    "/refused-events/{number:int}/drop",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Drop a refused event, with a reason",
    guards=[MAY_RUN],
)
def drop_refused(
    data: JSONBody[stuck.Reason], services: Given, principal: Said, number: FromPath[int]
) -> None:
    stuck.drop_refused(services, principal, number, data.reason)


@post(
    "/sources/{source:str}/events/{event_id:str}/replay",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Take an event again that could not become facts",
    guards=[MAY_RUN],
)
def take_again(services: Given, principal: Said, source: FromPath[str], event_id: FromPath[str]) -> None:
    stuck.take_again(services, principal, source, event_id)


@post(
    "/sources/{source:str}/events/{event_id:str}/drop",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Drop such an event, with a reason",
    guards=[MAY_RUN],
)
def drop_event(
    data: JSONBody[stuck.Reason],
    services: Given,
    principal: Said,
    source: FromPath[str],
    event_id: FromPath[str],
) -> None:
    stuck.drop_event(services, principal, source, event_id, data.reason)


HANDLERS = [
    list_systems,
    list_stuck,
    replay_topic,
    drop_letter,
    read_again,
    drop_refused,
    take_again,
    drop_event,
]
