"""Item definitions become types that expressions and variables may name (DMN 1.5 §7.3.2)."""

from collections.abc import Callable, Collection, Mapping

from policy_engine.language.ast import TypeOf
from policy_engine.language.evaluator import passes
from policy_engine.language.parser import parse_tests
from policy_engine.language.problems import ProblemList
from tests.tck.documents import Element, child, children, text

_ALIASES = {"dayTimeDuration": "days and time duration", "yearMonthDuration": "years and months duration"}
_ALIASES["dateTime"] = "date and time"


def types_of(
    definitions: Element, imported: Mapping[str, TypeOf], names: Collection[str]
) -> dict[str, TypeOf]:
    """The named types of a model, those of imported models under their prefix."""
    elements = {one.get("name", ""): one for one in children(definitions, "itemDefinition")}
    found = dict(imported)

    def named(name: str, seen: tuple[str, ...] = ()) -> TypeOf:
        plain = name.removeprefix("feel:")
        plain = _ALIASES.get(plain, plain)
        if plain in elements and plain not in found and plain not in seen:
            found[plain] = defined(elements[plain], (*seen, plain))
        return found.get(plain) or TypeOf(plain)

    def defined(element: Element, seen: tuple[str, ...]) -> TypeOf:
        base = _component_type(element, seen)
        allowed = text(element, "allowedValues", "text") or text(element, "typeConstraint", "text")
        if allowed:
            base = TypeOf(base.name, base.parts, base.keys, _test_of(allowed, names))
        return TypeOf("list", (base,)) if element.get("isCollection") == "true" else base

    def _component_type(element: Element, seen: tuple[str, ...]) -> TypeOf:
        if components := children(element, "itemComponent"):
            keys = tuple(one.get("name", "") for one in components)
            return TypeOf("context", tuple(defined(one, seen) for one in components), keys)
        if (function := child(element, "functionItem")) is not None:
            parameters = [named(one.get("typeRef", "Any"), seen) for one in children(function, "parameters")]
            return TypeOf("function", (*parameters, named(function.get("outputTypeRef", "Any"), seen)))
        return named(text(element, "typeRef") or "Any", seen)

    for name in elements:
        named(name)
    return found


def _test_of(allowed: str, names: Collection[str]) -> Callable[[object], bool] | None:
    try:
        tests = parse_tests(allowed, names)
    except ProblemList:
        return None
    return None if tests is None else lambda value: passes(value, tests, {}) is True
