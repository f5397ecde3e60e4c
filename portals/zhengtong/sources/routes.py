"""Pages: outside systems, and what got stuck."""

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import Conflict, DongchuError, InvalidInput
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form, one
from portals.zhengtong.sources import stuck
from portals.zhengtong.sources.systems import system_states
from portals.zhengtong.trail import acts as trail
from portals.zhengtong.visit import Given, Said, Visit, Visiting
from portals.zhengtong.words import FAILURES, TASKS

MAY_RUN = needs("admin.system")
MAY_WATCH = needs("admin.system", "audit.read")
LETTERS = "/zhengtong/system/letters"
LETTERS_SHOWN = 50
DONE = f"{LETTERS}?done=replayed"
DROPPED = f"{LETTERS}?done=dropped"


@get("/system/connectors", sync_to_thread=True, include_in_schema=False, guards=[MAY_WATCH])
def connectors_page(visit: Visiting) -> Response[str]:
    """Which systems answer, which are down, and how old their data are."""
    return visit.page(
        "zhengtong/sources/systems.html", systems=system_states(visit.services), failures=FAILURES
    )


@get("/system/letters", sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN])
def letters_page(visit: Visiting, topic: FromQuery[str] = "", page: FromQuery[int] = 1) -> Response[str]:
    """Tasks that were given up, and events that were refused."""
    return _letters(visit, topic=topic, page=page)


@post(
    "/system/letters/{message_id:uuid}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_RUN],
)
def letter_form(visit: Visiting, data: Form, message_id: FromPath[uuid.UUID]) -> Response[str] | Redirect:
    """Try one again, or drop it."""
    if one(data, "act") != "drop":
        trail.replay(visit.services, visit.principal, message_id)
        return Redirect(DONE, status_code=303)
    try:
        stuck.drop_letter(visit.services, visit.principal, message_id, one(data, "reason"))
    except InvalidInput as problem:
        return _letters(visit, problem)
    return Redirect(DROPPED, status_code=303)


@post("/system/letters", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN])
def topic_form(data: Form, services: Given, principal: Said) -> Redirect:
    """Try all of one kind again."""
    stuck.replay_topic(services, principal, one(data, "topic"))
    return Redirect(DONE, status_code=303)


@post(
    "/system/refused/{number:int}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_RUN],
)
def refused_form(visit: Visiting, data: Form, number: FromPath[int]) -> Response[str] | Redirect:
    """Read a refused event again, or drop it."""
    is_dropped = one(data, "act") == "drop"
    try:
        if is_dropped:
            stuck.drop_refused(visit.services, visit.principal, number, one(data, "reason"))
        else:
            stuck.read_again(visit.services, visit.principal, number)
    except (InvalidInput, Conflict) as problem:
        return _letters(visit, problem)
    return Redirect(DROPPED if is_dropped else DONE, status_code=303)


@post("/system/not-applied", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN])
def not_applied_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Take an event again that could not become facts, or drop it."""
    source, event_id, is_dropped = one(data, "source"), one(data, "event_id"), one(data, "act") == "drop"
    try:
        if is_dropped:
            stuck.drop_event(visit.services, visit.principal, source, event_id, one(data, "reason"))
        else:
            stuck.take_again(visit.services, visit.principal, source, event_id)
    except InvalidInput as problem:
        return _letters(visit, problem)
    return Redirect(DROPPED if is_dropped else DONE, status_code=303)


def _letters(
    visit: Visit, problem: DongchuError | None = None, *, topic: str = "", page: int = 1
) -> Response[str]:
    topics = trail.dead_by_topic(visit.services)
    found = sum(count for one, count in topics if topic in ("", one))
    last = max(1, -(-found // LETTERS_SHOWN))
    here = max(1, min(page, last))
    return visit.page(
        "zhengtong/sources/letters.html",
        status=200 if problem is None else problem.status,
        letters=trail.dead_letters(
            visit.services, topic, limit=LETTERS_SHOWN, offset=(here - 1) * LETTERS_SHOWN
        ),
        topic=topic,
        here=here,
        last=last,
        tasks=TASKS,
        topics=topics,
        at_once=stuck.MOST_AT_ONCE,
        stuck=stuck.stuck_events(visit.services),
        problem=problem,
    )


HANDLERS = [connectors_page, letters_page, letter_form, topic_form, refused_form, not_applied_form]
