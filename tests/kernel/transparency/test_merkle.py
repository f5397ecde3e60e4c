"""The tree of RFC 9162 against another library's, and proofs that prove nothing else."""

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.transparency import tiles
from kernel.transparency.merkle import (
    HASHINGS,
    Hashing,
    HashName,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
)

SHA256 = HASHINGS["sha-256"]
#: More than three tile levels would need thousands of leaves; the arithmetic of levels is that of two.
MOST = 600


def _leaf(number: int) -> bytes:
    return f"record {number}".encode()


def _grown(size: int, hashing: Hashing = SHA256) -> tiles.Tiles:
    tree: tiles.Tiles = {}
    tiles.grow(tree, 0, (hashing.leaf(_leaf(number)) for number in range(size)), hashing)
    return tree


@pytest.fixture(scope="module")
def oracle() -> pymerkle.InmemoryTree:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(MOST):
        tree.append_entry(_leaf(number))
    return tree


TREE = _grown(MOST)
sizes = st.integers(1, MOST)


def _root(size: int) -> bytes:
    return tiles.hash_of(TREE, (0, size), SHA256)


@given(size=sizes, data=st.data())
def test_roots_and_inclusion_proofs_are_those_of_another_library(
    oracle: pymerkle.InmemoryTree, size: int, data: st.DataObject
) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    theirs = oracle.prove_inclusion(leaf + 1, size).serialize()["path"]
    ours = [tiles.hash_of(TREE, span, SHA256) for span in inclusion_spans(leaf, size)]
    assert _root(size) == oracle.get_root(size)
    # Theirs goes from left to right and contains the leaf itself; ours goes upwards, as the RFC has it.
    assert sorted([one.hex() for one in [SHA256.leaf(_leaf(leaf)), *ours]]) == sorted(theirs)
    assert is_included(SHA256, SHA256.leaf(_leaf(leaf)), leaf, size, ours, _root(size))


@given(size=sizes, data=st.data())
def test_a_proof_of_inclusion_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, MOST))
    proof = [tiles.hash_of(TREE, span, SHA256) for span in inclusion_spans(leaf, size)]
    own, root = SHA256.leaf(_leaf(leaf)), _root(size)
    assert not is_included(SHA256, SHA256.leaf(b"another"), leaf, size, proof, root)
    assert not is_included(SHA256, own, leaf, size, [*proof, root], root)
    if other != leaf:
        assert not is_included(SHA256, own, other, size, proof, root)
    if proof:
        changed = data.draw(st.integers(0, len(proof) - 1))
        bent = [bytes(32) if place == changed else step for place, step in enumerate(proof)]
        assert not is_included(SHA256, own, leaf, size, bent, root)
        assert not is_included(SHA256, own, leaf, size, proof[:-1], root)


@given(first=sizes, second=sizes, data=st.data())
def test_a_smaller_tree_is_the_beginning_of_a_larger_one_and_of_no_other(
    first: int, second: int, data: st.DataObject
) -> None:
    first, second = sorted((first, second))
    proof = [tiles.hash_of(TREE, span, SHA256) for span in consistency_spans(first, second)]
    older, newer = _root(first), _root(second)
    assert is_consistent(SHA256, first, second, older, newer, proof)
    assert not is_consistent(SHA256, first, second, SHA256.leaf(b"x"), newer, proof)
    assert not is_consistent(SHA256, first, second, older, SHA256.leaf(b"x"), proof)
    assert not is_consistent(SHA256, first, second, older, newer, [*proof, older])
    if proof:
        changed = data.draw(st.integers(0, len(proof) - 1))
        bent = [bytes(32) if place == changed else step for place, step in enumerate(proof)]
        assert not is_consistent(SHA256, first, second, older, newer, bent)


@pytest.mark.parametrize("name", ["sha-256", "sm3"])
def test_it_grows_piece_by_piece_to_the_same_tree(name: HashName) -> None:
    hashing = HASHINGS[name]
    whole, size = _grown(300, hashing), 0
    kept: dict[int, bytes] = {}
    for piece in (1, 1, 14, 16, 17, 200, 51):
        edge = tiles.edge_places(size)
        tree = {place: bytearray(kept[place]) for place in edge}
        leaves = [hashing.leaf(_leaf(number)) for number in range(size, size + piece)]
        size, touched = tiles.grow(tree, size, leaves, hashing)
        kept |= {place: bytes(tree[place]) for place in touched}
    assert kept == {place: bytes(tile) for place, tile in whole.items()}


def test_no_two_nodes_share_a_slot() -> None:
    tree = _grown(MOST)
    found = [tiles.read(tree, node) for level in range(10) for node in _nodes(level, MOST)]
    assert len(found) == len(set(found))
    assert len(tree) == sum(-(-(MOST >> level) // 16) if MOST >> level else 0 for level in (0, 4, 8))


def _nodes(level: int, size: int) -> list[tiles.Node]:
    return [tiles.Node(level, index) for index in range(size >> level)]
