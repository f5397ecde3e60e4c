"""Live push of the inbox: one stream of server-sent events per browser, replayed from the inbox table.

``live_routes(house)`` gives a portal ``GET /live``: a stream for ``EventSource``, or with ``Accept: application/json``
the same messages as a list, for browsers and proxies that let no stream through.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from kernel.errors import TooManyRequests
from kernel.house import House
from kernel.notices import inbox_channel, since, unread_count
from kernel.notices.repository import first_number_since, latest_number
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest

HEARTBEAT_SECONDS = 15.0
#: After this the browser opens a new stream, and with it the session is checked anew.
LONGEST = timedelta(minutes=10)
STREAMS_PER_PERSON = 12
#: A page drawn just before its stream opened may have missed these.
OVERLAP = timedelta(seconds=10)


class News(msgspec.Struct, frozen=True):
    """One message as the page needs it; ``id`` is what ``Last-Event-ID`` carries."""

    id: int
    title: str
    link: str | None
    unread: int


def live_routes(house: House, portal: str = "") -> HTTPRouteHandler:
    """The ``/live`` handler of a portal whose app knows ``principal``; links lead into that portal."""
    streams: dict[int, int] = {}

    @get("/live", include_in_schema=False)
    async def live(
        request: WebRequest, principal: NamedDependency[Principal], last_event_id: FromQuery[str] = ""
    ) -> ServerSentEvent | Response[list[News]]:
        subject_id = principal.acting_for
        sent = request.headers.get("last-event-id") or last_event_id
        after = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 18 else None
        start = await asyncio.to_thread(_start, house, subject_id, after)
        if "application/json" in request.headers.get("accept", ""):
            return Response(await asyncio.to_thread(_news, house, portal, subject_id, start))
        if streams.get(subject_id, 0) >= STREAMS_PER_PERSON:
            raise TooManyRequests("打开的页面太多，请关闭几个再试。", retry_after=30)
        return ServerSentEvent(
            _stream(house, portal, subject_id, start, streams), headers={"X-Accel-Buffering": "no"}
        )

    return live


async def _stream(
    house: House, portal: str, subject_id: int, after: int, streams: dict[int, int]
) -> AsyncIterator[ServerSentEventMessage]:
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    stop = house.ephemeral.subscribe(inbox_channel(subject_id), _waker(loop, woken))
    streams[subject_id] = streams.get(subject_id, 0) + 1
    ends_at = loop.time() + LONGEST.total_seconds()
    try:
        yield ServerSentEventMessage(data=None, comment="open", retry=2000)
        while loop.time() < ends_at:
            woken.clear()
            for news in await asyncio.to_thread(_news, house, portal, subject_id, after):
                after = news.id
                yield ServerSentEventMessage(data=msgspec.json.encode(news), id=news.id, event="notice")
            try:
                await asyncio.wait_for(woken.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="still here")
    finally:
        stop()
        streams[subject_id] -= 1
        if not streams[subject_id]:
            del streams[subject_id]


def _waker(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> Callable[[bytes], None]:
    def wake(_data: bytes) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(woken.set)

    return wake


def _start(house: House, subject_id: int, after: int | None) -> int:
    if after is not None:
        return after
    with house.database.read() as session:
        recent = first_number_since(session, subject_id, house.clock.now() - OVERLAP)
        return latest_number(session, subject_id) if recent is None else recent - 1


def _news(house: House, portal: str, subject_id: int, after: int) -> list[News]:
    with house.database.read() as session:
        notices = since(session, subject_id, after)
        unread = unread_count(session, subject_id) if notices else 0
    return [
        News(notice.number, notice.read_title(), link_in(portal, notice.link), unread) for notice in notices
    ]


#: Links that are addresses already; all others name a thing that a portal shows under its own path (``/offers/…``).
_ADDRESSES = ("/tong/", "/rongtong/", "/zhengtong/", "/identity/")


def link_in(portal: str, link: str | None) -> str | None:
    """A notice's link as an address. What an official is told as a person is theirs to see in Tong, not at a desk."""
    if not link or not portal or link.startswith(_ADDRESSES):
        return link
    return f"/{'tong' if portal == 'zhengtong' else portal}{link}"


__all__ = ["link_in", "live_routes"]
