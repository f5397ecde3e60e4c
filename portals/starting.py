"""How a process of ours starts: without looking again and again through what it is going to keep anyway."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def starting() -> Iterator[None]:
    """What is imported and built meanwhile is there to stay: looking through it while it grows took a quarter of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
