"""What a cell says, exactly: yuan with two decimals, per cent with one, dates, words; nothing is guessed or rounded."""

import re
from datetime import date

import msgspec

from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute
from policy_engine.profiles.schemas import RawValue

#: Known to be none; not known (any more).
NONE, UNKNOWN = frozenset({"无", "none", "null"}), frozenset({"未知", "unknown"})
YES, NO = frozenset({"是", "1", "true", "y"}), frozenset({"否", "0", "false", "n"})
_WHOLE = re.compile(r"\d{1,15}")
_MONEY = re.compile(r"(\d{1,13})(?:\.(\d{1,2})0*)?")
_PERCENT = re.compile(r"(\d{1,4})(?:\.(\d)0*)?%?")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_EIGHT = re.compile(r"\d{8}")


class Unreadable(ValueError):
    """``what`` is wrong with a cell and how to ``mend`` it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def read_cell(attribute: Attribute, text: str) -> RawValue | msgspec.UnsetType:
    """The raw value of a cell that is not empty. Raises ``Unreadable``."""
    folded = text.casefold()
    if folded in NONE:
        return None
    if folded in UNKNOWN:
        return msgspec.UNSET
    if attribute.type == "boolean":
        return _boolean(folded)
    if attribute.type == "integer":
        return _integer(text)
    if attribute.type == "money":
        return _money(text.replace(",", "").replace("，", ""))
    if attribute.type == "ratio":
        return _ratio(text)
    if attribute.type == "date":
        return read_date(text).isoformat()
    return text


def read_date(text: str) -> date:
    """``2026-11-23``, ``20261123``, ``2026/11/23`` or ``2026年11月23日``. Raises ``Unreadable``."""
    parts = (text[:4], text[4:6], text[6:]) if _EIGHT.fullmatch(text) else None
    match = None if parts else _DAY.fullmatch(text)
    if match and len(re.sub(r"\D", "", text)) != len(text):
        parts = match.group(1), match.group(2), match.group(3)
    if parts:
        try:
            return date(int(parts[0]), int(parts[1]), int(parts[2]))
        except ValueError:
            pass
    raise Unreadable(_("不是日历上的日期"), _("请写成 2026-11-23 的形式"))


def _boolean(folded: str) -> bool:
    if folded in YES:
        return True
    if folded in NO:
        return False
    raise Unreadable(_("应为是或否"), _("请填“是”或“否”"))


def _integer(text: str) -> int:
    if _WHOLE.fullmatch(text):
        return int(text)
    raise Unreadable(_("应为整数"), _("请填整数，不带单位"))


def _money(text: str) -> int:
    match = _MONEY.fullmatch(text)
    if match is None:
        raise Unreadable(_("不是金额"), _("请以元为单位，最多两位小数，如 1630.50"))
    return int(match.group(1)) * 100 + int((match.group(2) or "").ljust(2, "0"))


def _ratio(text: str) -> int:
    """Per-mille from per cent with at most one decimal."""
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise Unreadable(_("不是百分比"), _("请以百分数填写，最多一位小数，如 5.5"))
    return int(match.group(1)) * 10 + int(match.group(2) or 0)
