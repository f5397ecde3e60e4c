"""Serving HTTP from this very process, and being the only one that does for one home folder."""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from litestar.concurrency import set_asyncio_executor

log = logging.getLogger(__name__)

#: Handlers are synchronous and wait for the database: more of them at once than there are cores.
HANDLER_THREADS = 40
#: Open at once; the rest waits to be let in. Every open page holds one for its live stream (``kernel.web.live``), so the
#: server's own measure, 128, would let the hundred-and-twenty-eighth reader shut the city's door.
MOST_CONNECTIONS = 10_000


class AlreadyRunning(Exception):
    """Another process serves from this home folder; ``str()`` says which."""


class PortTaken(Exception):
    """Something else listens on the port."""


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home folder: a lock that the kernel releases however this process ends."""
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunning(
                f"Dongchu already runs on {home} (process {holder}). Stop it, or set DONGCHU_HOME to another folder."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_port(host: str, port: int) -> None:
    """Refuse early and by name when the port is taken; the server itself would share it silently."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(
                f"Port {port} is in use. Set DONGCHU_PORT to a free one, or stop what listens there."
            ) from error


class PathApps:
    """One ASGI application out of several: the first segment of the path chooses; ``/`` gets the rest."""

    def __init__(self, apps: Mapping[str, Litestar]) -> None:
        self._apps = dict(apps)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path: str = scope["path"]
        first = "/" + path.split("/", 2)[1] if path.startswith("/") else "/"
        app = self._apps.get(first) or self._apps["/"]
        await app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            try:
                for app in self._apps.values():
                    await stack.enter_async_context(app.lifespan())
            except Exception:
                log.exception("a service could not start")
                await send({"type": "lifespan.startup.failed", "message": "a service could not start"})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def serve(app: Any, host: str, port: int, *, on_ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then finish open requests and return."""
    set_asyncio_executor(ThreadPoolExecutor(HANDLER_THREADS, thread_name_prefix="dongchu-http"))
    asyncio.run(_serve(app, host, port, on_ready))


def leave() -> NoReturn:
    """End the process once everything is closed.

    Python's own end is not used: a thread of the server that wakes in the middle of it aborts the process (seen under load).
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _serve(app: Any, host: str, port: int, on_ready: Callable[[], None] | None) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        backlog=1024,
        backpressure=MOST_CONNECTIONS,
    )
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    if on_ready is not None:
        await _wait_until_listening(host, port, serving)
        on_ready()
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(serving, timeout=10)


async def _wait_until_listening(host: str, port: int, serving: "asyncio.Task[None]") -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
