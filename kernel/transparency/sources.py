"""Where records lie that the log commits to: each package that records offers one for each kind."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy.orm import Session

from kernel.transparency import repository
from kernel.transparency.commitments import Content

CHUNK = 1024


class Source(NamedTuple):
    """``contents``: what these records say now, without those that are gone. ``every``: all that should be in the log."""

    kind: str
    contents: Callable[[Session, Collection[uuid.UUID]], Mapping[uuid.UUID, Content]]
    every: Callable[[Session], Iterator[uuid.UUID]]


def unrecorded(session: Session, source: Source) -> Iterator[list[uuid.UUID]]:
    """Records that the log does not know, some at a time."""
    for some in _chunks(source.every(session)):
        unknown = set(some) - repository.recorded_among(session, source.kind, some)
        if unknown:
            yield sorted(unknown)


def _chunks(ids: Iterator[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    some: list[uuid.UUID] = []
    for one in ids:
        some.append(one)
        if len(some) == CHUNK:
            yield some
            some = []
    if some:
        yield some
