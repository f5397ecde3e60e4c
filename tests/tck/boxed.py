"""Boxed expressions (DMN 1.5 §7.3, §10.2) as what they come to in a context."""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from policy_engine.language import ast
from policy_engine.language.conformance import coerced
from policy_engine.language.evaluator import value_of
from policy_engine.language.parser import parse
from policy_engine.language.problems import ProblemList
from policy_engine.language.values import Function
from tests.tck.documents import Element, child, children, kind, text

Context: TypeAlias = Mapping[str, Any]
Logic: TypeAlias = Callable[[Context], Any]
BOXES = (
    "literalExpression",
    "context",
    "invocation",
    "relation",
    "list",
    "functionDefinition",
    "decisionTable",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
)


class Boxes:
    """Reads the boxed expressions of one model, with the names and types that are known in it."""

    def __init__(self, names: Collection[str], types: Mapping[str, ast.TypeOf]) -> None:
        self.names = names
        self.types = types

    def type_named(self, name: str | None) -> ast.TypeOf | None:
        if not name:
            return None
        plain = name.removeprefix("feel:")
        aliases = {
            "dayTimeDuration": "days and time duration",
            "yearMonthDuration": "years and months duration",
            "dateTime": "date and time",
        }
        return self.types.get(plain) or ast.TypeOf(aliases.get(plain, plain))

    def expression(self, written: str) -> ast.Expression:
        """A tree; one that comes to null where the text is no FEEL."""
        try:
            return parse(written, self.names, self.types)
        except ProblemList:
            return ast.Literal(value=None)

    def inside(self, element: Element | None) -> Logic:
        """The logic of the box that an element holds; null where it holds none."""
        box = None if element is None else next((one for one in element if kind(one) in BOXES), None)
        return _null if box is None else self.logic(box)

    def logic(self, box: Element) -> Logic:
        read = getattr(self, f"_{kind(box)}")
        logic: Logic = read(box)
        type_ = self.type_named(box.get("typeRef"))
        return logic if type_ is None else lambda context: coerced(logic(context), type_)

    def _literalExpression(self, box: Element) -> Logic:  # noqa: N802 (the element's name)
        tree = self.expression(text(box, "text"))
        return lambda context: value_of(tree, context)

    def _context(self, box: Element) -> Logic:
        entries: list[tuple[str | None, Logic]] = []
        for entry in children(box, "contextEntry"):
            variable = child(entry, "variable")
            type_ = None if variable is None else self.type_named(variable.get("typeRef"))
            name = None if variable is None else variable.get("name", "")
            entries.append((name, _typed(self.inside(entry), type_)))

        def logic(context: Context) -> Any:
            scope = dict(context)
            found: dict[str, Any] = {}
            for name, entry in entries:
                if name is None:
                    return entry(scope)
                found[name] = scope[name] = entry(scope)
            return found

        return logic

    def _invocation(self, box: Element) -> Logic:
        function = self.inside(box)
        bindings = [
            (parameter.get("name", ""), self.inside(binding))
            for binding in children(box, "binding")
            if (parameter := child(binding, "parameter")) is not None
        ]

        def logic(context: Context) -> Any:
            called = function(context)
            arguments = {name: argument(context) for name, argument in bindings}
            return called.by_name(arguments) if isinstance(called, Function) else None

        return logic

    def _relation(self, box: Element) -> Logic:
        columns = [one.get("name", "") for one in children(box, "column")]
        rows = [[self.logic(cell) for cell in row if kind(cell) in BOXES] for row in children(box, "row")]
        return lambda context: [
            {name: cell(context) for name, cell in zip(columns, row, strict=True)} for row in rows
        ]

    def _list(self, box: Element) -> Logic:
        items = [self.logic(one) for one in box if kind(one) in BOXES]
        return lambda context: [item(context) for item in items]

    def _functionDefinition(self, box: Element) -> Logic:  # noqa: N802
        return self.function(box)

    def function(self, box: Element) -> Callable[[Context], Function]:
        """What has formal parameters and a body: a boxed function, or the logic of a knowledge model."""
        is_feel = box.get("kind", "FEEL") == "FEEL"
        parameters = children(box, "formalParameter")
        names = tuple(one.get("name", "") for one in parameters)
        types = tuple(self.type_named(one.get("typeRef")) for one in parameters)
        result = self.type_named(box.get("typeRef"))
        body = Boxes({*self.names, *names}, self.types).inside(box) if is_feel else _null

        def logic(context: Context) -> Function:
            def call(*arguments: Any) -> Any:
                given = fitting(arguments, types)
                return None if given is None else body({**context, **dict(zip(names, given, strict=True))})

            return Function(call, names, types, result)

        return logic

    def _decisionTable(self, box: Element) -> Logic:  # noqa: N802
        from tests.tck.tables import table_logic

        return table_logic(box, self)

    def _conditional(self, box: Element) -> Logic:
        condition, yes, no = (self.inside(child(box, name)) for name in ("if", "then", "else"))

        def logic(context: Context) -> Any:
            answer = condition(context)
            if not isinstance(answer, bool | None):
                return None
            return yes(context) if answer is True else no(context)

        return logic

    def _filter(self, box: Element) -> Logic:
        source, match = self.inside(child(box, "in")), self.inside(child(box, "match"))

        def logic(context: Context) -> Any:
            base = source(context)
            items = base if isinstance(base, list) else [] if base is None else [base]
            results = [match(_within(context, item)) for item in items]
            if results and isinstance(results[0], Decimal):
                place = ast.Filter(base=ast.Name(name="items"), condition=ast.Literal(value=results[0]))
                return value_of(place, {"items": items})
            if not all(isinstance(result, bool | None) for result in results):
                return None
            return [item for item, result in zip(items, results, strict=True) if result is True]

        return logic

    def _for(self, box: Element) -> Logic:
        variable, source = box.get("iteratorVariable", ""), self.inside(child(box, "in"))
        result = self.inside(child(box, "return"))

        def logic(context: Context) -> Any:
            items = _items(source(context))
            if items is None:
                return None
            results: list[Any] = []
            for item in items:
                results.append(result({**context, variable: item, "partial": list(results)}))
            return results

        return logic

    def _some(self, box: Element) -> Logic:
        return self.quantified(box, decisive=True)

    def _every(self, box: Element) -> Logic:
        return self.quantified(box, decisive=False)

    def quantified(self, box: Element, *, decisive: bool) -> Logic:
        variable, source = box.get("iteratorVariable", ""), self.inside(child(box, "in"))
        condition = self.inside(child(box, "satisfies"))

        def logic(context: Context) -> bool | None:
            items = _items(source(context))
            if items is None:
                return None
            results = [condition({**context, variable: item}) for item in items]
            if not all(isinstance(one, bool) for one in results):
                return None
            return decisive if decisive in results else not decisive

        return logic


def fitting(arguments: Sequence[Any], types: Sequence[ast.TypeOf | None]) -> list[Any] | None:
    """The arguments as the parameters want them; null where one does not fit, and nothing is called."""
    given = [coerced(one, type_) for one, type_ in zip(arguments, types, strict=True)]
    misfits = [fits is None and one is not None for fits, one in zip(given, arguments, strict=True)]
    return None if any(misfits) else given


def _null(_context: Context) -> None:
    return None


def _typed(logic: Logic, type_: ast.TypeOf | None) -> Logic:
    return logic if type_ is None else lambda context: coerced(logic(context), type_)


def _items(source: Any) -> list[Any] | None:
    """What a loop goes through, as the same loop written in FEEL would."""
    tree = ast.Loop(variables=("x",), sources=(ast.Name(name="source"),), result=ast.Name(name="x"))
    found = value_of(tree, {"source": source})
    return found if isinstance(found, list) else None


def _within(context: Context, item: Any) -> Context:
    return {**context, **(item if isinstance(item, dict) else {}), "item": item}
