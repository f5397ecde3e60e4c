"""Sets of characters: classes in brackets with what they leave out, escapes like ``\\d``, and Unicode's properties."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

Has: TypeAlias = Callable[[str], bool]


class BadPattern(ValueError):
    """The text is no regular expression of XPath."""


#: The blocks of ``\\p{Is…}`` that texts here are likely to need; another name makes the pattern invalid.
_BLOCKS: Final[dict[str, tuple[int, int]]] = {
    "BasicLatin": (0x0, 0x7F),
    "Latin-1Supplement": (0x80, 0xFF),
    "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F),
    "IPAExtensions": (0x250, 0x2AF),
    "Greek": (0x370, 0x3FF),
    "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "Thai": (0xE00, 0xE7F),
    "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "NumberForms": (0x2150, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "Bopomofo": (0x3100, 0x312F),
    "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7AF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
    "CJKUnifiedIdeographsExtensionB": (0x20000, 0x2A6DF),
}
_CATEGORIES: Final = frozenset(
    main + part
    for main, parts in {
        "L": "ultmo",
        "M": "nce",
        "N": "dlo",
        "P": "cdseifo",
        "Z": "slp",
        "S": "mcko",
        "C": "cfon",
    }.items()
    for part in ("", *parts)
)


def _is_name_start(character: str) -> bool:
    return character in "_:" or unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo", "Nl")


def _is_name(character: str) -> bool:
    category = unicodedata.category(character)
    return _is_name_start(character) or character in "-.·" or category in ("Mc", "Me", "Mn", "Lm", "Nd")


_ESCAPED_SETS: Final[dict[str, Has]] = {
    "s": lambda character: character in " \t\n\r",
    "d": lambda character: unicodedata.category(character) == "Nd",
    "w": lambda character: unicodedata.category(character)[0] not in "PZC",
    "i": _is_name_start,
    "c": _is_name,
}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE: Final = frozenset("\\|.-^?*+{}()[]$")


@lru_cache(maxsize=4096)
def variants(character: str) -> frozenset[str]:
    """A character in its other cases."""
    first = {character, character.lower(), character.upper(), character.casefold()}
    found = first | {case for one in first for case in (one.lower(), one.upper())}
    return frozenset(one for one in found if len(one) == 1)


def single(character: str, *, ignores_case: bool) -> Has:
    if not ignores_case:
        return lambda given: given == character
    wanted = variants(character)
    return lambda given: given in wanted or not wanted.isdisjoint(variants(given))


def between(low: str, high: str, *, ignores_case: bool) -> Has:
    if low > high:
        raise BadPattern
    if not ignores_case:
        return lambda given: low <= given <= high
    return lambda given: any(low <= one <= high for one in variants(given))


def none_of(has: Has) -> Has:
    return lambda given: not has(given)


def any_of(parts: list[Has]) -> Has:
    return lambda given: any(has(given) for has in parts)


def except_for(has: Has, left_out: Has) -> Has:
    return lambda given: has(given) and not left_out(given)


def escaped(letter: str) -> str | Has:
    """What ``\\`` and a letter mean: a character, or a set of them."""
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter in _ESCAPABLE:
        return letter
    if letter in _ESCAPED_SETS:
        return _ESCAPED_SETS[letter]
    if letter.lower() in _ESCAPED_SETS:
        return none_of(_ESCAPED_SETS[letter.lower()])
    raise BadPattern


def with_property(name: str) -> Has:
    """``\\p{L}``, ``\\p{IsBasicLatin}``."""
    if name in _CATEGORIES:
        return lambda given: unicodedata.category(given).startswith(name)
    if name.startswith("Is") and name[2:] in _BLOCKS:
        first, last = _BLOCKS[name[2:]]
        return lambda given: first <= ord(given) <= last
    raise BadPattern
