"""Texts (§10.3.4.3): characters are Unicode's, places count from 1, or from -1 backwards."""

from decimal import Decimal
from typing import Any

from policy_engine.language.built_ins.registry import LIST, NUMBER, TEXT, built_in
from policy_engine.language.effort import spend_text
from policy_engine.language.patterns import Pattern, pattern_of

_PAIR = {"string": TEXT, "match": TEXT}


@built_in("substring", {"string": TEXT, "start position": NUMBER, "length": NUMBER}, fewest=2)
def substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    place = int(start)
    if not 0 < abs(place) <= len(text) or abs(start) > len(text):
        return None if text or place == 0 else ""
    first = place - 1 if place > 0 else len(text) + place
    if length is None:
        return text[first:]
    if length < 1:
        return None
    return text[first : first + int(min(length, Decimal(len(text))))]


@built_in("string length", {"string": TEXT})
def length_of(text: str) -> Decimal:
    return Decimal(len(text))


@built_in("upper case", {"string": TEXT})
def upper_case(text: str) -> str | None:
    return spend_text(text.upper())


@built_in("lower case", {"string": TEXT})
def lower_case(text: str) -> str | None:
    return spend_text(text.lower())


@built_in("substring before", _PAIR)
def substring_before(text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@built_in("substring after", _PAIR)
def substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@built_in("contains", _PAIR)
def contains(text: str, match: str) -> bool:
    return match in text


@built_in("starts with", _PAIR)
def starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@built_in("ends with", _PAIR)
def ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@built_in("matches", {"input": TEXT, "pattern": TEXT, "flags": TEXT}, fewest=2)
def matches(text: str, pattern: str, flags: str | None = None) -> bool | None:
    compiled = pattern_of(pattern, flags or "")
    return None if compiled is None else compiled.search(text, 0) is not None


@built_in("replace", {"input": TEXT, "pattern": TEXT, "replacement": TEXT, "flags": TEXT}, fewest=3)
def replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """Every match; ``$1`` puts in the first group, ``$0`` the whole. Null where the pattern matches an empty text."""
    compiled = pattern_of(pattern, flags or "")
    if compiled is None or compiled.search("", 0) is not None:
        return None
    parts = compiled.template(replacement)
    if parts is None:
        return None
    pieces: list[str] = []
    last = 0
    for groups in compiled.all_in(text):
        pieces.append(text[last : groups[0]])
        for part in parts:
            piece = part if isinstance(part, str) else _group(text, groups, part)
            pieces.append(piece)
            if spend_text(piece) is None:
                return None
        last = groups[1]
    pieces.append(text[last:])
    return spend_text("".join(pieces))


def _group(text: str, groups: tuple[int, ...], number: int) -> str:
    start, end = groups[2 * number], groups[2 * number + 1]
    return text[start:end] if start >= 0 else ""


@built_in("split", {"string": TEXT, "delimiter": TEXT})
def split(text: str, delimiter: str) -> list[str] | None:
    """At every match of the pattern."""
    compiled = pattern_of(delimiter, "")
    if compiled is None or compiled.search("", 0) is not None:
        return None
    return _between(text, compiled)


def _between(text: str, compiled: Pattern) -> list[str]:
    pieces: list[str] = []
    last = 0
    for groups in compiled.all_in(text):
        pieces.append(text[last : groups[0]])
        last = groups[1]
    return [*pieces, text[last:]]


@built_in("extract", {"input": TEXT, "pattern": TEXT, "flags": TEXT}, fewest=2)
def extract(text: str, pattern: str, flags: str | None = None) -> list[str] | None:
    """Every piece that matches."""
    compiled = pattern_of(pattern, flags or "")
    if compiled is None:
        return None
    return [text[groups[0] : groups[1]] for groups in compiled.all_in(text)]


@built_in("string join", {"list": LIST, "delimiter": TEXT}, fewest=1)
def string_join(items: list[Any], delimiter: str | None = None) -> str | None:
    """Nulls are left out; anything else that is no text makes it null."""
    texts = [item for item in items if item is not None]
    if not all(isinstance(item, str) for item in texts):
        return None
    if len(delimiter or "") * len(texts) > 1_000_000:
        return None
    return spend_text((delimiter or "").join(texts))
