"""Where the nodes of the tree are kept: four levels of a subtree in one tile of 960 bytes, so that appending rewrites a
handful of rows however large the log is, and a proof reads two tiles for every four levels. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from kernel.transparency.merkle import Hashing, Node, Span, peaks

HEIGHT = 4
HASH_BYTES = 32
TILE_BYTES = ((2 << HEIGHT) - 2) * HASH_BYTES
_WIDTH = 1 << HEIGHT
_LEVEL_BITS = 48

#: Tiles by place; a slot whose node is not whole yet holds zeros and is never asked for.
Tiles: TypeAlias = dict[int, bytearray]


def place_of(node: Node) -> int:
    """The number of the tile that holds a node: its level above, its index below."""
    return (node.level // HEIGHT << _LEVEL_BITS) | node.index >> (HEIGHT - node.level % HEIGHT)


def read(tiles: Mapping[int, bytes | bytearray], node: Node) -> bytes:
    """Raises ``KeyError`` for a tile that is not there."""
    offset = _offset(node)
    return bytes(tiles[place_of(node)][offset : offset + HASH_BYTES])


def hash_of(tiles: Mapping[int, bytes | bytearray], span: Span, hashing: Hashing) -> bytes:
    """The hash over a span of leaves."""
    return hashing.fold([read(tiles, node) for node in peaks(span)])


def places_of(spans: Iterable[Span]) -> set[int]:
    """The tiles that the hashes of these spans need."""
    return {place_of(node) for span in spans for node in peaks(span)}


def edge_places(size: int) -> set[int]:
    """The tiles that the next leaves will be written to or hashed with."""
    return places_of([(0, size)])


def grow(tiles: Tiles, size: int, leaf_hashes: Iterable[bytes], hashing: Hashing) -> tuple[int, set[int]]:
    """Put leaves behind the first ``size``; the new size and the places of the tiles that changed.

    ``tiles`` holds at least those of ``edge_places(size)``.
    """
    touched: set[int] = set()
    for found in leaf_hashes:
        node = Node(0, size)
        _write(tiles, touched, node, found)
        while node.index & 1:
            found = hashing.node(read(tiles, Node(node.level, node.index - 1)), found)
            node = Node(node.level + 1, node.index >> 1)
            _write(tiles, touched, node, found)
        size += 1
    return size, touched


def leaves(tile: bytes | bytearray) -> Iterator[bytes]:
    """The sixteen nodes at the foot of a tile."""
    for offset in range(0, _WIDTH * HASH_BYTES, HASH_BYTES):
        yield bytes(tile[offset : offset + HASH_BYTES])


def _write(tiles: Tiles, touched: set[int], node: Node, found: bytes) -> None:
    place, offset = place_of(node), _offset(node)
    tile = tiles.get(place)
    if tile is None:
        tile = tiles[place] = bytearray(TILE_BYTES)
    tile[offset : offset + HASH_BYTES] = found
    touched.add(place)


def _offset(node: Node) -> int:
    """Foot first: sixteen slots, then eight, four and two."""
    step = node.level % HEIGHT
    before = 2 * _WIDTH - (2 * _WIDTH >> step)
    return (before + node.index % (_WIDTH >> step)) * HASH_BYTES
