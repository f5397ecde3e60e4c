"""Pages go out compressed: on a slow phone that is most of the wait.

Only whole HTML pages: streams must flow as they are written, files are compressed already, and answers to programs may
hold secrets. Pages hold one, the form token, and `kernel.web.csrf` writes it differently each time, so that the length
of a compressed page tells nothing about it.
"""

import gzip
from typing import Final

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST: Final = 1200
LEVEL: Final = 5


class CompressionMiddleware(ASGIMiddleware):
    """Compresses HTML for whoever takes gzip."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if "gzip" not in Headers.from_scope(scope).get("accept-encoding", ""):
            await next_app(scope, receive, send)
            return
        begun: Message | None = None

        async def compressing(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_page(message):
                begun = message
                return
            if begun is not None and message["type"] == "http.response.body":
                if not message["more_body"] and len(message["body"]) >= SMALLEST:
                    message["body"] = _compressed(begun, message["body"])
                await send(begun)
                begun = None
            await send(message)

        await next_app(scope, receive, compressing)


def _is_page(message: Message) -> bool:
    headers = MutableScopeHeaders.from_message(message)
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers


def _compressed(start: Message, body: bytes) -> bytes:
    packed = gzip.compress(body, LEVEL, mtime=0)
    headers = MutableScopeHeaders.from_message(start)
    headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(packed))
    vary = headers.get("vary", "")
    headers["vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    return packed
