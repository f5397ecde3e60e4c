"""Refuses a fact the catalogue does not know, or a value that its type, values or places do not allow."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Catalogue
from policy_engine.profiles.schemas import Change, FactChange

LARGEST = 10**15  # ten thousand million yuan in fen
LONGEST_TEXT = 120
EARLIEST, LATEST = date(1880, 1, 1), date(2200, 1, 1)
#: Finer than a type can say.
RANGES = {"person.disability_level": (1, 4), "firm.layoff_rate_last_year": (0, 1000)}


def require_valid(changes: Sequence[Change], catalogue: Catalogue) -> None:
    """Raise ``InvalidInput`` that names every fault, or say nothing."""
    errors = []
    for position, change in enumerate(changes):
        if isinstance(change, FactChange) and (fault := fault_of(change, catalogue)):
            what, mend = fault
            errors.append(FieldError(where=f"changes[{position}].{change.attribute}", what=what, mend=mend))
    if errors:
        raise InvalidInput(
            _("有的事实不符合目录，全部没有写入。请按下面的说明更正后重新提交。"), errors=errors
        )


def fault_of(change: FactChange, catalogue: Catalogue) -> tuple[str, str] | None:
    """What is wrong with one change and how to mend it, or None."""
    try:
        attribute = catalogue.attribute(change.attribute)
    except KeyError:
        return _("目录中没有这个属性"), _("请使用目录中的属性编号，例如 person.birth_date")
    if attribute.derived is not None:
        return _("这个属性由其他事实推算，不能写入"), _("请提交它所依据的事实")
    if change.observed_at.tzinfo is None:
        return _("观察时间没有时区"), _("请给出带时区的时间")
    if change.valid_from and change.valid_until and change.valid_until < change.valid_from:
        return _("有效期的截止日早于起始日"), _("请核对有效期")
    if isinstance(change.value, msgspec.UnsetType):
        return None
    if change.value is None:
        return (
            None if attribute.may_be_absent else (_("这个事实人人都有，不能填“无”"), _("不知道时请不要提交"))
        )
    return _CHECKS[attribute.type](attribute, change.value, catalogue)


def _boolean(_attribute: Attribute, value: Any, _catalogue: Catalogue) -> tuple[str, str] | None:
    return None if isinstance(value, bool) else (_("应为是或否"), _("请填 true 或 false"))


def _whole_number(attribute: Attribute, value: Any, _catalogue: Catalogue) -> tuple[str, str] | None:
    lowest, highest = RANGES.get(attribute.id, (0, LARGEST))
    if isinstance(value, bool) or not isinstance(value, int):
        return _("应为整数"), _("金额以分为单位，比率以千分之一为单位")
    if not lowest <= value <= highest:
        return _("应在 %(lowest)s 到 %(highest)s 之间", lowest=lowest, highest=highest), _("请核对数值和单位")
    return None


def _text(_attribute: Attribute, value: Any, _catalogue: Catalogue) -> tuple[str, str] | None:
    if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable():
        return None
    return _("应为1至%(longest)s个可显示的字符", longest=LONGEST_TEXT), _("没有时请填 null")


def _enum(attribute: Attribute, value: Any, _catalogue: Catalogue) -> tuple[str, str] | None:
    if value in attribute.values:
        return None
    return _("不在允许的取值之内"), _("请从中选一：%(values)s", values="、".join(attribute.values))


def _date(_attribute: Attribute, value: Any, _catalogue: Catalogue) -> tuple[str, str] | None:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            if EARLIEST <= date.fromisoformat(value) < LATEST:
                return None
        except ValueError:
            pass
    return _("不是日历上的日期"), _("请写成 2026-11-23 的形式")


def _division(_attribute: Attribute, value: Any, catalogue: Catalogue) -> tuple[str, str] | None:
    if value in catalogue.divisions:
        return None
    return _("没有这个区划代码"), _("市内用六位县级或九位镇街代码，市外用省级代码")


_Check = Callable[[Attribute, Any, Catalogue], tuple[str, str] | None]
_CHECKS: dict[str, _Check] = {
    "boolean": _boolean,
    "integer": _whole_number,
    "money": _whole_number,
    "ratio": _whole_number,
    "text": _text,
    "enum": _enum,
    "date": _date,
    "division": _division,
}
