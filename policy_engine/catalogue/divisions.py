"""Administrative divisions by their national code, and which of them lies in which."""

from typing import Literal

import msgspec

#: Of the longest code there is, a village's.
_DIGITS = 12

Level = Literal["nation", "province", "city", "county", "township"]


class Division(msgspec.Struct, frozen=True):
    """``code`` has six digits down to a county, nine for a township; ``parent`` is empty for the nation."""

    code: str
    name: str
    level: Level
    kind: str = ""
    label_en: str = ""
    parent: str = ""


def prefix_of(code: str) -> str:
    """The digits that every division inside ``code`` begins with: 420200 gives 4202, the nation nothing.

    >>> prefix_of("420200"), prefix_of("000000"), prefix_of("420202070")
    ('4202', '', '420202070')
    """
    if len(code) != 6:
        return code
    while code.endswith("00"):
        code = code[:-2]
    return code


def bounds_of(code: str) -> tuple[str, str]:
    """The first and the last code inside ``code``, for ``BETWEEN``: an index is read between two bounds, and a pattern that
    begins with the same digits is not (SQLite with an escape, PostgreSQL in any language but C).

    >>> bounds_of("420203")
    ('420203', '420203999999')
    """
    prefix = prefix_of(code)
    return prefix, prefix.ljust(_DIGITS, "9")


def encloses(outer: str, inner: str) -> bool:
    """True when ``inner`` is ``outer`` itself or lies inside it."""
    return inner.startswith(prefix_of(outer))


def enclosing_prefixes(code: str) -> tuple[str, ...]:
    """The prefixes of all divisions around ``code`` (and its own), the nearest first."""
    own = prefix_of(code)
    lengths = [length for length in (9, 6, 4, 2) if length <= len(own)]
    return (*(own[:length] for length in lengths), "")
