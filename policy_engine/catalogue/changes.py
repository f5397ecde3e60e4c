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
    misfortunes: tuple[str, ...]


def direction_of(attribute: Attribute) -> Direction:
    """What may become of a fact; a derived one has no way of its own."""
    if attribute.derived is not None or attribute.type == "text":
        return "fixed"
    if attribute.id in _directions():
        return _directions()[attribute.id]
    if attribute.type == "date":
        return "gained" if attribute.is_nullable else "fixed"
    return "either"


def is_misfortune(attribute: Attribute) -> bool:
    """Whether it would hurt to be told that one lacks it: the death of a child, an illness, a disaster."""
    return attribute.id in _listed().misfortunes


@cache
def _directions() -> Mapping[str, Direction]:
    """By attribute. Raises ``KeyError`` for an id that the catalogue does not know."""
    listed = _listed()
    directions: tuple[tuple[Direction, tuple[str, ...]], ...] = (
        ("fixed", listed.fixed + listed.misfortunes),
        ("rises", listed.rises),
        ("falls", listed.falls),
    )
    return {catalogue().attribute(one).id: direction for direction, ids in directions for one in ids}


@cache
def _listed() -> _Listed:
    return msgspec.convert(yaml.safe_load((FOLDER / "changes.yaml").read_text(encoding="utf-8")), _Listed)
