"""Figures, dates and identifiers as people write them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from kernel.i18n import ENGLISH, Translations
from kernel.web import formats


def test_an_amount_is_said_with_its_period() -> None:
    assert formats.yuan(163000, "month") == "每月1,630元"
    assert formats.yuan(163050) == "1,630.50元"
    assert formats.yuan(None, "month") == "金额待定"


def test_an_amount_in_english() -> None:
    with Translations.load().speaking(ENGLISH):
        assert formats.yuan(163000, "month") == "¥1,630 a month"


def test_an_instant_is_read_in_huangshi() -> None:
    assert formats.moment(datetime(2026, 11, 22, 16, 5, tzinfo=UTC)) == "2026年11月23日 00:05"
    assert formats.day(datetime(2026, 11, 22, 16, 5, tzinfo=UTC)) == "2026年11月23日"


@pytest.mark.parametrize("on", [date(2026, 11, 2), "2026-11-02"])
def test_a_date_is_written_out(on: date | str) -> None:
    assert formats.day(on) == "2026年11月2日"


def test_what_a_payment_is_for_is_said_as_people_say_it() -> None:
    said = [formats.term(one) for one in ("2026-11", "2026Q4", "2026", "")]
    assert said == ["2026年11月", "2026年第4季度", "2026年", "—"]
    with Translations.load().speaking(ENGLISH):
        assert [formats.term(one) for one in ("2026-11", "2026Q4", "2026")] == [
            "November 2026",
            "Q4 2026",
            "2026",
        ]


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("13800135678", "", "138****5678"),
        ("429900194403121243", "id", "429*************43"),
        ("6217002876543210", "account", "**** 3210"),
        ("王桂兰", "name", "王**"),
        ("12", "account", "**"),
        ("", "id", "—"),
    ],
)
def test_an_identifier_shows_only_what_helps_to_know_it(text: str, kind: str, shown: str) -> None:
    assert formats.masked(text, kind) == shown


@given(st.text(alphabet="0123456789", min_size=15, max_size=20))
def test_most_of_a_long_number_is_never_shown(number: str) -> None:
    for kind in ("id", "account", ""):
        assert sum(one.isdigit() for one in formats.masked(number, kind)) <= 5


def test_chinese_on_an_english_page_is_marked() -> None:
    chinese = "城乡居民最低生活保障金"
    assert formats.lang_of(chinese) == ""
    with Translations.load().speaking(ENGLISH):
        assert formats.lang_of(chinese) == ' lang="zh-CN"'
        assert formats.lang_of("Nursing subsidy of 王秀英") == ""
        assert formats.lang_of(Markup('<span class="row-note">残联</span>')) == ' lang="zh-CN"'
        assert formats.lang_of("2026-11-30") == formats.lang_of("") == formats.lang_of(12) == ""
        assert formats.said("低保", "Minimum living allowance") == "Minimum living allowance"
        assert formats.said("低保") == "低保"
