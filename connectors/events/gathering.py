"""Requests that arrive together are written together: one commit for all of them, and each is answered when it is durable.

Whoever finds nobody writing writes for everybody who waits; who comes meanwhile waits for the next one. So a lone request
is written at once, and a hundred a second take no more commits than the disk can make.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from kernel.errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")
#: Written at once at the most, so that nobody else waits long at the gate of SQLite.
MOST = 64


class _Request(Generic[Item, Answer]):
    """``woken`` says: it is answered, or its turn to write has come."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answers: list[Answer] = []
        self.error: Exception | None = None
        self.woken = threading.Event()

    @property
    def is_answered(self) -> bool:
        return bool(self.answers) or self.error is not None


class Gathering(Generic[Item, Answer]):
    """``write`` writes some items in a transaction of its own and gives their answers in order; an answer that is an
    exception is raised to whom it concerns."""

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Answer | Exception]]) -> None:
        self._write = write
        self._mutex = threading.Lock()
        self._waiting: list[_Request[Item, Answer]] = []
        self._is_writing = False

    def take(self, item: Item) -> Answer:
        """Returns when it is durable. Raises what ``write`` raised or answered."""
        request: _Request[Item, Answer] = _Request(item)
        with self._mutex:
            self._waiting.append(request)
            must_wait, self._is_writing = self._is_writing, True
        if must_wait:
            request.woken.wait()
        if not request.is_answered:
            self._write_for_all()
        if request.error is not None:
            raise request.error
        return request.answers[0]

    def _write_for_all(self) -> None:
        """One turn, and then the next one who waits has it."""
        with self._mutex:
            together, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            self._answer(together)
        finally:
            with self._mutex:
                self._is_writing = bool(self._waiting)
                following = self._waiting[:1]
            for request in (*together, *following):
                request.woken.set()

    def _answer(self, together: Sequence[_Request[Item, Answer]]) -> None:
        """What one of them brings about is nobody else's failure: each is written alone then."""
        try:
            answers = self._write([one.item for one in together])
        except Unavailable as shut:
            for request in together:
                request.error = shut
        except Exception as error:
            if len(together) == 1:
                together[0].error = error
                return
            for request in together:
                self._answer([request])
        else:
            for request, answer in zip(together, answers, strict=True):
                if isinstance(answer, Exception):
                    request.error = answer
                else:
                    request.answers.append(answer)
