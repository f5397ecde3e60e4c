"""Which way a fact may plausibly go from here: nobody grows younger, an income may fall, a certificate may be had."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import msgspec
import yaml

from policy_engine.catalogue.attributes import Attribute
from policy_engine.catalogue.loading import FOLDER, catalogue

#: ``gained``: from none to something, and no other way.
Direction = Literal["either", "rises", "falls", "gained", "fixed"]


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fixed: tuple[str, ...]
    rises: tuple[str, ...]
    falls: tuple[str, ...]


def direction_of(attribute: Attribute) -> Direction:
    """What may become of a fact; a derived one has no way of its own."""
    if attribute.derived is not None or attribute.type == "text":
        return "fixed"
    if attribute.id in _directions():
        return _directions()[attribute.id]
    if attribute.type == "date":
        return "gained" if attribute.is_nullable else "fixed"
    return "either"


@cache
def _directions() -> Mapping[str, Direction]:
    """By attribute. Raises ``KeyError`` for an id that the catalogue does not know."""
    listed = msgspec.convert(yaml.safe_load((FOLDER / "changes.yaml").read_text(encoding="utf-8")), _Listed)
    found: dict[str, Direction] = {}
    for direction in ("fixed", "rises", "falls"):
        for attribute_id in getattr(listed, direction):
            found[catalogue().attribute(attribute_id).id] = direction
    return found
