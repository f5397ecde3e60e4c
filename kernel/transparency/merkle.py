"""The Merkle tree of RFC 9162 §2 (the one of RFC 6962): hashes, which nodes a proof needs, and checking one. Pure.

A node is (level, index): level 0 holds the leaves, and node i of a level stands over 2**level of them from i * 2**level
on. Only whole nodes are ever kept; the ragged right edge of a tree of some size is folded from them when it is wanted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from kernel.crypto import sm3

HashName: TypeAlias = Literal["sha-256", "sm3"]


class Node(NamedTuple):
    level: int
    index: int


#: The leaves from the first up to but without the second number: a subtree, whole or at the right edge.
Span: TypeAlias = tuple[int, int]


class Hashing(NamedTuple):
    """A hash function with the prefixes that keep leaves and inner nodes apart (§2.1.1)."""

    name: HashName
    digest: Callable[[bytes], bytes]

    def leaf(self, data: bytes) -> bytes:
        return self.digest(b"\x00" + data)

    def node(self, left: bytes, right: bytes) -> bytes:
        return self.digest(b"\x01" + left + right)

    def empty(self) -> bytes:
        return self.digest(b"")

    def fold(self, peaks: Sequence[bytes]) -> bytes:
        """The hash of a span from those of its whole subtrees, the leftmost first."""
        if not peaks:
            return self.empty()
        found = peaks[-1]
        for left in reversed(peaks[:-1]):
            found = self.node(left, found)
        return found


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


HASHINGS: Mapping[HashName, Hashing] = {
    "sha-256": Hashing("sha-256", _sha256),
    "sm3": Hashing("sm3", sm3),
}


def peaks(span: Span) -> list[Node]:
    """The whole subtrees of a span, the leftmost first. A span of a tree begins at a multiple of its own width."""
    start, end = span
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(Node(level, start >> level))
        start += 1 << level
    return found


def inclusion_spans(leaf: int, size: int) -> list[Span]:
    """What the proof consists of that ``leaf`` is in the tree of ``size``, the lowest first (§2.1.3.1)."""
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if leaf < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """What the proof consists of that the tree of ``first`` leaves is the beginning of that of ``second`` (§2.1.4.1)."""
    if not 0 < first < second:
        return []
    spans: list[Span] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return ([(start, end)] if start else []) + spans[::-1]


def is_included(
    hashing: Hashing, leaf_hash: bytes, leaf: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the proof leads from the leaf to the root (§2.1.3.2)."""
    if not 0 <= leaf < size:
        return False
    position, last, found = leaf, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = hashing.node(step, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = hashing.node(found, step)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    hashing: Hashing,
    first: int,
    second: int,
    first_root: bytes,
    second_root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Whether the smaller tree is the beginning of the larger one (§2.1.4.2)."""
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == hashing.empty()
    steps = list(proof)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    if not 0 < first < second or not steps:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            older, newer = hashing.node(step, older), hashing.node(step, newer)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            newer = hashing.node(newer, step)
        position, last = position >> 1, last >> 1
    return last == 0 and older == first_root and newer == second_root


def _split(width: int) -> int:
    """The largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)
