"""From text to tree by recursive descent (DMN 1.5 §10.3.1.2, the expressions that policies use)."""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TypeVar

from policy_engine.language import ast
from policy_engine.language.lexer import KEYWORDS, Token, tokens_of
from policy_engine.language.problems import Problem, ProblemList
from policy_engine.language.values import date_of

Result = TypeVar("Result")

LONGEST_TEXT = 20_000
#: Each level costs some fifteen calls; Python has a thousand.
DEEPEST = 30
#: Of the tree: a long sum leans to one side, and walking it costs up to three calls a level.
DEEPEST_TREE = 120
#: ``some … satisfies some … satisfies …`` takes as long as the product of its lists.
MOST_LOOPS = 3
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
#: What may follow an interval that ends in ``[``, and never begins a filter.
_AFTER_INTERVAL = frozenset((")", "]", ",", "and", "or", "then", "else", "satisfies"))
#: Names of several words that are always known.
BUILT_IN_NAMES = (
    "years and months duration",
    "round half up",
    "round half down",
    "round up",
    "round down",
    "starts with",
    "ends with",
    "string length",
    "list contains",
    "date and time",
)


def parse(text: str, names: Collection[str] = ()) -> ast.Expression:
    """The tree of one expression; ``names`` are further names with blanks in them. Raises ``ProblemList``."""
    tree = _Parser(text, names).whole(_Parser.expression)
    _refuse_deep(tree)
    return tree


def parse_unary_tests(text: str, names: Collection[str] = ()) -> tuple[ast.Expression, ...] | None:
    """The tests of a decision table's cell (§7.3.3); null for ``-``, which any value passes."""
    parser = _Parser(text, names)
    if parser.accept("-") and parser.here.kind == "end":
        return None
    parser = _Parser(text, names)
    if parser.accept("not") and parser.here.text == "(":
        raise parser.refusal("表格里不支持 not(…)", "请写出可取的值或区间。")
    tests = _Parser(text, names).whole(_Parser.tests)
    for test in tests:
        _refuse_deep(test)
    return tests


