"""What departments write is read exactly or refused by name."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wire import (
    UnmappableError,
    check_id_number,
    read_code,
    read_day,
    read_fen,
    read_month,
    read_per_mille_ceiling,
    write_yuan,
)
from tests.connectors.conftest import PERSON


@given(st.integers(0, 10**14))
def test_yuan_in_text_and_fen_say_the_same(fen: int) -> None:
    assert read_fen(write_yuan(fen)) == fen


@pytest.mark.parametrize(("text", "fen"), [("680", 68000), ("680.5", 68050), ("0.05", 5), ("0", 0)])
def test_yuan_may_lack_cents(text: str, fen: int) -> None:
    assert read_fen(text) == fen


@given(st.decimals(0, 100, places=4), st.integers(0, 1000))
def test_a_rate_rounded_up_compares_with_a_whole_limit_as_the_rate_itself_does(
    rate: Decimal, limit: int
) -> None:
    assert (read_per_mille_ceiling(str(rate)) <= limit) == (rate * 10 <= limit)


def test_a_day_is_read() -> None:
    assert read_day("csrq", "20240229") == date(2024, 2, 29)
    assert read_month("tzyf", "202611") == date(2026, 11, 1)


def test_a_day_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(UnmappableError, match=r"^csrq: not a day") as refused:
        read_day("csrq", "20230229")
    assert "2023" not in str(refused.value)


def test_an_unknown_code_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnmappableError, match=r"cjdj: code '5' is not known \(known: 1, 2\)"):
        read_code("cjdj", "5", {"1": "一级", "2": "二级"})


def test_an_id_number_with_a_wrong_check_character_is_refused_without_repeating_it() -> None:
    wrong = PERSON[:17] + ("0" if PERSON[17] != "0" else "1")
    with pytest.raises(UnmappableError) as refused:
        check_id_number("person", wrong)
    assert wrong not in str(refused.value)


def test_a_fifteen_digit_id_number_is_let_through() -> None:
    assert check_id_number("person", "420202650812882") == "420202650812882"
