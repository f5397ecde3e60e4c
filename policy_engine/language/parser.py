"""From text to tree by recursive descent (DMN 1.5 §10.3.1.2)."""

from collections.abc import Callable, Collection, Mapping

from policy_engine.language import ast
from policy_engine.language.cursor import BUILT_IN_NAMES, DEEPEST, LONGEST_TEXT, MOST_LOOPS
from policy_engine.language.primaries import TEST_OPERATORS, Primaries, half_open
from policy_engine.language.problems import Problem, ProblemList

#: Of the tree: a long sum leans to one side, and walking it costs up to three calls a level.
DEEPEST_TREE = 120
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
#: What may follow an interval that ends in ``[``, and never begins a filter.
_AFTER_INTERVAL = frozenset(
    (")", "]", "}", ",", ".", "=", "and", "or", "then", "else", "satisfies", "return")
)
#: The name of the value that a unary test is put to.
TESTED = "?"
_NO_TYPES: Mapping[str, ast.TypeOf] = {}


def parse(
    text: str, names: Collection[str] = (), types: Mapping[str, ast.TypeOf] = _NO_TYPES
) -> ast.Expression:
    """The tree of one expression; ``names`` are further names with blanks or signs in them, ``types`` the named types.

    Raises ``ProblemList``.
    """
    parser = _Parser(text, names)
    parser.types = types
    tree = parser.whole(lambda _: parser.expression())
    _refuse_deep(tree)
    return tree


def parse_unary_tests(text: str, names: Collection[str] = ()) -> tuple[ast.Expression, ...] | None:
    """The tests of a policy table's cell (§7.3.3); null for ``-``, which any value passes."""
    parser = _Parser(text, names)
    if parser.accept("-") and parser.here.kind == "end":
        return None
    parser = _Parser(text, names)
    if parser.accept("not") and parser.here.text == "(":
        raise parser.refusal("表格里不支持 not(…)", "请写出可取的值或区间。")
    parser = _Parser(text, names)
    tests = parser.whole(lambda _: parser.tests(parser.sum))
    for test in tests:
        _refuse_deep(test)
    return tests


def parse_tests(
    text: str, names: Collection[str] = (), types: Mapping[str, ast.TypeOf] = _NO_TYPES
) -> tuple[ast.Expression, ...] | None:
    """The tests of a cell in all of FEEL (§10.3.1.2, rules 12 to 17), ``not(…)`` and ``?`` with them; null for ``-``."""
    parser = _Parser(text, names)
    parser.types = types
    if parser.accept("-") and parser.here.kind == "end":
        return None
    parser.at = 0
    place = parser.place()
    is_negated = parser.accept("not") and parser.accept("(")
    if not is_negated:
        parser.at = 0
    tests = parser.tests(parser.expression)
    if is_negated:
        parser.expect(")")
        tested = ast.Name(name=TESTED, **place)
        inside = ast.Membership(value=tested, tests=tests, **place)
        tests = (ast.Test(condition=ast.Call(function="not", arguments=(inside,), **place), **place),)
    parser.whole(lambda _: None)
    for test in tests:
        _refuse_deep(test)
    return tests


def _refuse_deep(tree: ast.Expression) -> None:
    node, depth = ast.deepest(tree)
    if depth > DEEPEST_TREE:
        message = f"连写的运算过多（超过{DEEPEST_TREE}层）"
        raise ProblemList([Problem(node.line, node.column, message, "请拆成几个条款。")])


