"""A tiny site with the design system on it: in process for answers, on a port for the browser."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from litestar.testing import TestClient

from kernel.errors import Conflict, FieldError, InvalidInput, TooManyRequests, Unauthenticated, Unavailable
from kernel.i18n import gettext as _
from kernel.web.options import web_options
from kernel.web.pages import Pages
from kernel.web.preferences import preferences_and_static
from kernel.web.requests import WebRequest
from kernel.web.style_guide import specimen, style_guide


@pytest.fixture(scope="session")
def pages() -> Pages:
    return Pages(is_demonstration=True)


@get("/wrong/{kind:str}", sync_to_thread=True)
def go_wrong(kind: FromPath[str]) -> str:
    """Raises what is asked for."""
    raise {
        "input": InvalidInput("请检查。", errors=[FieldError("phone", "手机号应是 11 位数字", "请重新填写")]),
        "conflict": Conflict(),
        "fast": TooManyRequests(retry_after=30),
        "busy": Unavailable(retry_after=5),
        "stranger": Unauthenticated(),
        "bug": ZeroDivisionError("secret detail"),
    }[kind]


@get("/spoken", sync_to_thread=True)
def spoken() -> str:
    return _("每月")


@get("/number", sync_to_thread=True)
def number(n: FromQuery[int]) -> int:
    return n


@post("/only-post", sync_to_thread=True)
def only_post() -> None:
    return None


class Listeners:
    """Who has a stream open on the test site, and how to tell them something."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[str]] = set()

    async def stream(self) -> AsyncIterator[ServerSentEventMessage]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.queues.add(queue)
        try:
            yield ServerSentEventMessage(data=None, comment="open")
            while True:
                yield ServerSentEventMessage(data=await queue.get(), id=7, event="notice")
        finally:
            self.queues.discard(queue)


def live_handlers(pages: Pages) -> list[HTTPRouteHandler]:
    """A page that listens, its stream, and a way to send news down it."""
    listeners = Listeners()

    @get("/listening", sync_to_thread=True)
    def listening(request: WebRequest) -> Response[str]:
        tong = pages.for_portal("tong")
        return tong.page(request, "kernel/style/phone.html", **(specimen("phone") | {"live_url": "/live"}))

    @get("/live")
    async def live() -> ServerSentEvent:
        return ServerSentEvent(listeners.stream())

    @get("/streams", media_type="text/plain")
    async def streams() -> str:
        return str(len(listeners.queues))

    @post("/tell")
    async def tell() -> None:
        for queue in listeners.queues:
            queue.put_nowait('{"title": "您有一条新消息", "link": "/tong/inbox", "unread": 8}')

    return [listening, live, streams, tell]


def make_app(pages: Pages, sign_in: bool = False) -> Litestar:
    return Litestar(
        [
            preferences_and_static(pages),
            style_guide(pages),
            go_wrong,
            spoken,
            number,
            only_post,
            *live_handlers(pages),
        ],
        openapi_config=None,
        **web_options(pages, (lambda request: f"/sign-in?next={request.url.path}") if sign_in else None),
    )


@pytest.fixture(scope="session")
def client(pages: Pages) -> Iterator[TestClient[Litestar]]:
    with TestClient(make_app(pages), base_url="http://dongchu.test", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def forget_cookies(client: TestClient[Litestar]) -> None:
    client.cookies.clear()


@pytest.fixture(scope="session")
def site(pages: Pages) -> Iterator[str]:
    """The same site behind a real port, for a real browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    server = Server(
        make_app(pages), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error
    )
    listening = threading.Event()

    async def live() -> None:
        serving = asyncio.create_task(server.serve())
        while not serving.done():
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            listening.set()
            break
        await serving

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert listening.wait(20), "the test site did not start"
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(server.stop)
    thread.join(10)
    loop.close()
