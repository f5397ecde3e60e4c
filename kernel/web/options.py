"""What every web app of the house has in common, in one call."""

from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from kernel.web.compression import CompressionMiddleware
from kernel.web.pages import Pages, reader_of
from kernel.web.problems import SignIn, exception_handlers
from kernel.web.requests import WebRequest
from kernel.web.security_headers import add_security_headers


class SpeakingMiddleware(ASGIMiddleware):
    """Sets the reader's language for the whole request, so that `gettext` in services answers in it."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        with self._pages.translations.speaking(reader_of(WebRequest(scope)).locale):
            await next_app(scope, receive, send)


def web_options(pages: Pages, sign_in: SignIn | None = None) -> dict[str, Any]:
    """Keyword arguments for `Litestar(...)`: language, problem answers and security headers.

    An app with middleware of its own puts it after ours: `middleware=[*options.pop("middleware"), SessionMiddleware()]`.
    """
    return {
        "middleware": [CompressionMiddleware(), SpeakingMiddleware(pages)],
        "exception_handlers": exception_handlers(pages, sign_in),
        "before_send": [add_security_headers],
        "logging_config": None,  # the process sets up logging once; Litestar would turn everything to INFO
    }