class _Parser(Primaries):
    def expression(self) -> ast.Expression:
        self.descend()
        place = self.place()
        if self.here.kind != "word" or self.follows_name():
            node = self.disjunction()
        elif self.accept("if"):
            node = self.choice(place)
        elif self.sees("some", "every"):
            node = self.quantified(place)
        elif self.accept("for"):
            node = self.loop(place)
        elif self.sees("function") and self.tokens[self.at + 1].text == "(":
            self.at += 1
            node = self.function_definition(place)
        else:
            node = self.disjunction()
        self.depth -= 1
        return node

    def follows_name(self) -> bool:
        """Whether a known name of several words begins here, whatever its first word."""
        start = self.at
        is_name = self.phrase() is not None
        self.at = start
        return is_name

    def choice(self, place: dict[str, int]) -> ast.Expression:
        condition = self.expression()
        self.expect("then")
        consequence = self.expression()
        self.expect("else")
        return ast.Choice(
            condition=condition, consequence=consequence, alternative=self.expression(), **place
        )

    def quantified(self, place: dict[str, int]) -> ast.Expression:
        """Several variables are one inside the other."""
        quantifier = self.here.text
        self.at += 1
        pairs = [self.variable_and_source()]
        while self.accept(","):
            pairs.append(self.variable_and_source())
        self.expect("satisfies")
        for _ in pairs:
            self.enter_loop()
        node = self.expression()
        self.loops -= len(pairs)
        for variable, source in reversed(pairs):
            if isinstance(source, tuple):
                low, high = source
                source = ast.Interval(low=low, high=high, is_low_closed=True, is_high_closed=True, **place)
            node = ast.Quantified(
                quantifier=quantifier, variable=variable, source=source, condition=node, **place
            )
        return node

    def variable_and_source(self) -> tuple[str, ast.Expression | tuple[ast.Expression, ast.Expression]]:
        variable = self.name_before("in")
        self.expect("in")
        source = self.expression()
        return variable, (source, self.expression()) if self.accept("..") else source

    def loop(self, place: dict[str, int]) -> ast.Expression:
        pairs = [self.variable_and_source()]
        while self.accept(","):
            pairs.append(self.variable_and_source())
        self.expect("return")
        for _ in pairs:
            self.enter_loop()
        beginning = self.at
        result = self.expression()
        self.loops -= len(pairs)
        uses_partial = any(token.text == "partial" for token in self.tokens[beginning : self.at])
        return ast.Loop(
            variables=tuple(name for name, _ in pairs),
            sources=tuple(source for _, source in pairs),
            result=result,
            uses_partial=uses_partial,
            **place,
        )

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
            return (self.test(self.sum),)
        tests = self.tests(self.expression)
        if len(tests) == 1 and self.accept(".."):
            return (self.interval_end(place, tests[0], is_low_closed=False),)
        self.expect(")")
        return tests

    def tests(self, rule: Callable[[], ast.Expression]) -> tuple[ast.Expression, ...]:
        found = [self.test(rule)]
        while self.accept(","):
            found.append(self.test(rule))
        return tuple(found)

    def test(self, rule: Callable[[], ast.Expression]) -> ast.Expression:
        """One positive unary test: an interval, a comparison with what is tested, a value, or words about ``?``."""
        place = self.place()
        for operator in TEST_OPERATORS:
            if self.accept(operator):
                end = self.sum()
                if operator == "=":
                    return end
                if operator == "!=":
                    tested = ast.Name(name=TESTED, **place)
                    differs = ast.Comparison(operator="!=", left=tested, right=end, **place)
                    return ast.Test(condition=differs, **place)
                return half_open(operator, end, place)
        beginning = self.at
        node = rule()
        if any(token.kind == "word" and token.text == TESTED for token in self.tokens[beginning : self.at]):
            return ast.Test(condition=node, **place)
        return node

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
            return self.typed(place)
        self.descend()
        node = ast.Negative(operand=self.unary(), **place)
        self.depth -= 1
        return node

    def typed(self, place: dict[str, int]) -> ast.Expression:
        node = self.postfix()
        if self.here.text == "instance" and self.tokens[self.at + 1].text == "of":
            self.at += 2
            return ast.InstanceOf(value=node, type=self.type_of(), **place)
        return node

    def postfix(self) -> ast.Expression:
        place = self.place()
        node = self.primary()
        while self.here.kind == "symbol":
            if self.accept("."):
                node = ast.Path(base=node, name=self.member_name(), **place)
            elif self.here.text == "[" and not self.ends_interval():
                self.at += 1
                self.enter_loop()
                condition = self.expression()
                self.loops -= 1
                self.expect("]")
                node = ast.Filter(base=node, condition=condition, **place)
            elif self.accept("("):
                arguments, names = self.arguments()
                node = ast.Invocation(function=node, arguments=arguments, names=names, **place)
            else:
                break
        return node

    def ends_interval(self) -> bool:
        """Whether this ``[`` closes ``[1..5[`` rather than begins a filter."""
        after = self.tokens[self.at + 1]
        return after.kind == "end" or (after.kind != "string" and after.text in _AFTER_INTERVAL)


__all__ = [
    "BUILT_IN_NAMES",
    "DEEPEST",
    "DEEPEST_TREE",
    "LONGEST_TEXT",
    "MOST_LOOPS",
    "parse",
    "parse_tests",
    "parse_unary_tests",
]
