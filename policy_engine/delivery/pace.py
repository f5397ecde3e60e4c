"""How many offers go into one transaction: as many as are written in the time that everybody else can wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

#: SQLite has one writer at a time: so long others may wait for it.
TURN_SECONDS = 0.045
#: Smaller turns would be mostly commits: on a machine that is slow because it is busy they made everything slower still.
LEAST, MOST = 300, 1_500


class Pace:
    """``size`` follows how long the last turns took; on PostgreSQL, where nobody waits for a gate, it stays large."""

    def __init__(self, size: int, *, is_steady: bool) -> None:
        self.size = size
        self._is_steady = is_steady

    @contextmanager
    def turn(self, count: int) -> Iterator[None]:
        """Around the writing of ``count``: the next turn is larger or smaller, by half at most."""
        start = perf_counter()
        yield
        taken = perf_counter() - start
        if self._is_steady or count * 2 < self.size or taken <= 0:
            return
        fitting = count * TURN_SECONDS / taken
        self.size = int(min(max(fitting, self.size / 1.5, LEAST), self.size * 1.5, MOST))
