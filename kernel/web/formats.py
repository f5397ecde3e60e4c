"""How figures, dates and identifiers are written for people, in the language being spoken."""

import re
from datetime import date, datetime
from typing import Final, NamedTuple

from babel.dates import format_date, format_datetime, format_skeleton
from markupsafe import Markup

from kernel.clock import SHANGHAI
from kernel.i18n import CHINESE, LANGUAGE_TAGS, Named, current_locale
from kernel.i18n import gettext as _
from kernel.money import Fen, format_yuan, format_yuan_exact

_HAN: Final = re.compile(r"[\u2e80-\u2fff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN: Final = re.compile(r"[A-Za-z]")


def said(zh: str, en: str = "") -> str:
    """A thing's own name in the language being spoken; in Chinese where it has no other."""
    return Named(zh, en).said


def lang_of(text: object) -> str:
    """` lang="zh-CN"` for a text that is Chinese on a page in another language (WCAG 2.2, 3.1.2), else nothing.

    A screen reader then pronounces it; a name or two within an English sentence is left to the sentence.
    """
    if current_locale() == CHINESE:
        return ""
    words = text.striptags() if isinstance(text, Markup) else str(text)
    if len(_HAN.findall(words)) <= len(_LATIN.findall(words)):
        return ""
    return Markup(' lang="{}"').format(LANGUAGE_TAGS[CHINESE])


class AmountParts(NamedTuple):
    """An amount as three pieces of type: 每月 · 1,630 · 元."""

    before: str
    number: str
    after: str


def amount_parts(fen: Fen, period: str = "") -> AmountParts:
    """The pieces of an amount; `period` is month, quarter, year, day, once or empty (and then not said)."""
    number = format_yuan(fen)
    said = {
        "": "",
        "month": _("每月"),
        "quarter": _("每季度"),
        "year": _("每年"),
        "day": _("每天"),
        "once": _("一次性"),
    }[period]
    if current_locale() == CHINESE:
        return AmountParts(said, number, "元")
    return AmountParts("", f"¥{number}", f" {said}" if said else "")


def yuan(fen: Fen | None, period: str = "") -> str:
    """`每月1,630元`; None (an amount not yet known) reads 金额待定."""
    return _("金额待定") if fen is None else "".join(amount_parts(fen, period))


def yuan_table(fen: Fen | None) -> str:
    """`1,630.00`, for columns that align."""
    return "—" if fen is None else format_yuan_exact(fen)


def day(on: date | datetime | str | None) -> str:
    """`2026年11月22日`; an instant is read in Asia/Shanghai, text as ISO 8601."""
    if on is None or on == "":
        return "—"
    if isinstance(on, str):
        on = date.fromisoformat(on[:10])
    if isinstance(on, datetime):
        on = on.astimezone(SHANGHAI).date()
    return format_date(on, "long", locale=current_locale())


def moment(at: datetime | None) -> str:
    """`2026年11月22日 14:05`, the time in Asia/Shanghai."""
    if at is None:
        return "—"
    clock = format_datetime(at, "HH:mm", tzinfo=SHANGHAI, locale=current_locale())
    return f"{day(at)} {clock}"


def term(period: str | None) -> str:
    """What a payment is for: `2026-11` reads `2026年11月`, `2026Q4` `2026年第4季度`, `2026` `2026年`."""
    if not period:
        return "—"
    locale = current_locale()
    if len(period) == 7:
        return format_skeleton("yMMMM", date.fromisoformat(f"{period}-01"), locale=locale)
    if "Q" in period:
        year, _q, quarter = period.partition("Q")
        return _("%(year)s年第%(quarter)s季度") % {"year": year, "quarter": quarter}
    return f"{period}年" if locale == CHINESE else period


def number(value: float | None) -> str:
    """`12,345`, as both languages group digits."""
    return "—" if value is None else f"{value:,}"


def percent(permille: int | None) -> str:
    """Per-mille as a percentage: 125 reads `12.5%`."""
    return "—" if permille is None else f"{permille / 10:g}%"


#: How much of an identifier stays readable: (first characters, last characters).
_KEPT = {"id": (3, 2), "phone": (3, 4), "account": (0, 4), "name": (1, 0)}


def masked(text: str | None, kind: str = "") -> str:
    """An identifier as it may be shown: `138****5678`, `420**********12`, `**** 6789`, `王**`.

    `kind` is id, phone, account or name; without one, eleven digits are a phone and anything else shows its last four.
    """
    if not text:
        return "—"
    first, last = _KEPT[kind or ("phone" if len(text) == 11 and text.isdigit() else "account")]
    hidden = len(text) - first - last
    if hidden <= 0:
        return "*" * len(text)
    if kind == "account":
        return f"**** {text[-last:]}"
    return f"{text[:first]}{'*' * hidden}{text[len(text) - last :]}"
