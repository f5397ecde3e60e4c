"""The made policies as whoever knows them would take them down for another engine: columns, tests and bounds, no FEEL."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet

Test = Literal["is", "is not", "is or is not", "=", "!=", "<=", ">=", "none or <=", "none or >="]
#: ``名称``, ``not(名称)``, ``名称 or not(名称)``, ``名称 <= 3``, ``名称 = null or 名称 <= 3``, ``名称 = "值"``.
_FORMS: dict[Test, str] = {
    "is not": r"not\((?P<name>[^()]+)\)",
    "is or is not": r"(?P<name>\S+) or not\(\S+\)",
    "none or <=": r"(?P<name>\S+) = null or \S+ <= (?P<bound>\d+)",
    "none or >=": r"(?P<name>\S+) = null or \S+ >= (?P<bound>\d+)",
    "<=": r"(?P<name>\S+) <= (?P<bound>\d+)",
    ">=": r"(?P<name>\S+) >= (?P<bound>\d+)",
    "!=": r'(?P<name>\S+) != "(?P<text>.*)"',
    "=": r'(?P<name>\S+) = "(?P<text>.*)"',
    "is": r"(?P<name>\S+)",
}
_FORMULA = re.compile(r"if 家庭\.家庭人口 >= 4 then (\d+) else (\d+)")


class PlainCondition(NamedTuple):
    """``whose`` fact or status; ``value`` in the column's units (fen for money)."""

    whose: EntityKind
    column: str
    test: Test
    value: int | str | None


class PlainPolicy(NamedTuple):
    """A status, or a sum of fen for homes of four and more and another for smaller ones."""

    id: str
    kind: EntityKind
    stratum: int
    conditions: tuple[PlainCondition, ...]
    large_home_fen: int | None
    small_home_fen: int | None

    @property
    def is_status(self) -> bool:
        return self.large_home_fen is None


def plain_policies(published: PublishedSet) -> tuple[PlainPolicy, ...]:
    """In the order in which they can be worked out."""
    statuses = {one.name: (one.entity, one.policy_id) for one in published.statuses}
    ordered = sorted(published.policies, key=lambda one: one.stratum)
    return tuple(_plain(one.document, one.stratum, statuses) for one in ordered)


def by_stratum(policies: Sequence[PlainPolicy]) -> Iterator[tuple[EntityKind, list[PlainPolicy]]]:
    """Groups of one stratum and kind, none of which stands on another of its group."""
    for stratum in sorted({one.stratum for one in policies}):
        for kind in ("household", "person"):
            group = [one for one in policies if (one.stratum, one.kind) == (stratum, kind)]
            if group:
                yield kind, group


def attribute_of(condition: PlainCondition) -> Attribute | None:
    """None for a status."""
    return catalogue().entities[condition.whose].attributes.get(condition.column)


def facts_named(policies: Sequence[PlainPolicy], whose: EntityKind) -> list[Attribute]:
    """Every fact of one kind of subject that a condition names, in the order of their names; the size of homes too."""
    found = {one.column for policy in policies for one in policy.conditions if one.whose == whose}
    found |= {"member_count"} if whose == "household" else set()
    attributes = catalogue().entities[whose].attributes
    return [attributes[name] for name in sorted(found) if name in attributes]


def _plain(
    document: PolicyDocument, stratum: int, statuses: dict[str, tuple[EntityKind, str]]
) -> PlainPolicy:
    conditions = tuple(_condition(one.condition, document.entity, statuses) for one in document.eligibility)
    large = small = None
    if document.benefit is not None:
        found = _FORMULA.fullmatch(document.benefit.formula or "")
        assert found is not None, document.benefit.formula
        large, small = int(found[1]) * 100, int(found[2]) * 100
    return PlainPolicy(document.id, document.entity, stratum, conditions, large, small)


def _condition(text: str, kind: EntityKind, statuses: dict[str, tuple[EntityKind, str]]) -> PlainCondition:
    test, found = next((test, match) for test, form in _FORMS.items() if (match := re.fullmatch(form, text)))
    name = found["name"].removeprefix("家庭.")
    if name in statuses:
        whose, policy_id = statuses[name]
        return PlainCondition(whose, policy_id, test, None)
    whose = "household" if name != found["name"] else kind
    attribute = next(one for one in catalogue().entities[whose].attributes.values() if one.name == name)
    groups = found.groupdict()
    bound = None if groups.get("bound") is None else int(groups["bound"]) * attribute.scale
    return PlainCondition(whose, attribute.key, test, groups.get("text") if bound is None else bound)
