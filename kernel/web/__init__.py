"""What every web app of the house shares.

Importing this package mends Litestar 2.25. When a path is registered again (GET and POST on one path, or two paths for
one handler) it asks once more whether a synchronous handler is async by now, looks through its own wrapper, answers no,
and then calls it without awaiting: a 500 in place of the page. A plain coroutine function in place of that wrapper
cannot be looked through. ``tests/kernel/test_litestar_mend.py`` tells when the mend can go.
"""

from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.handlers.http_handlers import base


def _in_thread(handler: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await sync_to_thread(handler, *args, **kwargs)

    return update_wrapper(call, handler)


base.ensure_async_callable = _in_thread  # type: ignore[assignment]
