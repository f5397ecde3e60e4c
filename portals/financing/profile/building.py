"""What is known of a firm, put together for whoever may see it: facts by item, with source and date of each."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kernel.i18n import ENGLISH, current_locale
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from portals.financing.profile.items import data_items


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as its reader sees it; ``text`` is empty where nobody has told us."""

    attribute: str
    label: str
    text: str
    source: str
    observed_at: datetime | None
    is_declared: bool


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One item of an authorisation with what it shows. Of several loans each is a group of lines."""

    item: str
    title: str
    groups: tuple[tuple[FactLine, ...], ...]


def sections_of(family: Family, items: Sequence[str]) -> list[Section]:
    """The items' facts of a firm; items without facts (name, contact) are the caller's."""
    found = []
    for code in items:
        item = data_items()[code]
        if item.attributes:
            found.append(Section(item=code, title=item.title, groups=_groups(family, item.attributes)))
    return found


def line_of(attribute: Attribute, fact: KnownFact | None) -> FactLine:
    """A fact in words, in the reader's language."""
    department = None if fact is None else catalogue().departments.get(fact.source)
    return FactLine(
        attribute=attribute.id,
        label=attribute.label_en if current_locale() == ENGLISH else attribute.name,
        text="" if fact is None else display(catalogue(), attribute, fact.value),
        source="" if fact is None else department.said if department else fact.source,
        observed_at=None if fact is None else fact.observed_at,
        is_declared=fact is not None and fact.standing == "declared",
    )


def _groups(family: Family, attributes: Sequence[str]) -> tuple[tuple[FactLine, ...], ...]:
    kind = catalogue().attribute(attributes[0]).entity
    bearers: Sequence[KnownSubject] = (family.owner,) if kind == "firm" else family.of_kind("loan")
    return tuple(
        tuple(line_of(one, bearer.facts.get(one.key)) for one in map(catalogue().attribute, attributes))
        for bearer in bearers
    )
