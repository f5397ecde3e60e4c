"""What every web app of the house shares.

Importing this package mends Litestar 2.25, which wraps a synchronous handler a second time when its path is registered
again (GET and POST on one path, or two paths for one handler) and then answers 500: its wrapper is awaitable but does
not look so to Litestar's own test. ``tests/kernel/test_litestar_mend.py`` tells when the mend can go.
"""

from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.utils.sync import AsyncCallable


async def _call_in_thread(self: Any, *args: Any, **kwargs: Any) -> Any:
    return await sync_to_thread(self.func, *args, **kwargs)


AsyncCallable.__call__ = _call_in_thread  # type: ignore[method-assign]
