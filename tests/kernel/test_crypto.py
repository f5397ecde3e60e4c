"""Sealed values open only where they were sealed; indexes find without revealing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto import SealBroken, Vault, hmac_sm3, sm3


def test_sm3_agrees_with_the_example_of_the_standard() -> None:
    # GB/T 32905-2016, A.1
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@given(st.text(max_size=200), st.text(max_size=50))
def test_what_was_sealed_opens_in_its_place(text: str, context: str) -> None:
    vault = Vault.ephemeral()
    assert vault.open(vault.seal(text, context=context), context=context) == text


def test_a_value_moved_to_another_row_does_not_open() -> None:
    vault = Vault.ephemeral()
    sealed = vault.seal("张三", context="subject/name/1")
    with pytest.raises(SealBroken):
        vault.open(sealed, context="subject/name/2")


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    vault = Vault.ephemeral()
    sealed = bytearray(vault.seal("110105194912310021", context="c"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed), context="c")


def test_two_seals_of_one_value_differ_but_its_index_is_the_same() -> None:
    vault = Vault.ephemeral()
    assert vault.seal("x", context="c") != vault.seal("x", context="c")
    assert vault.blind_index("x", purpose="phone") == vault.blind_index("x", purpose="phone")
    assert vault.blind_index("x", purpose="phone") != vault.blind_index("x", purpose="id")


def test_a_vault_reopens_with_the_same_keys_and_not_with_another_master(tmp_path: Path) -> None:
    sealed = Vault.open_at(tmp_path).seal("x", context="c")
    assert Vault.open_at(tmp_path).open(sealed, context="c") == "x"
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0
    with pytest.raises(SealBroken):
        Vault.open_at(tmp_path, "A" * 43 + "=")


def test_hmac_differs_by_key() -> None:
    assert hmac_sm3(b"k" * 32, b"data") != hmac_sm3(b"q" * 32, b"data")
