"""A condition in words: read from its tree, with the catalogue's labels, units and written values, in Chinese or English.

What a clerk reads out: ``年龄 >= 80`` is “年龄不低于80周岁”. A standard is named with what it comes to on the day.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kernel.i18n import ENGLISH, N_, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Catalogue, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.scopes import AS_OF
from policy_engine.language import ast, value_of
from policy_engine.language.ast import children, dotted
from policy_engine.language.evaluator import TouchedUnknown

_ORDERS = {
    ">=": (N_("%(left)s不低于%(right)s"), N_("%(left)s不早于%(right)s")),
    "<=": (N_("%(left)s不高于%(right)s"), N_("%(left)s不晚于%(right)s")),
    ">": (N_("%(left)s高于%(right)s"), N_("%(left)s晚于%(right)s")),
    "<": (N_("%(left)s低于%(right)s"), N_("%(left)s早于%(right)s")),
    "=": (N_("%(left)s是%(right)s"), N_("%(left)s是%(right)s")),
    "!=": (N_("%(left)s不是%(right)s"), N_("%(left)s不是%(right)s")),
}
_MIRRORED = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "=", "!=": "!="}
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷", "**": "^"}
_FUNCTIONS = {
    "min": N_("%(what)s中较小的"),
    "max": N_("%(what)s中较大的"),
    "sum": N_("%(what)s的合计"),
    "count": N_("%(what)s的个数"),
    "abs": N_("%(what)s的绝对值"),
    "string length": N_("%(what)s的字数"),
}
_DATE_PARTS = {
    "year": N_("%(what)s的年份"),
    "month": N_("%(what)s的月份"),
    "day": N_("%(what)s的日"),
    "weekday": N_("%(what)s是星期几"),
    "years": N_("%(what)s的整年数"),
    "months": N_("%(what)s的月数"),
}


def in_words(node: ast.Expression, kind: EntityKind, context: Mapping[str, Any] | None = None) -> str:
    """A condition about one ``kind`` as a sentence without a full stop, in the language being spoken.

    With ``context`` what standards and sums come to is said beside them: leave it out for readers who may not see
    the facts that they are made of.
    """
    return _Speech(kind, context or {}).condition(node)


def written(attribute: Attribute | None, value: Any) -> str:
    """A FEEL value as people read it, with the unit of the attribute it is held against."""
    known = catalogue()
    if value is None:
        return _("无")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, date):
        return _("%(year)s年%(month)s月%(day)s日", year=value.year, month=value.month, day=value.day)
    if isinstance(value, Decimal):
        if attribute is not None and attribute.type == "money":
            return _("%(amount)s元", amount=f"{value:,.2f}".removesuffix(".00"))
        if attribute is not None and attribute.type == "ratio":
            return f"{(value * 100).normalize():f}%"
        return f"{value.normalize():f}{unit_of(attribute)}"
    if attribute is not None and attribute.type == "division" and isinstance(value, str):
        return _place(known, value)
    return _("“%(text)s”", text=known.said(value) if isinstance(value, str) else value)


def unit_of(attribute: Attribute | None) -> str:
    """周岁, 人, 月; English reads the number alone, because its label says what is counted."""
    return "" if attribute is None or current_locale() == ENGLISH else attribute.unit


def label_of(attribute: Attribute) -> str:
    return attribute.label_en if current_locale() == ENGLISH else attribute.name


def _place(known: Catalogue, code: str) -> str:
    for candidate in (code, code.ljust(6, "0")):
        if candidate in known.divisions:
            division = known.divisions[candidate]
            return division.label_en if current_locale() == ENGLISH and division.label_en else division.name
    return code


class _Speech:
    def __init__(self, kind: EntityKind, context: Mapping[str, Any]) -> None:
        self._kind = kind
        self._context = context

    def condition(self, node: ast.Expression, *, is_inside: bool = False) -> str:
        """A truth: a sentence. ``is_inside`` another one, so that what is joined stands in brackets."""
        match node:
            case ast.Junction(operator=operator, operands=operands):
                joint = _("，并且") if operator == "and" else _("，或者")
                text = joint.join(self.condition(one, is_inside=True) for one in operands)
                return _("（%(text)s）", text=text) if is_inside else text
            case ast.Call(function="not", arguments=(inner,)):
                if self._is_plain(inner):
                    return _("%(what)s：否", what=self.value(inner))
                return _("不符合“%(text)s”", text=self.condition(inner))
            case ast.Comparison(operator=operator, left=left, right=right):
                return self._comparison(operator, left, right)
            case ast.Membership(value=value, tests=tests):
                return _(
                    "%(what)s%(tests)s",
                    what=self.value(value),
                    tests=_("，或者").join(self._test(value, one) for one in tests),
                )
            case ast.Between(value=value, low=low, high=high):
                ends = (self.value(low, self._attribute(value)), self.value(high, self._attribute(value)))
                return _("%(what)s在%(low)s到%(high)s之间", what=self.value(value), low=ends[0], high=ends[1])
            case ast.Call(function="starts with", arguments=(value, ast.Literal(value=prefix))):
                attribute = self._attribute(value)
                if attribute is not None and attribute.type == "division":
                    place = written(attribute, prefix)
                    return _("%(what)s在%(place)s", what=self.value(value), place=place)
            case ast.Choice(condition=condition, consequence=then, alternative=otherwise):
                return self._choice(condition, self.condition(then), self.condition(otherwise))
            case ast.Quantified(quantifier=quantifier, source=source, condition=inner):
                text = (
                    N_("%(who)s中至少有一个符合：%(text)s")
                    if quantifier == "some"
                    else N_("每一个%(who)s都符合：%(text)s")
                )
                return _(text, who=self.value(source), text=self.condition(inner))
            case ast.Literal(value=bool() as value):
                return _("不设条件") if value else _("任何情况都不符合")
        return _("%(what)s：是", what=self.value(node)) if self._is_plain(node) else self.value(node)

    def value(self, node: ast.Expression, beside: Attribute | None = None) -> str:
        """A thing: a noun. ``beside`` is the attribute it is held against, whose unit a bare number takes."""
        match node:
            case ast.Literal(value=value):
                return written(beside, value)
            case ast.Name(name=name):
                return self._name(name)
            case ast.Path():
                return self._path(node)
            case ast.Negative(operand=operand):
                return f"−{self.value(operand, beside)}"
            case ast.Arithmetic(operator=operator, left=left, right=right):
                sides = [self._part(one, operator) for one in (left, right)]
                return f" {_SIGNS.get(operator, operator)} ".join(sides)
            case ast.Choice(condition=condition, consequence=then, alternative=otherwise):
                return self._choice(condition, self.value(then, beside), self.value(otherwise, beside))
            case ast.Call():
                return self._call(node)
            case ast.ListOf(items=items):
                return _("、").join(self.value(one, beside) for one in items)
            case ast.Filter(base=base, condition=condition):
                return _("符合“%(text)s”的%(what)s", text=self.condition(condition), what=self.value(base))
        return self.condition(node, is_inside=True) if self._is_truth(node) else _("某个值")

    def _comparison(self, operator: str, left: ast.Expression, right: ast.Expression) -> str:
        if isinstance(left, ast.Literal) and not isinstance(right, ast.Literal):
            left, right, operator = right, left, _MIRRORED[operator]
        if isinstance(right, ast.Literal) and right.value is None:
            return (
                _("没有%(what)s", what=self.value(left))
                if operator == "="
                else _("有%(what)s", what=self.value(left))
            )
        if isinstance(right, ast.Literal) and isinstance(right.value, bool):
            return _(
                "%(what)s：%(yes)s",
                what=self.value(left),
                yes=written(None, right.value is (operator == "=")),
            )
        attribute = self._attribute(left) or self._attribute(right)
        is_about_dates = (
            (attribute is not None and attribute.type == "date") or _is_today(left) or _is_today(right)
        )
        text = _ORDERS[operator][is_about_dates] if operator in _ORDERS else N_("%(left)s是%(right)s")
        said = self.value(right, attribute)
        if isinstance(right, ast.Choice):
            said = _("（%(text)s）", text=said)
        return _(text, left=self.value(left), right=said + self._comes_to(right, attribute))

    def _comes_to(self, node: ast.Expression, attribute: Attribute | None) -> str:
        """What a standard or a sum is on the day, in brackets."""
        if not self._context or isinstance(node, ast.Literal | ast.Name | ast.Path):
            return ""
        try:
            value = value_of(node, self._context)
        except TouchedUnknown:
            return ""
        return "" if value is None else _("（即%(value)s）", value=written(attribute, value))

    def _test(self, value: ast.Expression, test: ast.Expression) -> str:
        attribute = self._attribute(value)
        if not isinstance(test, ast.Interval):
            return _("是%(value)s", value=self.value(test, attribute))
        low = None if test.low is None else self.value(test.low, attribute)
        high = None if test.high is None else self.value(test.high, attribute)
        if low is None:
            return _("不高于%(value)s", value=high) if test.is_high_closed else _("低于%(value)s", value=high)
        if high is None:
            return _("不低于%(value)s", value=low) if test.is_low_closed else _("高于%(value)s", value=low)
        return _("在%(low)s到%(high)s之间", low=low, high=high)

    def _choice(self, condition: ast.Expression, then: str, otherwise: str) -> str:
        return _(
            "如果%(condition)s，则为%(then)s，否则为%(otherwise)s",
            condition=self.condition(condition),
            then=then,
            otherwise=otherwise,
        )

    def _call(self, node: ast.Call) -> str:
        name, arguments = node.function, node.arguments
        parameter = catalogue().parameters.get(name)
        if parameter is not None:
            return parameter.label_en if current_locale() == ENGLISH else parameter.name
        if name == "years and months duration" and len(arguments) == 2:
            return _(
                "从%(start)s到%(end)s的时间", start=self.value(arguments[0]), end=self.value(arguments[1])
            )
        if name in ("date", "duration") and len(arguments) == 1 and isinstance(arguments[0], ast.Literal):
            return self._written_call(node)
        if name.startswith("round") or name in ("floor", "ceiling"):
            return _("%(what)s（取整）", what=self.value(arguments[0]))
        listed = _("、").join(self.value(one) for one in arguments)
        return _(_FUNCTIONS[name], what=listed) if name in _FUNCTIONS else f"{name}({listed})"

    def _written_call(self, node: ast.Call) -> str:
        value = value_of(node, {})
        literal = node.arguments[0]
        text = literal.value if isinstance(literal, ast.Literal) else None
        return written(None, value if isinstance(value, date) else text)

    def _name(self, name: str) -> str:
        if name == AS_OF:
            return _("当日")
        attribute = self._named(name)
        if attribute is not None:
            return label_of(attribute)
        relation = self._relation(name)
        return relation if relation is not None else name

    def _path(self, node: ast.Path) -> str:
        if node.name in _DATE_PARTS:
            return _(_DATE_PARTS[node.name], what=self.value(node.base))
        attribute = self._attribute(node) or self._named(node.name)
        label = node.name if attribute is None else label_of(attribute)
        if isinstance(node.base, ast.Name) and self._relation(node.base.name) is None:
            return label  # a loop's variable: the sentence around it says of whom
        return _("%(whose)s的%(what)s", whose=self.value(node.base), what=label)

    def _part(self, node: ast.Expression, operator: str) -> str:
        """A side of a sum; in brackets where it would be read wrongly without."""
        text = self.value(node)
        is_loose = isinstance(node, ast.Arithmetic) and not (operator in "+*" and node.operator in "*/")
        return _("（%(text)s）", text=text) if is_loose or isinstance(node, ast.Choice) else text

    def _attribute(self, node: ast.Expression) -> Attribute | None:
        if isinstance(node, ast.Path) and node.name in _DATE_PARTS:
            return None
        if isinstance(node, ast.Name | ast.Path):
            return self._named(dotted(node).rpartition(".")[2])
        found = [one for one in (self._attribute(child) for child in children(node)) if one is not None]
        return next((one for one in found if one.type == "money"), None)

    def _named(self, name: str) -> Attribute | None:
        own = catalogue().named(self._kind, name)
        return own or next((one for one in catalogue().attributes if one.name == name), None)

    def _relation(self, name: str) -> str | None:
        for entity in catalogue().entities.values():
            if name in entity.relations:
                return entity.relations[name].label_en if current_locale() == ENGLISH else name
        return None

    def _is_plain(self, node: ast.Expression) -> bool:
        return isinstance(node, ast.Name | ast.Path)

    def _is_truth(self, node: ast.Expression) -> bool:
        return isinstance(node, ast.Junction | ast.Comparison | ast.Membership | ast.Between | ast.Quantified)


def _is_today(node: ast.Expression) -> bool:
    return isinstance(node, ast.Name) and node.name == AS_OF
