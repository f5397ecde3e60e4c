"""The trail for programs."""

import uuid

from litestar import get, post
from litestar.params import FromPath, FromQuery

from portals.zhengtong.access import needs
from portals.zhengtong.trail import acts
from portals.zhengtong.visit import Given, Said

MAY_AUDIT = needs("audit.read")
MAY_RUN = needs("admin.system")
MAY_WATCH = needs("admin.system", "audit.read")


@get(
    "/audit",
    sync_to_thread=True,
    tags=["trail"],
    summary="The audit trail, the newest first",
    guards=[MAY_AUDIT],
)
def list_trail(
    services: Given, action: FromQuery[str] = "", before: FromQuery[int | None] = None
) -> list[acts.AuditLine]:
    return acts.trail(services, action, before)


@get("/audit/chain", sync_to_thread=True, tags=["trail"], summary="Check the whole chain", guards=[MAY_AUDIT])
def check_chain(services: Given) -> acts.ChainState:
    return acts.chain(services, is_checked=True)


@get(
    "/dead-letters", sync_to_thread=True, tags=["trail"], summary="Tasks that were given up", guards=[MAY_RUN]
)
def list_dead_letters(
    services: Given,
    topic: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
    count: FromQuery[int] = acts.MOST_SHOWN,
) -> list[acts.DeadLetter]:
    limit = max(1, min(count, acts.MOST_SHOWN))
    return acts.dead_letters(services, topic, limit=limit, offset=max(0, min(offset, acts.FARTHEST)))


@post(
    "/dead-letters/{message_id:uuid}/replay",
    status_code=204,
    sync_to_thread=True,
    tags=["trail"],
    summary="Try one again",
    guards=[MAY_RUN],
)
def add_replay(services: Given, principal: Said, message_id: FromPath[uuid.UUID]) -> None:
    acts.replay(services, principal, message_id)


@get(
    "/department-events",
    sync_to_thread=True,
    tags=["trail"],
    summary="Refused and accepted events",
    guards=[MAY_WATCH],
)
def list_events(services: Given) -> acts.DepartmentEvents:
    return acts.department_events(services)


@get(
    "/full-matches",
    sync_to_thread=True,
    tags=["trail"],
    summary="The whole city matched anew each night, and any drift",
    guards=[MAY_WATCH],
)
def list_full_matches(services: Given) -> list[acts.FullMatchLine]:
    return acts.full_matches(services)


HANDLERS = [
    list_trail,
    check_chain,
    list_dead_letters,
    add_replay,
    list_events,
    list_full_matches,
]
