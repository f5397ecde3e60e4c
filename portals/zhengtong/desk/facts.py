"""Facts of a file by the catalogue's names, with the department they come from."""

from typing import cast

import msgspec

from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.delivery.claims.schemas import ClaimFile, FactLine
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.schemas import RawValue


class NamedFact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as an official reads it; ``is_blank``: known to be none, no or nought."""

    attribute: str
    label: str
    text: str
    source: str
    is_declared: bool
    is_blank: bool


def named_facts(file: ClaimFile) -> list[NamedFact]:
    """In the catalogue's order; what the applicant declared comes last and is said to be so."""
    order = {one.id: place for place, one in enumerate(catalogue().attributes)}
    lines = sorted(file.facts, key=lambda line: (line.is_declared, order.get(line.attribute, len(order))))
    return [_named(line) for line in lines]


def _named(line: FactLine) -> NamedFact:
    known = catalogue()
    try:
        attribute = known.attribute(line.attribute)
    except KeyError:
        return NamedFact(
            attribute=line.attribute,
            label=line.attribute,
            text=str(line.value),
            source=_("申请人声明") if line.is_declared else "",
            is_declared=line.is_declared,
            is_blank=not line.value,
        )
    is_english = current_locale() == ENGLISH
    department = known.departments[attribute.department]
    source = department.label_en if is_english else department.name
    return NamedFact(
        attribute=line.attribute,
        label=attribute.label_en if is_english else attribute.name,
        text=display(known, attribute, cast(RawValue, line.value)),
        source=_("申请人声明") if line.is_declared else source,
        is_declared=line.is_declared,
        is_blank=not line.value,
    )
