"""Small wire types shared by the departments' formats, and exact readings of them.

Departments send dates as eight digits, amounts as yuan in text and rates as percent in text; the system keeps
ISO dates, whole fen and per-mille. What cannot be read exactly is refused, never rounded in silence.
"""

from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Annotated

import msgspec

IdNumber = Annotated[str, msgspec.Meta(pattern=r"^(\d{17}[\dX]|\d{15})\Z")]
Uscc = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}\Z")]
PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
FirmName = Annotated[str, msgspec.Meta(min_length=2, max_length=120)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{8}\Z")]
Month = Annotated[str, msgspec.Meta(pattern=r"^\d{6}\Z")]
Yuan = Annotated[str, msgspec.Meta(pattern=r"^\d{1,12}(\.\d{1,2})?\Z")]
Percent = Annotated[str, msgspec.Meta(pattern=r"^\d{1,4}(\.\d{1,4})?\Z")]
Division = Annotated[str, msgspec.Meta(pattern=r"^\d{6}(\d{3}|\d{6})?\Z")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=12)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z\-]+\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class UnmappableError(ValueError):
    """A message that is well formed but says what this city does not know; the text names field and value."""


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_check_character(first_17: str) -> str:
    """The last character of an id number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def check_id_number(field: str, text: str) -> str:
    """The id number itself; a mistyped one is refused here, where the sender can still mend it."""
    if len(text) == 18:
        read_day(field, text[6:14])
        if id_check_character(text[:17]) != text[17]:
            raise UnmappableError(f"{field}: the id number's check character is wrong")
    return text


def read_day(field: str, text: str) -> date:
    """A date written as eight digits."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise UnmappableError(f"{field}: not a day of the calendar") from None


def read_month(field: str, text: str) -> date:
    """The first day of a month written as six digits."""
    return read_day(field, text + "01")


def read_code(field: str, code: str, meanings: dict[str, str]) -> str:
    """The meaning of a code; an unknown one is refused by name rather than guessed."""
    try:
        return meanings[code]
    except KeyError:
        known = ", ".join(sorted(meanings))
        raise UnmappableError(f"{field}: code {code!r} is not known (known: {known})") from None


def read_fen(text: str) -> int:
    """Whole fen from yuan in text, exactly."""
    yuan, _, cents = text.partition(".")
    return int(yuan) * 100 + int((cents + "00")[:2])


def write_yuan(fen: int) -> str:
    """Yuan in text from whole fen, as departments, treasury and banks write it."""
    return f"{fen // 100}.{fen % 100:02d}"


def read_per_mille_ceiling(text: str) -> int:
    """Per-mille from percent in text, rounded up.

    Rates are compared as "not above" a limit given in whole per-mille; rounded up, the comparison says
    exactly what it would say of the unrounded rate.
    """
    return int((Decimal(text) * 10).to_integral_value(rounding=ROUND_CEILING))