def _refuse_deep(tree: ast.Expression) -> None:
    node, depth = ast.deepest(tree)
    if depth > DEEPEST_TREE:
        message = f"连写的运算过多（超过{DEEPEST_TREE}层）"
        raise ProblemList([Problem(node.line, node.column, message, "请拆成几个条款。")])


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > LONGEST_TEXT:
            raise ProblemList([Problem(1, 1, f"表达式过长（超过{LONGEST_TEXT}个字符）", "请拆成几个条款。")])
        self.tokens = tokens_of(text)
        self.at = 0
        self.depth = 0
        self.loops = 0
        self.phrases = sorted(
            (tuple(name.split(" ")) for name in (*BUILT_IN_NAMES, *names) if " " in name),
            key=len,
            reverse=True,
        )

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def whole(self, rule: Callable[["_Parser"], Result]) -> Result:
        result = rule(self)
        if self.here.kind != "end":
            raise self.refusal(f"多出了“{self.here.text}”", "请检查前面是否少了运算符或括号。")
        return result

    def refusal(self, message: str, mend: str = "") -> ProblemList:
        return ProblemList([Problem(self.here.line, self.here.column, message, mend)])

    def accept(self, text: str) -> bool:
        if self.here.kind in ("symbol", "word") and self.here.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            found = self.here.text or "结尾"
            raise self.refusal(f"这里应为“{text}”，却是“{found}”", f"请补上 {text}。")

    def expression(self) -> ast.Expression:
        self.descend()
        place = self.place()
        if self.accept("if"):
            condition = self.expression()
            self.expect("then")
            consequence = self.expression()
            self.expect("else")
            node: ast.Expression = ast.Choice(
                condition=condition, consequence=consequence, alternative=self.expression(), **place
            )
        elif self.here.text in ("some", "every") and self.here.kind == "word":
            node = self.quantified()
        else:
            node = self.disjunction()
        self.depth -= 1
        return node

    def descend(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refusal(f"嵌套过深（超过{DEEPEST}层）", "请拆成几个条款。")

    def quantified(self) -> ast.Expression:
        place, quantifier = self.place(), self.here.text
        self.at += 1
        variable = self.simple_name()
        self.expect("in")
        source = self.sum()
        self.expect("satisfies")
        condition = self.looped()
        return ast.Quantified(
            quantifier=quantifier, variable=variable, source=source, condition=condition, **place
        )

    def looped(self) -> ast.Expression:
        """An expression that is worked out for each item of a list."""
        self.loops += 1
        if self.loops > MOST_LOOPS:
            raise self.refusal(f"名单套名单过多（超过{MOST_LOOPS}层）", "请拆成几个条款。")
        node = self.expression()
        self.loops -= 1
        return node

    def disjunction(self) -> ast.Expression:
        return self.joined("or", lambda: self.joined("and", self.comparison))

    def joined(self, word: str, operand: Callable[[], ast.Expression]) -> ast.Expression:
        place = self.place()
        operands = [operand()]
        while self.accept(word):
            operands.append(operand())
        return (
            operands[0]
            if len(operands) == 1
            else ast.Junction(operator=word, operands=tuple(operands), **place)
        )

    def comparison(self) -> ast.Expression:
        place = self.place()
        left = self.sum()
        if self.here.kind == "symbol" and self.here.text in COMPARISONS:
            operator = self.here.text
            self.at += 1
            return ast.Comparison(operator=operator, left=left, right=self.sum(), **place)
        if self.accept("between"):
            low = self.sum()
            self.expect("and")
            return ast.Between(value=left, low=low, high=self.sum(), **place)
        if self.accept("in"):
            return ast.Membership(value=left, tests=self.membership(), **place)
        return left

    def membership(self) -> tuple[ast.Expression, ...]:
        """After ``in``: one test, several in parentheses, or an interval that begins with one."""
        place = self.place()
        if not self.accept("("):
            return (self.test(),)
        tests = self.tests()
        if len(tests) == 1 and self.accept(".."):
            return (self.interval_end(place, tests[0], is_low_closed=False),)
        self.expect(")")
        return tests

    def tests(self) -> tuple[ast.Expression, ...]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> ast.Expression:
        """One positive unary test: an interval, a comparison with what is tested, or a value."""
        place = self.place()
        for operator in ("<=", ">=", "<", ">", "="):
            if self.accept(operator):
                end = self.sum()
                if operator == "=":
                    return end
                is_upper = operator.startswith("<")
                is_closed = operator.endswith("=")
                return ast.Interval(
                    low=None if is_upper else end,
                    high=end if is_upper else None,
                    is_low_closed=is_closed,
                    is_high_closed=is_closed,
                    **place,
                )
        return self.sum()

    def sum(self) -> ast.Expression:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/"), self.power))

    def chain(self, operators: tuple[str, ...], operand: Callable[[], ast.Expression]) -> ast.Expression:
        place = self.place()
        node = operand()
        while self.here.kind == "symbol" and self.here.text in operators:
            operator = self.here.text
            self.at += 1
            node = ast.Arithmetic(operator=operator, left=node, right=operand(), **place)
        return node

    def power(self) -> ast.Expression:
        place = self.place()
        node = self.unary()
        while self.accept("**"):
            node = ast.Arithmetic(operator="**", left=node, right=self.unary(), **place)
        return node

    def unary(self) -> ast.Expression:
        place = self.place()
        if not self.accept("-"):
            return self.postfix()
        self.descend()
        node = ast.Negative(operand=self.unary(), **place)
        self.depth -= 1
        return node

    def postfix(self) -> ast.Expression:
        place = self.place()
        node = self.primary()
        while True:
            if self.accept("."):
                node = ast.Path(base=node, name=self.simple_name(), **place)
            elif self.here.text == "[" and self.here.kind == "symbol":
                if self.ends_interval():
                    return node
                self.at += 1
                condition = self.looped()
                self.expect("]")
                node = ast.Filter(base=node, condition=condition, **place)
            else:
                return node

    def ends_interval(self) -> bool:
        """Whether this ``[`` closes ``[1..5[`` rather than begins a filter."""
        after = self.tokens[self.at + 1]
        return after.kind == "end" or (after.kind != "string" and after.text in _AFTER_INTERVAL)

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
        if token.kind == "word":
            return self.named(place)
        raise self.refusal(f"这里缺少一个值（看到的是“{token.text or '结尾'}”）", "请补上名称、数字或文字。")

    def at_literal(self, place: dict[str, int]) -> ast.Expression:
        token = self.here
        value = date_of(token.text) if token.kind == "string" else None
        if value is None:
            raise self.refusal("@ 后面应为日期", '请写成 @"2026-01-31"。')
        self.at += 1
        return ast.Literal(value=value, **place)

    def parenthesis(self) -> ast.Expression:
        place = self.place()
        node = self.expression()
        if self.accept(".."):
            return self.interval_end(place, node, is_low_closed=False)
        self.expect(")")
        return node

    def bracket(self, place: dict[str, int]) -> ast.Expression:
        if self.accept("]"):
            return ast.ListOf(items=(), **place)
        items = [self.expression()]
        if self.accept(".."):
            return self.interval_end(place, items[0], is_low_closed=True)
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return ast.ListOf(items=tuple(items), **place)

    def interval_end(
        self, place: dict[str, int], low: ast.Expression, *, is_low_closed: bool
    ) -> ast.Expression:
        high = self.expression()
        is_closed = self.accept("]")
        if not is_closed and not self.accept("["):
            self.expect(")")
        return ast.Interval(
            low=low, high=high, is_low_closed=is_low_closed, is_high_closed=is_closed, **place
        )

    def named(self, place: dict[str, int]) -> ast.Expression:
        constants = {"true": True, "false": False, "null": None}
        if self.here.text in constants:
            value = constants[self.here.text]
            self.at += 1
            return ast.Literal(value=value, **place)
        name = self.phrase() or self.simple_name()
        if not self.accept("("):
            return ast.Name(name=name, **place)
        arguments = []
        if not self.accept(")"):
            arguments.append(self.expression())
            while self.accept(","):
                arguments.append(self.expression())
            self.expect(")")
        return ast.Call(function=name, arguments=tuple(arguments), **place)

    def phrase(self) -> str | None:
        for words in self.phrases:
            ahead = self.tokens[self.at : self.at + len(words)]
            if [token.text for token in ahead if token.kind == "word"] == list(words):
                self.at += len(words)
                return " ".join(words)
        return None

    def simple_name(self) -> str:
        token = self.here
        if token.kind != "word" or token.text in KEYWORDS:
            raise self.refusal(
                f"这里应为名称，却是“{token.text or '结尾'}”", "请检查是否多了关键字或少了名称。"
            )
        self.at += 1
        return token.text

    def place(self) -> dict[str, int]:
        return {"line": self.here.line, "column": self.here.column}
