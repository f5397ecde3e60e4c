"""The whole log held against the store: every record that was deleted, edited or slipped in is named.

The tree is grown again from the entries, so that a repaired tile hides nothing; every signed head, and every head that
was anchored outside, must be what it grows to; and every commitment must be that of the record as it stands now.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy.orm import Session

from kernel.transparency import repository, tiles
from kernel.transparency.adoption import ADOPTION, adoption_content
from kernel.transparency.anchors import Anchor
from kernel.transparency.commitments import Content, commitment
from kernel.transparency.heads import Head, ReadHead, SignedHead, claimed
from kernel.transparency.merkle import HASHINGS, Hashing, HashName, Node
from kernel.transparency.models import LogEntry
from kernel.transparency.proofs import signed
from kernel.transparency.recording import ERASURE, erasure_content
from kernel.transparency.sources import CHUNK, Source, unrecorded


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """``findings`` is empty when all is well. ``waiting`` records are committed to and not in the tree yet. ``adopted`` ones
    were taken up late: of what they said before that the log knows nothing."""

    findings: list[str]
    size: int
    waiting: int
    erased: int
    adopted: int
    heads: int
    anchored: int


class _Expected(msgspec.Struct, frozen=True):
    """A head that the tree must grow to, and how to speak of it."""

    size: int
    root: bytes
    name: str


class Examination:
    """One pass over the log."""

    def __init__(self, sources: Iterable[Source], read_head: ReadHead, anchor: Anchor | None) -> None:
        self._sources = {source.kind: source for source in sources}
        self._read_head = read_head
        self._anchor = anchor
        self._findings: list[str] = []
        self._erased: set[uuid.UUID] = set()
        self._erasures: set[uuid.UUID] = set()
        self._adopted = 0

    def run(
        self, session: Session, on_progress: Callable[[int, int], None] = lambda _n, _of: None
    ) -> Examined:
        """Findings in the order of the log."""
        expected, head_count, anchored_count = self._expected(session)
        size = max((one.size for one in expected), default=0)
        if expected:
            hashing = HASHINGS[self._hash_name(session)]
            self._grow(session, size, expected, hashing, on_progress)
        beyond = repository.highest_leaf(session)
        if beyond is not None and beyond >= size:
            self._findings.append(f"leaves {size} to {beyond} are under no signed head")
        waiting = repository.pending(session, 1_000_000)
        self._compare(session, waiting)
        self._findings += [
            f"the nonce of record {one} was erased and the log does not say so"
            for one in sorted(self._erased - self._erasures)
        ]
        self._find_unrecorded(session)
        return Examined(
            findings=self._findings,
            size=size,
            waiting=len(waiting),
            erased=len(self._erased),
            adopted=self._adopted,
            heads=head_count,
            anchored=anchored_count,
        )

    def _hash_name(self, session: Session) -> HashName:
        newest = repository.latest_head(session)
        return "sha-256" if newest is None else claimed(newest.jws).hash

    def _expected(self, session: Session) -> tuple[list[_Expected], int, int]:
        expected: list[_Expected] = []
        count = 0
        for row in repository.heads(session):
            count += 1
            head = self._genuine(signed(row), f"the head of {row.size} records")
            if head is not None and (head.size, head.root) != (row.size, row.root.hex()):
                self._findings.append(f"the head of {row.size} records was changed: another was signed")
            if head is not None:
                expected.append(_Expected(head.size, bytes.fromhex(head.root), "signed"))
        anchored = 0
        for one in self._anchor.heads() if self._anchor is not None else ():
            anchored += 1
            name = f"anchored on {one.anchored_at.date().isoformat()}"
            head = self._genuine(one.head, f"the head {name}")
            if head is not None:
                expected.append(_Expected(head.size, bytes.fromhex(head.root), name))
        return sorted(expected, key=lambda one: one.size), count, anchored

    def _genuine(self, head: SignedHead, name: str) -> Head | None:
        found = self._read_head(head)
        if found is None:
            self._findings.append(f"{name} was not signed by the keys of this log")
        return found

    def _grow(
        self,
        session: Session,
        size: int,
        expected: Sequence[_Expected],
        hashing: Hashing,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Leaf by leaf; a head that does not come out is told once, with the records it may be about."""
        grown: tiles.Tiles = {}
        touched: set[int] = set()
        good, heads = 0, iter([*expected, None])
        head = next(heads)
        for start in range(0, size, CHUNK):
            entries = {one.leaf_index or 0: one for one in repository.entries(session, start, CHUNK)}
            end = min(start + CHUNK, size)
            leaf_hashes = self._leaf_hashes(session, start, end, entries, hashing)
            self._compare(session, entries.values())
            at = start
            while head is not None and head.size <= end:
                touched |= tiles.grow(grown, at, leaf_hashes[at - start : head.size - start], hashing)[1]
                at = head.size
                if tiles.hash_of(grown, (0, at), hashing) == head.root:
                    good = at
                else:
                    self._findings.append(
                        f"the records do not grow to the head of {head.size} records ({head.name}): "
                        f"between leaves {good} and {head.size - 1} something was changed"
                    )
                    head = None
                    break
                head = next(heads)
            touched |= tiles.grow(grown, at, leaf_hashes[at - start :], hashing)[1]
            edge = tiles.edge_places(end) if end < size else set()
            self._compare_tiles(session, {place: grown[place] for place in touched - edge}, size)
            touched &= edge
            grown = {place: tile for place, tile in grown.items() if place in edge}
            on_progress(end, size)

    def _compare_tiles(self, session: Session, grown: Mapping[int, bytearray], size: int) -> None:
        """Proofs are made of the tiles: they must be what the leaves grow to."""
        kept = repository.tiles(session, grown.keys())
        wrong = sum(kept.get(place) != bytes(tile) for place, tile in grown.items())
        if wrong:
            self._findings.append(f"{wrong} parts of the tree are not what the first {size} leaves grow to")

    def _leaf_hashes(
        self, session: Session, start: int, end: int, entries: Mapping[int, LogEntry], hashing: Hashing
    ) -> list[bytes]:
        """From the entries; where one is gone or changed, from the tree, so that it alone is named."""
        kept = repository.tiles(session, {tiles.place_of(Node(0, leaf)) for leaf in range(start, end)})
        found = []
        for leaf in range(start, end):
            entry = entries.get(leaf)
            own = None if entry is None else hashing.leaf(entry.commitment)
            try:
                in_tree: bytes | None = tiles.read(kept, Node(0, leaf))
            except KeyError:
                in_tree = None
            if entry is None:
                self._findings.append(f"leaf {leaf}: the entry in the log was deleted")
            elif in_tree is not None and own != in_tree:
                self._findings.append(f"leaf {leaf}: the entry of {_name(entry)} was changed")
            found.append(in_tree or own or hashing.empty())
        return found

    def _compare(self, session: Session, entries: Collection[LogEntry]) -> None:
        by_kind: dict[str, list[LogEntry]] = defaultdict(list)
        for entry in entries:
            if entry.nonce is None:
                self._erased.add(entry.record_id)
            else:
                by_kind[entry.kind].append(entry)
        for kind, some in by_kind.items():
            now = self._contents(session, kind, [one.record_id for one in some])
            for entry in some:
                content = now.get(entry.record_id)
                if content is None:
                    self._findings.append(f"{_name(entry)} was deleted")
                elif commitment(kind, entry.record_id, content, entry.nonce or b"") != entry.commitment:
                    self._findings.append(f"{_name(entry)} was changed")

    def _contents(
        self, session: Session, kind: str, record_ids: Collection[uuid.UUID]
    ) -> Mapping[uuid.UUID, Content]:
        if kind == ERASURE:
            self._erasures.update(record_ids)
            return {one: erasure_content(one) for one in record_ids}
        if kind == ADOPTION:
            self._adopted += len(record_ids)
            return {one: adoption_content(one) for one in record_ids}
        return self._sources[kind].contents(session, record_ids) if kind in self._sources else {}

    def _find_unrecorded(self, session: Session) -> None:
        for kind, source in sorted(self._sources.items()):
            for unknown in unrecorded(session, source):
                self._findings += [f"{kind} {one} is not in the log: it was slipped in" for one in unknown]


def _name(entry: LogEntry) -> str:
    return f"{entry.kind} {entry.record_id} of {entry.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
