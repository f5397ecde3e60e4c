"""Handlers that ask somebody outside, for many messages at a time: what is due together travels together.

The first message leaves at once, with whatever else of its topic is due by then; nobody waits for company. Each keeps its
key's order, its lease and its number of tries. What was tried before goes alone, so that one that cannot be done holds no
other; and what nobody outside answers is not asked once more for each of them.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from kernel.errors import OutsideTimeout, OutsideUnavailable, Unavailable
from kernel.outbox.repository import LeaseLost, Message

log = logging.getLogger(__name__)

#: One or more messages that a handler is given at once.
Work: TypeAlias = tuple[Message, ...]
#: What hits all that travel together alike.
_COMMON = (OutsideUnavailable, OutsideTimeout, Unavailable, LeaseLost)


class Settled(msgspec.Struct, frozen=True):
    """How far messages came, by number: ``marked`` as done by ``mark_done`` in the transaction of their effect; what is in
    the way of those that are ``left``. Any others are done too, and are marked so by the worker.
    """

    marked: frozenset[int] = frozenset()
    left: Mapping[int, Exception] = {}


Errand: TypeAlias = Callable[[Sequence[Message]], Settled]


class Gathered:
    """A handler for several leased messages of one topic, each of another key.

    ``errand`` may be called again for each of them alone when it raised; ``size_of`` says how much of the ``most`` that goes
    at once a message is.
    """

    def __init__(self, errand: Errand, *, most: int, size_of: Callable[[Message], int]) -> None:
        self._errand = errand
        self._most = most
        self.size_of = size_of

    def __call__(self, message: Message) -> None:
        for error in self._errand([message]).left.values():
            raise error

    def room_beside(self, messages: Iterable[Message]) -> int:
        return self._most - sum(map(self.size_of, messages))

    def divided(self, messages: Iterable[Message]) -> list[Work]:
        """In their order, as many together as may go at once."""
        works: list[list[Message]] = []
        room = 0
        for message in messages:
            size = self.size_of(message)
            if not works or size > room:
                works.append([])
                room = self._most
            works[-1].append(message)
            room -= size
        return [tuple(one) for one in works]

    def do(self, messages: Sequence[Message]) -> Settled:
        """All of them at once, or each alone where one of them spoils it for the others."""
        try:
            return self._errand(messages)
        except Exception as error:
            if len(messages) == 1 or isinstance(error, _COMMON):
                return Settled(left={one.number: error for one in messages})
            log.warning(
                "%d messages could not be done at once, each is done alone", len(messages), exc_info=error
            )
        # Once more, so they may have had their effect outside.
        each = [self.do([msgspec.structs.replace(one, attempts=one.attempts + 1)]) for one in messages]
        return Settled(
            marked=frozenset().union(*(one.marked for one in each)),
            left={number: error for one in each for number, error in one.left.items()},
        )
