"""The operations of a portal out of its own OpenAPI document, each with a body that is in order.

So one that is added tomorrow is tried too, and it is the person who is refused, not the body.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from litestar import Litestar


class Operation(NamedTuple):
    """``template`` as the document has it, ``path`` filled in; ``body`` is null where none is wanted."""

    method: str
    template: str
    path: str
    body: Any


class Described:
    """``part`` says what stands in an address, by the part's name and the whole template; ``words`` what is said in a body
    where its description does not list what may be."""

    def __init__(
        self, app: Litestar, part: Callable[[str, str], object], words: Mapping[str, object] | None = None
    ) -> None:
        self._document = app.openapi_schema.to_schema()
        self._part = part
        self._words = words or {}

    def __iter__(self) -> Iterator[Operation]:
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                content = operation.get("requestBody", {}).get("content", {})
                schema = content.get("application/json", {}).get("schema")
                body = None if schema is None else self._value(schema)
                filled = re.sub(r"{(\w+)}", lambda part, path=path: str(self._part(part[1], path)), path)
                yield Operation(method.upper(), path, filled + self._query(operation, path), body)

    def _query(self, operation: Mapping[str, Any], path: str) -> str:
        """What has to be said behind the question mark."""
        named = [
            f"{one['name']}={self._part(one['name'], path)}"
            for one in operation.get("parameters", ())
            if one["in"] == "query" and one.get("required")
        ]
        return "?" + "&".join(named) if named else ""

    def _value(self, schema: Mapping[str, Any]) -> Any:
        """Something that the schema allows."""
        if "$ref" in schema:
            return self._value(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for several in ("oneOf", "anyOf", "allOf"):
            if several in schema:
                return self._value(schema[several][0])
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                needed = schema.get("required", ())
                amounts = {name: 50_000_000 for name in needed if name == "amount_fen"}
                kinds = schema.get("properties", {})
                free = [name for name in needed if name in self._words and "enum" not in kinds[name]]
                said = {name: self._words[name] for name in free}
                return {name: self._value(kinds[name]) for name in needed} | amounts | said
            case "array":
                return [self._value(schema["items"])] * schema.get("minItems", 0)
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case _:
                known = {"date": "2026-11-23", "uuid": str(uuid.uuid4())}
                return known.get(schema.get("format", ""), "quota")
