"""Cells for whoever opens a table in a spreadsheet: none of them can run as a formula."""

from typing import Final

#: What a spreadsheet takes for the beginning of a formula, full width included (OWASP, CSV injection).
_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
#: By this spreadsheets know UTF-8.
MARK: Final = "\ufeff"


def safe_cell(value: object) -> str:
    """A cell as text; one that could be read as a formula is quoted with an apostrophe. Plain numbers stay."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.lstrip().startswith(_STARTS) or text.startswith(_STARTS) else text
