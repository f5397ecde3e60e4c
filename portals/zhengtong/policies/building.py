"""A condition put together from the catalogue: a fact, a comparison and a value, as the FEEL that the checker accepts.

What may be none is asked for first, so that nobody has to know which facts those are. Of what somebody has several (jobs,
members of the household, loans) at least one must meet the condition.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import Entity, EntityKind

Comparison = Literal["is", "is_not", "at_least", "more", "at_most", "less", "one_of", "inside", "known"]
COMPARISONS: dict[Comparison, str] = {
    "is": N_("是 / 等于"),
    "is_not": N_("不是 / 不等于"),
    "at_least": N_("不低于（不早于）"),
    "more": N_("高于（晚于）"),
    "at_most": N_("不高于（不晚于）"),
    "less": N_("低于（早于）"),
    "one_of": N_("属于其中之一（用顿号或逗号分开）"),
    "inside": N_("在地区内（填区划代码）"),
    "known": N_("有这项记录"),
}
_OPERATORS: dict[Comparison, str] = {
    "is": "=",
    "is_not": "!=",
    "at_least": ">=",
    "more": ">",
    "at_most": "<=",
    "less": "<",
}
_CODE = re.compile(r"\d{4,9}")
_LIST = re.compile(r"[、，,\s]+")


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a policy of some kind may ask for: how FEEL reaches it, and what it is. ``among``: one of several things
    has it, and this is how FEEL reaches all of them."""

    path: str
    attribute: Attribute
    among: str = ""


def facts_for(kind: EntityKind) -> list[Fact]:
    """Of the subject itself, of the household or firm that it belongs to, and of whatever either has several of."""
    entity = catalogue().entities[kind]
    found, several = _of(entity, ""), _of_several(entity, "")
    for relation in entity.relations.values():
        if not relation.many:
            owner, way = catalogue().entities[relation.to], f"{relation.name}."
            found += _of(owner, way)
            several += _of_several(owner, way)
    return [one for one in (*found, *several) if "eligibility" in one.attribute.permitted_uses]


def _of(entity: Entity, way: str) -> list[Fact]:
    return [Fact(path=f"{way}{one.name}", attribute=one) for one in entity.attributes.values()]


def _of_several(entity: Entity, way: str) -> list[Fact]:
    return [
        Fact(path=f"{way}{relation.name}.{one.name}", attribute=one, among=f"{way}{relation.name}")
        for relation in entity.relations.values()
        if relation.many
        for one in catalogue().entities[relation.to].attributes.values()
    ]


def condition_of(kind: EntityKind, path: str, comparison: str, value: str) -> str:
    """The condition in FEEL. Raises ``InvalidInput`` for a fact, comparison or value that do not go together."""
    fact = next((one for one in facts_for(kind) if one.path == path), None)
    if fact is None:
        raise _refused("fact", _("请从名录里选择一项事实。"))
    found = next((one for one in COMPARISONS if one == comparison), None)
    if found is None:
        raise _refused("comparison", _("请选择比较方式。"))
    if fact.among:
        return (
            f"count({fact.among}[{_asked(fact.attribute, fact.attribute.name, found, value.strip())}]) >= 1"
        )
    return _asked(fact.attribute, path, found, value.strip())


def _asked(attribute: Attribute, path: str, found: Comparison, text: str) -> str:
    if attribute.type == "boolean":
        return _of_yes_or_no(path, found, text)
    if found == "known":
        if not attribute.is_nullable:
            raise _refused("comparison", _("“%(name)s”总有值，请换一种比较方式。", name=attribute.name))
        return f"{path} != null"
    return _guarded(attribute, path, found, _comparison(attribute, path, found, text))


def _of_yes_or_no(path: str, comparison: Comparison, value: str) -> str:
    if comparison not in ("is", "is_not", "known"):
        raise _refused("comparison", _("是非事实只能选“是”或“不是”。"))
    is_no = value in ("否", "不是", "false", "no") or (comparison == "is_not" and value in ("", "是", "true"))
    return f"not({path})" if is_no else path


def _guarded(attribute: Attribute, path: str, comparison: Comparison, condition: str) -> str:
    needs = attribute.is_nullable and comparison in ("at_least", "more", "at_most", "less", "inside")
    return f"{path} != null and {condition}" if needs else condition


def _comparison(attribute: Attribute, path: str, comparison: Comparison, value: str) -> str:
    if comparison == "inside":
        if attribute.type != "division" or not _CODE.fullmatch(value):
            raise _refused("value", _("请填写区划代码的前四到九位数字，如 4202。"))
        return f'starts with({path}, "{value}")'
    if comparison == "one_of":
        values = [_literal(attribute, one) for one in _LIST.split(value) if one]
        if not values:
            raise _refused("value", _("请填写至少一个值。"))
        return f"{path} in ({', '.join(values)})"
    is_order = comparison in ("at_least", "more", "at_most", "less")
    if is_order and attribute.type in ("enum", "text", "division"):
        raise _refused("comparison", _("“%(name)s”不能比较高低。", name=attribute.name))
    return f"{path} {_OPERATORS[comparison]} {_literal(attribute, value)}"


def _literal(attribute: Attribute, value: str) -> str:
    match attribute.type:
        case "integer" | "money" | "ratio":
            return _number(value)
        case "date":
            try:
                return f'date("{date.fromisoformat(value).isoformat()}")'
            except ValueError:
                raise _refused("value", _("请按 2026-01-31 的写法填写日期。")) from None
        case "enum" if value not in attribute.values:
            raise _refused("value", _("可选的值：%(values)s", values="、".join(attribute.values)))
        case _:
            if not value or '"' in value or "\\" in value:
                raise _refused("value", _("请填写文字，不含引号。"))
            return f'"{value}"'


def _number(value: str) -> str:
    """A figure, or a dated standard called by name."""
    if any(value.startswith(f"{name}(") for name in catalogue().parameters):
        return value
    text = value.removesuffix("%").removesuffix("％").replace(",", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise _refused("value", _("请填写数字，或写出标准，如 低保标准(户籍地, 户口性质)。"))
    if text != value.replace(",", ""):
        number /= 100
    return format(number.normalize(), "f")


def _refused(field: str, what: str) -> InvalidInput:
    return InvalidInput(what, errors=[FieldError(field, what)])
