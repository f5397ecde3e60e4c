"""What an expression is made of: literals, names, calls, lists, ranges, contexts, functions and types."""

from collections.abc import Mapping
from decimal import Decimal

from policy_engine.language import ast
from policy_engine.language.cursor import Cursor
from policy_engine.language.temporal_text import temporal_from

_CONSTANTS = {"true": True, "false": False, "null": None}
#: The comparisons that a unary test may begin with, the longest first.
TEST_OPERATORS = ("<=", ">=", "!=", "<", ">", "=")
Place = dict[str, int]


class Primaries(Cursor):
    """``types`` are the named types that ``instance of`` and parameters may use."""

    types: Mapping[str, ast.TypeOf] = {}

    def primary(self) -> ast.Expression:
        place, token = self.place(), self.here
        if token.kind == "number":
            self.at += 1
            return ast.Literal(value=Decimal(token.text), **place)
        if token.kind == "string":
            self.at += 1
            return ast.Literal(value=token.text, **place)
        if self.accept("@"):
            return self.at_literal(place)
        if self.accept("("):
            return self.parenthesis()
        if self.accept("["):
            return self.bracket(place)
        if self.accept("]"):
            low = self.expression()
            self.expect("..")
            return self.interval_end(place, low, is_low_closed=False)
        if self.accept("{"):
            return self.context(place)
        if token.kind == "word":
            return self.named(place)
        raise self.refusal(f"这里缺少一个值（看到的是“{token.text or '结尾'}”）", "请补上名称、数字或文字。")

    def at_literal(self, place: Place) -> ast.Expression:
        token = self.here
        value = temporal_from(token.text) if token.kind == "string" else None
        if value is None:
            raise self.refusal("@ 后面应为日期、时间或时长", '请写成 @"2026-01-31"。')
        self.at += 1
        return ast.Literal(value=value, **place)

    def parenthesis(self) -> ast.Expression:
        place = self.place()
        if self.here.kind == "symbol" and self.here.text in TEST_OPERATORS:
            node = self.comparison_range(place)
            self.expect(")")
            return node
        node = self.expression()
        if self.accept(".."):
            return self.interval_end(place, node, is_low_closed=False)
        self.expect(")")
        return node

    def comparison_range(self, place: Place) -> ast.Expression:
        """``< 5`` and its like as a range."""
        operator = self.here.text
        self.at += 1
        end = self.expression()
        if operator in ("=", "!="):
            return ast.EqualityRange(operator=operator, end=end, **place)
        return half_open(operator, end, place)

    def bracket(self, place: Place) -> ast.Expression:
        if self.accept("]"):
            return ast.ListOf(items=(), **place)
        items = [self.expression()]
        if self.accept(".."):
            return self.interval_end(place, items[0], is_low_closed=True)
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return ast.ListOf(items=tuple(items), **place)

    def interval_end(self, place: Place, low: ast.Expression, *, is_low_closed: bool) -> ast.Expression:
        high = self.expression()
        is_closed = self.accept("]")
        if not is_closed and not self.accept("["):
            self.expect(")")
        return ast.Interval(
            low=low, high=high, is_low_closed=is_low_closed, is_high_closed=is_closed, **place
        )

    def context(self, place: Place) -> ast.Expression:
        keys: list[str] = []
        values: list[ast.Expression] = []
        while not self.accept("}"):
            if keys:
                self.expect(",")
            key = self.key()
            if key in keys:
                raise self.refusal(f"“{key}”写了两次", "请只留一个。")
            self.expect(":")
            keys.append(key)
            values.append(self.expression())
        return ast.Entries(keys=tuple(keys), values=tuple(values), **place)

    def key(self) -> str:
        if self.here.kind != "string":
            return self.name_before(":")
        name = self.here.text
        self.at += 1
        self.know(name)
        return name

    def named(self, place: Place) -> ast.Expression:
        if (known := self.phrase()) is None and self.here.text in _CONSTANTS:
            value = _CONSTANTS[self.here.text]
            self.at += 1
            return ast.Literal(value=value, **place)
        name = known or self.simple_name()
        if not self.accept("("):
            return ast.Name(name=name, **place)
        arguments, names = self.arguments()
        if names:
            function = ast.Name(name=name, **place)
            return ast.Invocation(function=function, arguments=arguments, names=names, **place)
        return ast.Call(function=name, arguments=arguments, **place)

    def arguments(self) -> tuple[tuple[ast.Expression, ...], tuple[str, ...]]:
        """After ``(``: values, or values by name, up to and with ``)``."""
        values: list[ast.Expression] = []
        names: list[str] = []
        while not self.accept(")"):
            if values:
                self.expect(",")
            if (name := self.argument_name()) is not None:
                names.append(name)
            values.append(self.expression())
            if names and len(names) < len(values):
                raise self.refusal("参数要么都写名称，要么都不写", "请给每个参数写上名称。")
        if len(set(names)) < len(names):
            raise self.refusal("同一个参数写了两次", "请只留一个。")
        return tuple(values), tuple(names)

    def argument_name(self) -> str | None:
        """``name:`` before an argument."""
        last = self.at
        while self.tokens[last].kind == "word":
            last += 1
        if last == self.at or self.tokens[last].text != ":" or self.tokens[last].kind != "symbol":
            return None
        name = " ".join(token.text for token in self.tokens[self.at : last])
        self.at = last + 1
        return name

    def function_definition(self, place: Place) -> ast.Expression:
        """After ``function``."""
        self.expect("(")
        names: list[str] = []
        types: list[ast.TypeOf | None] = []
        while not self.accept(")"):
            if names:
                self.expect(",")
            names.append(self.name_before(":", ",", ")"))
            types.append(self.type_of() if self.accept(":") else None)
        if self.accept("external"):
            self.expression()
            raise self.refusal("不支持外部函数（Java、PMML）", "请用 FEEL 写出这个函数。")
        body = self.expression()
        return ast.FunctionDefinition(parameters=tuple(names), types=tuple(types), body=body, **place)

    def type_of(self) -> ast.TypeOf:
        """A type expression (grammar rules 53 to 56)."""
        self.descend()
        name = self.phrase() or ("function" if self.accept("function") else self.simple_name())
        while self.accept("."):
            name += f".{self.simple_name()}"
        parts, keys = self.type_parts(name) if self.accept("<") else ((), ())
        if name == "function":
            parts = (*parts, self.function_result())
        self.depth -= 1
        if name in self.types and not parts:
            return self.types[name]
        return ast.TypeOf(name, parts, keys)

    def type_parts(self, name: str) -> tuple[tuple[ast.TypeOf, ...], tuple[str, ...]]:
        parts: list[ast.TypeOf] = []
        keys: list[str] = []
        while not self.accept(">"):
            if parts:
                self.expect(",")
            if name == "context":
                keys.append(self.name_before(":"))
                self.expect(":")
            parts.append(self.type_of())
        return tuple(parts), tuple(keys)

    def function_result(self) -> ast.TypeOf:
        if not self.accept("-"):
            return ast.TypeOf("Any")
        self.expect(">")
        return self.type_of()


def half_open(operator: str, end: ast.Expression, place: Place) -> ast.Interval:
    """The range below or above an end."""
    is_upper = operator.startswith("<")
    is_closed = operator.endswith("=")
    return ast.Interval(
        low=None if is_upper else end,
        high=end if is_upper else None,
        is_low_closed=is_closed and not is_upper,
        is_high_closed=is_closed and is_upper,
        **place,
    )
