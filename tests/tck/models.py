"""A model of decisions (DMN 1.5 §6): what each of its elements needs, and what it comes to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy_engine.language.ast import TypeOf
from policy_engine.language.conformance import coerced
from policy_engine.language.values import Function
from tests.tck.boxed import Boxes, Context, Logic, fitting
from tests.tck.documents import Element, RefusedDocument, child, children, kind, read, text
from tests.tck.types import types_of

_NAMED = ("decision", "inputData", "businessKnowledgeModel", "decisionService")
_REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")


class Model:
    """One file of a case, with the models it imports under their names."""

    def __init__(self, root: Element, imports: Mapping[str, "Model"], clock: Context) -> None:
        self.namespace = root.get("namespace", "")
        self.clock = clock
        self.imports = imports
        self.elements = {_key(one): one for one in root if kind(one) in _NAMED}
        self.by_name = {(one.get("name") or "").strip(): one for one in self.elements.values()}
        named = (one for one in root.iter() if kind(one) not in ("formalParameter", "parameter"))
        self.names = {name for one in named if (name := one.get("name"))} | set(self.by_name)
        for other in imports.values():
            self.names |= other.names
        imported = {
            f"{prefix}.{name}": type_
            for prefix, other in imports.items()
            for name, type_ in other.types.items()
        }
        self.types: dict[str, TypeOf] = types_of(root, imported, self.names)
        self.boxes = Boxes(self.names, self.types)
        self._logic: dict[str, Logic] = {}

    def result(self, name: str, inputs: Context) -> Any:
        """What the named decision comes to; a service or a knowledge model is called with the inputs."""
        element = self.by_name.get(name.strip())
        if element is None:
            return None
        value = self.value(element, inputs, {})
        if kind(element) in ("businessKnowledgeModel", "decisionService") and isinstance(value, Function):
            return value.by_name({one: inputs.get(one) for one in value.parameters})
        return value

    def value(self, element: Element, inputs: Context, known: dict[str, Any]) -> Any:
        """An element's value in one evaluation, worked out once."""
        key = f"{self.namespace}#{_key(element)}"
        if key not in known:
            known[key] = self._value(element, inputs, known)
        return known[key]

    def _value(self, element: Element, inputs: Context, known: dict[str, Any]) -> Any:
        variable = child(element, "variable")
        type_ = None if variable is None else self.boxes.type_named(variable.get("typeRef"))
        match kind(element):
            case "inputData":
                return coerced(inputs.get((element.get("name") or "").strip()), type_)
            case "decision":
                logic = self.logic(element)
                return coerced(logic(self.scope(element, inputs, known)), type_)
            case "businessKnowledgeModel":
                return self.knowledge(element, inputs, known, type_)
        return self.service(element, inputs, type_)

    def logic(self, element: Element) -> Logic:
        key = _key(element)
        if key not in self._logic:
            self._logic[key] = self.boxes.inside(element)
        return self._logic[key]

    def scope(self, element: Element, inputs: Context, known: dict[str, Any]) -> dict[str, Any]:
        """The names that an element may use: what it requires, and what the clock says."""
        found: dict[str, Any] = dict(self.clock)
        for requirement in element:
            for required in requirement if kind(requirement).endswith("Requirement") else ():
                if kind(required) in _REQUIRED:
                    self.put(found, required.get("href", ""), inputs, known)
        return found

    def put(self, found: dict[str, Any], href: str, inputs: Context, known: dict[str, Any]) -> None:
        namespace, _, key = href.rpartition("#")
        if namespace in ("", self.namespace):
            element = self.elements.get(key)
            if element is not None:
                found[(element.get("name") or "").strip()] = self.value(element, inputs, known)
            return
        for prefix, other in self.imports.items():
            if other.namespace == namespace and key in other.elements:
                element = other.elements[key]
                value = other.value(element, _of_import(inputs, prefix), known)
                found.setdefault(prefix, {})[(element.get("name") or "").strip()] = value

    def knowledge(
        self, element: Element, inputs: Context, known: dict[str, Any], type_: TypeOf | None
    ) -> Function | None:
        """A business knowledge model as a function; it may call itself."""
        box = child(element, "encapsulatedLogic")
        if box is None:
            return None
        scope = self.scope(element, inputs, known)
        inside = self.boxes.function(box)(scope)
        result = _result_of(type_)

        def call(*arguments: Any) -> Any:
            return coerced(inside(*arguments), result)

        function = Function(call, inside.parameters, inside.types, inside.result)
        scope[(element.get("name") or "").strip()] = function
        return function

    def service(self, element: Element, inputs: Context, type_: TypeOf | None) -> Function:
        """A decision service as a function of its input data and input decisions."""
        given = [
            self.elements[key]
            for name in ("inputData", "inputDecision")
            for one in children(element, name)
            if (key := one.get("href", "").rpartition("#")[2]) in self.elements
        ]
        names = tuple((one.get("name") or "").strip() for one in given)
        variables = [child(one, "variable") for one in given]
        types = [None if one is None else self.boxes.type_named(one.get("typeRef")) for one in variables]
        outputs = [
            self.elements[key]
            for one in children(element, "outputDecision")
            if (key := one.get("href", "").rpartition("#")[2]) in self.elements
        ]

        def call(*arguments: Any) -> Any:
            fits = fitting(arguments, types)
            if fits is None:
                return None
            keys = [f"{self.namespace}#{_key(one)}" for one in given]
            values = dict(zip(keys, fits, strict=True))
            found = {(one.get("name") or "").strip(): self.value(one, inputs, values) for one in outputs}
            result = next(iter(found.values())) if len(found) == 1 else found
            return coerced(result, _result_of(type_))

        return Function(call, names)


def _result_of(type_: TypeOf | None) -> TypeOf | None:
    """What a function of this type gives; a variable may also name the result alone."""
    return type_.parts[-1] if type_ is not None and type_.name == "function" else type_


def _key(element: Element) -> str:
    """The element's id, its name where it has none."""
    return element.get("id") or (element.get("name") or "").strip()


def _of_import(inputs: Context, prefix: str) -> Context:
    """Inputs of an imported model come under its name, or as if they were this one's."""
    inner = inputs.get(prefix)
    return {**inputs, **inner} if isinstance(inner, dict) else inputs


def load(path: Path, clock: Context) -> Model:
    """The model of a file with all that it imports from the files beside it. Raises ``RefusedDocument``."""
    roots = {}
    for one in sorted(path.parent.glob("*.dmn")):
        root = read(one)
        roots[root.get("namespace", one.name)] = root
    return _model(read(path), roots, clock, ())


def _model(root: Element, roots: Mapping[str, Element], clock: Context, above: tuple[str, ...]) -> Model:
    namespace = root.get("namespace", "")
    if namespace in above:
        raise RefusedDocument("imports in a circle")
    imports = {
        one.get("name", ""): _model(roots[wanted], roots, clock, (*above, namespace))
        for one in children(root, "import")
        if (wanted := one.get("namespace", "")) in roots
    }
    return Model(root, imports, clock)


__all__ = ["Model", "load", "text"]
