"""告知承诺: facts that nobody has told the city yet, given by the person and marked as declared."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import CHINESE, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, catalogue

LARGEST = Decimal(1_000_000_000)


class DeclaredField(msgspec.Struct, frozen=True, kw_only=True):
    """One question of the form; ``options`` where one chooses."""

    name: str
    attribute: str
    label: str
    kind: Literal["choice", "number", "date", "text"]
    unit: str
    source: str
    options: tuple[tuple[str, str], ...]


def fields_for(attribute_ids: Iterable[str]) -> list[DeclaredField]:
    """A question for each fact that may be declared; what only a register can know (a place) is left out."""
    known = catalogue()
    found = []
    for attribute_id in dict.fromkeys(attribute_ids):
        try:
            attribute = known.attribute(attribute_id)
        except KeyError:
            continue  # a status: nobody declares it
        if attribute.derived is None and attribute.type != "division":
            found.append(_field(attribute))
    return found


def read_declared(form: Mapping[str, str], fields: Iterable[DeclaredField]) -> dict[str, Any]:
    """What was filled in, as raw values by attribute id; what was left empty is not declared. Raises ``InvalidInput``."""
    declared: dict[str, Any] = {}
    errors = []
    for field in fields:
        text = form.get(field.name, "").strip()
        if not text:
            continue
        try:
            declared[field.attribute] = _value(catalogue().attribute(field.attribute), text)
        except ValueError as error:
            errors.append(FieldError(field.name, str(error)))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return declared


def check_declared(given: Mapping[str, Any], fields: Iterable[DeclaredField]) -> dict[str, Any]:
    """Raw values of an API call, held to the same questions. Raises ``InvalidInput``."""
    by_attribute = {field.attribute: field for field in fields}
    errors = [FieldError(name, _("这项信息不需要声明")) for name in given if name not in by_attribute]
    texts = {
        by_attribute[name].name: _text(name, value) for name, value in given.items() if name in by_attribute
    }
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return read_declared(texts, by_attribute.values())


def _field(attribute: Attribute) -> DeclaredField:
    kind: Literal["choice", "number", "date", "text"] = "text"
    options: tuple[tuple[str, str], ...] = ()
    unit = attribute.unit
    if attribute.type == "boolean":
        kind, options = "choice", (("yes", _("是")), ("no", _("否")))
    elif attribute.type == "enum":
        kind, options = "choice", tuple((value, value) for value in attribute.values)
    elif attribute.type == "date":
        kind = "date"
    elif attribute.type in ("integer", "money", "ratio"):
        kind = "number"
        unit = {"money": _("元"), "ratio": "%"}.get(attribute.type, attribute.unit)
    return DeclaredField(
        name="fact-" + attribute.id.replace(".", "-").replace("_", "-"),
        attribute=attribute.id,
        label=attribute.name if current_locale() == CHINESE else attribute.label_en,
        kind=kind,
        unit=unit,
        source=catalogue().departments[attribute.department].name,
        options=options,
    )


def _value(attribute: Attribute, text: str) -> bool | int | str:
    """Raises ``ValueError`` with words for the person."""
    match attribute.type:
        case "boolean":
            if text not in ("yes", "no"):
                raise ValueError(_("请选择是或否"))
            return text == "yes"
        case "enum":
            if text not in attribute.values:
                raise ValueError(_("请从列出的选项中选择"))
            return text
        case "date":
            return _date(text)
        case "integer" | "money" | "ratio":
            return _number(text, {"money": 100, "ratio": 10}.get(attribute.type, 1))
        case _:
            if len(text) > 200 or not text.isprintable():
                raise ValueError(_("请用200字以内说明"))
            return text


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("请填写日历上的日期，如 2026-11-23")) from None
    if not date(1900, 1, 1) <= day <= date(2200, 1, 1):
        raise ValueError(_("请填写日历上的日期，如 2026-11-23"))
    return day.isoformat()


def _number(text: str, scale: int) -> int:
    try:
        number = Decimal(text.replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise ValueError(_("请填写数字")) from None
    if not number.is_finite() or not 0 <= number <= LARGEST:
        raise ValueError(_("请填写零以上、合理范围内的数字"))
    scaled = number * scale
    if scaled != scaled.to_integral_value():
        raise ValueError(_("小数位数太多了"))
    return int(scaled)


def _text(attribute_id: str, value: Any) -> str:
    """A raw value as the form would have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    scale = {"money": 100, "ratio": 10}.get(catalogue().attribute(attribute_id).type, 1)
    if isinstance(value, int) and abs(value) <= LARGEST * 100:
        return str(Decimal(value) / scale)
    if isinstance(value, str) and len(value) <= 400:
        return value
    raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=[FieldError(attribute_id, _("类型不对"))])
