"""Heads outside the store: whoever rewrites the whole log, keys in hand, cannot rewrite what others have already kept.

A port: a chain, a newspaper or another city's log can be one. The file is built in; keep it on another machine's disk.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from sqlalchemy.orm import Session

from kernel.transparency import proofs, repository
from kernel.transparency.heads import Head, SignedHead, claimed


class AnchoredHead(msgspec.Struct, frozen=True, kw_only=True):
    """A head, and when it was put there."""

    anchored_at: datetime
    head: SignedHead


class Anchor(Protocol):
    def put(self, anchored: AnchoredHead) -> None:
        """Keep it for good before returning."""
        ...

    def heads(self) -> Iterator[AnchoredHead]:
        """All that were kept, the oldest first."""
        ...


class FileAnchor:
    """One JSON object a line, appended and synced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, anchored: AnchoredHead) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        whole = b"".join(self._lines())
        with self._path.open("ab") as file:
            file.truncate(len(whole))  # a line that a crash tore off was never relied on
            file.write(msgspec.json.encode(anchored) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def heads(self) -> Iterator[AnchoredHead]:
        for line in self._lines():
            yield msgspec.json.decode(line, type=AnchoredHead)

    def _lines(self) -> list[bytes]:
        if not self._path.exists():
            return []
        return [line for line in self._path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


class Inconsistent(Exception):
    """The log no longer begins with what was anchored: it was rewritten."""


def anchor_head(session: Session, anchor: Anchor, *, now: datetime) -> int | None:
    """Anchor the newest head if it is newer than the last one; its size.

    Raises ``Inconsistent``, and anchors nothing, when the tree does not continue the one that was anchored last.
    """
    newest = repository.latest_head(session)
    if newest is None:
        return None
    anchored = list(anchor.heads())
    if anchored:
        before = claimed(anchored[-1].head.jws)
        if not _continues(session, before, newest.size):
            raise Inconsistent(f"the log does not continue the head of {before.size} records anchored before")
        if before.size == newest.size:
            return None
    anchor.put(AnchoredHead(anchored_at=now, head=proofs.signed(newest)))
    return newest.size


def _continues(session: Session, before: Head, size: int) -> bool:
    try:
        return before.size <= size and proofs.root_at(session, before.size).hex() == before.root
    except KeyError:  # a part of the tree is gone
        return False
