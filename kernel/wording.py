"""Words that are kept and told again: the Chinese of record, with what it was made of for readers of another language.

A letter is written when something happens and read by whoever it concerns, today or in a year, in the language that they
read. ``worded("%(policy)s：已批准", policy=…)`` gives its Chinese, a string like any other, and remembers the text and its
values; ``kept`` writes that down and ``retold`` says it in the language being spoken.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from babel.dates import format_date

from kernel.i18n import CHINESE, Named, current_locale, raw_gettext


class Month(NamedTuple):
    """A month of a year, as a value of a text."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)


#: What may stand in a text: a word as it is, a thing with a name in both languages, a count, a day or month, words told
#: in the reader's language too, or nothing where a value is not known.
Value: TypeAlias = "str | int | date | Month | Named | Wording | None"
#: As JSON: ``[text, {name: value}]`` is translated, ``[text]`` stands as it is; within values, words are lists again,
#: days and months are ``{"day": "2026-11-29"}`` and ``{"month": "2026-11"}``, names are ``{"zh": …, "en": …}``.
Kept: TypeAlias = list[list[Any]]
_Part: TypeAlias = tuple[str, Mapping[str, Value] | None]


class Wording(str):
    """Chinese words that know the texts they were made of. ``+`` joins them; formatting into another string forgets it."""

    parts: tuple[_Part, ...]

    def __new__(cls, *parts: _Part) -> "Wording":
        self = super().__new__(cls, "".join(_in_chinese(text, values) for text, values in parts))
        self.parts = parts
        return self

    def __add__(self, other: str) -> "Wording":
        return Wording(*self.parts, *as_said(other).parts)

    def __radd__(self, other: str) -> "Wording":
        return Wording(*as_said(other).parts, *self.parts)


def worded(message: str, /, **values: Value) -> Wording:
    """The Chinese text with its ``%(name)s`` filled; in another language it is told by the catalogues' word for ``message``."""
    return Wording((message, values))


def as_said(words: str) -> Wording:
    """What somebody wrote themselves, a reason or a person's name: the same in every language."""
    return words if isinstance(words, Wording) else Wording((words, None))


def listed(words: Sequence[str]) -> Wording:
    """Words one after the other, as a value of a text."""
    found = as_said(words[0] if words else "")
    for one in words[1:]:
        found = found + worded("、") + one
    return found


def kept(words: Wording) -> Kept:
    """What ``retold`` needs, as JSON."""
    return [
        [text] if values is None else [text, {name: _kept(value) for name, value in values.items()}]
        for text, values in words.parts
    ]


def retold(of_record: str, parts: Kept | None) -> str:
    """Kept words in the language being spoken; those of which no more is known than their Chinese, if a catalogue has it."""
    if current_locale() == CHINESE:
        return of_record
    return raw_gettext(of_record) if parts is None else _told(parts)


def _in_chinese(text: str, values: Mapping[str, Value] | None) -> str:
    if not values:
        return text
    return text % {name: _value_in(CHINESE, value) for name, value in values.items()}


def _value_in(locale: str, value: Value) -> str | int:
    match value:
        case Month(year, month):
            return (
                f"{year}年{month}月"
                if locale == CHINESE
                else format_date(date(year, month, 1), "MMMM y", locale)
            )
        case date():
            # A city's letters are written by the thousand: Babel takes longer for one day than all the rest.
            written = f"{value.year}年{value.month}月{value.day}日"
            return written if locale == CHINESE else format_date(value, "long", locale)
        case Named():
            return value.zh if locale == CHINESE else value.en or value.zh
        case _:
            return "" if value is None else value


def _kept(value: Value) -> Any:
    if isinstance(value, Wording):
        return kept(value)
    if isinstance(value, Named):
        return value._asdict()
    if isinstance(value, Month):
        return {"month": f"{value.year}-{value.month:02d}"}
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _told(parts: Sequence[Sequence[Any]]) -> str:
    told, was_ours = "", False
    for part in parts:
        words, is_ours = _told_part(*part), len(part) > 1
        # Chinese sentences follow one another without a space; what somebody wrote stays as it is.
        told += f" {words}" if was_ours and is_ours and told.endswith((".", "!", "?")) else words
        was_ours = is_ours
    return told


def _told_part(text: str, values: Mapping[str, Any] | None = None) -> str:
    if values is None:
        return text
    told = raw_gettext(text)
    return told % {name: _told_value(value) for name, value in values.items()} if values else told


def _told_value(value: Any) -> str | int:
    match value:
        case list():
            return _told(value)
        case {"day": day}:
            return _value_in(current_locale(), date.fromisoformat(day))
        case {"month": month}:
            year, number = month.split("-")
            return _value_in(current_locale(), Month(int(year), int(number)))
        case {"zh": zh, "en": en}:
            return Named(zh, en).said
        case _:
            return _value_in(current_locale(), value)
