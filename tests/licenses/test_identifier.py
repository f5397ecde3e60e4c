"""The identifier's check, against identifiers seen in the wild."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidInput
from licenses.identifier import LicenceIdentifier, parse_identifier

SEEN = [
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W011.11430000006122244L.20230000403.002.S",
]
CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("text", SEEN)
def test_identifiers_in_use_verify(text: str) -> None:
    assert str(parse_identifier(text)) == f"1.2.156.3005.2.{text}"


def test_a_short_issuer_is_read_leniently_only() -> None:
    seen = "11100000MB03271699022.340100.000000016.001.9"
    assert parse_identifier(seen, is_strict=False).issuer == "340100"
    with pytest.raises(InvalidInput, match="颁发机构"):
        parse_identifier(seen)


identifiers = st.builds(
    LicenceIdentifier,
    type_code=st.text(CAPITALS, min_size=21, max_size=21),
    issuer=st.text(CAPITALS, min_size=18, max_size=18),
    serial=st.text(CAPITALS, min_size=7, max_size=32),
    version=st.integers(1, 999).map("{:03d}".format),
)


@given(identifiers)
def test_what_is_written_is_read_back(identifier: LicenceIdentifier) -> None:
    assert parse_identifier(str(identifier)) == identifier


@given(identifiers, st.data())
def test_one_wrong_character_is_noticed(identifier: LicenceIdentifier, data: st.DataObject) -> None:
    body = str(identifier).removeprefix("1.2.156.3005.2.")
    position = data.draw(st.sampled_from([n for n, c in enumerate(body) if c != "."]))
    other = data.draw(st.sampled_from([c for c in CAPITALS if c != body[position]]))
    with pytest.raises(InvalidInput):
        parse_identifier(body[:position] + other + body[position + 1 :])


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert str(parse_identifier(text)).startswith("1.2.156.3005.2.")
