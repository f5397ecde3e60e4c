"""How much one evaluation may cost: loops, calls and long values draw on one allowance, so that nothing runs for ever."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

#: Rounds of loops, items and pieces of text of one evaluation: a second or two of work.
ALLOWANCE: Final = 500_000
#: Calls inside calls; each costs Python a dozen levels and more.
DEEPEST_CALL: Final = 32
#: A text as the result of joining, replacing or formatting.
LONGEST_RESULT: Final = 1_000_000
#: This many characters cost as much as one round of a loop.
_CHARACTERS = 64


class TooMuchWork(Exception):
    """The allowance is used up; the value of the whole evaluation is null."""


class _Purse:
    __slots__ = ("depth", "left")

    def __init__(self) -> None:
        self.left = ALLOWANCE
        self.depth = 0


_purse: ContextVar[_Purse | None] = ContextVar("feel_effort", default=None)


@contextmanager
def limited() -> Generator[None]:
    """Inside, work is counted. Raises ``TooMuchWork`` from wherever the allowance ends."""
    if _purse.get() is not None:
        yield
        return
    token = _purse.set(_Purse())
    try:
        yield
    finally:
        _purse.reset(token)


def spend(rounds: int = 1) -> None:
    """Take from the allowance; costs nothing where nobody counts."""
    purse = _purse.get()
    if purse is not None:
        purse.left -= rounds
        if purse.left < 0:
            raise TooMuchWork


def spend_text(text: str) -> str | None:
    """The text itself, paid for by its length; null where it is too long to be kept."""
    if len(text) > LONGEST_RESULT:
        return None
    spend(1 + len(text) // _CHARACTERS)
    return text


@contextmanager
def deeper() -> Generator[None]:
    """One call inside another. Raises ``TooMuchWork`` when there are too many."""
    purse = _purse.get()
    if purse is None:
        yield
        return
    purse.depth += 1
    if purse.depth > DEEPEST_CALL:
        raise TooMuchWork
    try:
        yield
    finally:
        purse.depth -= 1
