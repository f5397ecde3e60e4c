"""What counts as income in a means test: kinds of income, the tests, and what each test leaves out, by place and date.

"Benefits must not eat each other": an allowance that one law gives is not taken back by another that counts it. Which
kinds are left out is a list with dates (最低生活保障审核确认办法): the basic pension was for five years and then no longer.
Each test's sum is an attribute of the household, which is what policies ask for. PURE: the rules come in as values.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import msgspec

from kernel.i18n import Named
from policy_engine.catalogue.divisions import enclosing_prefixes, prefix_of
from policy_engine.catalogue.loading import FOLDER, catalogue
from policy_engine.catalogue.parameters import Source

#: What a source told without saying of which kind it is; it counts.
OTHER = "other"


class IncomeKind(msgspec.Struct, frozen=True):
    """A kind of income, by its id and as people call it."""

    id: str
    name: str
    label_en: str

    @property
    def named(self) -> Named:
        return Named(self.name, self.label_en)


class MeansTest(IncomeKind, frozen=True):
    """What a household's income is added up for; the sum becomes the fact ``attribute``."""

    attribute: str


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of income is treated in a test: in force from ``since`` to ``until``, both included.

    ``counts`` with ``free_fen``: what one person has of it above that a month counts; without it the whole.
    """

    kind: str
    test: str
    division: str
    since: date
    until: date | None = None
    counts: bool = False
    free_fen: int = 0
    source: Source


class Earned(msgspec.Struct, frozen=True):
    """What one person has of one kind in a month."""

    person: int
    kind: str
    amount_fen: int


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What a household has of one kind, how much of it counts, and by which rule; none where no rule leaves it out."""

    kind: str
    amount_fen: int
    counted_fen: int
    rule: Treatment | None


class IncomeCatalogue(msgspec.Struct, frozen=True):
    kinds: Mapping[str, IncomeKind]
    tests: Mapping[str, MeansTest]
    treatments: tuple[Treatment, ...]


@cache
def income_catalogue() -> IncomeCatalogue:
    """The list as it stands in the program. Raises ``ValueError`` or ``KeyError`` for what the catalogue does not know."""
    raw: dict[str, Any] = msgspec.yaml.decode((FOLDER / "income.yaml").read_bytes())
    sources = msgspec.convert(raw["sources"], dict[str, Source])
    kinds = {one.id: one for one in msgspec.convert(raw["kinds"], list[IncomeKind])}
    tests = {one.id: one for one in msgspec.convert(raw["tests"], list[MeansTest])}
    treatments = tuple(_treatment(one, sources) for one in raw["treatments"])
    for test in tests.values():
        if catalogue().attribute(test.attribute).type != "money":
            raise ValueError(f"{test.id}: {test.attribute} is no money")
    for one in treatments:
        if one.kind not in kinds or one.test not in tests or one.division not in catalogue().divisions:
            raise ValueError(f"no such kind, test or division: {one.kind}, {one.test}, {one.division}")
    return IncomeCatalogue(kinds, tests, treatments)


def treatment_on(
    treatments: Iterable[Treatment], test: str, kind: str, division: str, on: date
) -> Treatment | None:
    """The rule in force: the nearest division's, and within it the latest; of two of one day the one that comes later.

    A rule that is over is found before an older one of the same place, and says that nothing is left out any longer.
    """
    begun = [one for one in treatments if (one.test, one.kind) == (test, kind) and one.since <= on]
    for prefix in enclosing_prefixes(division):
        here = [one for one in begun if prefix_of(one.division) == prefix]
        if here:
            latest = max(enumerate(here), key=lambda one: (one[1].since, one[0]))[1]
            return latest if latest.until is None or on <= latest.until else None
    return None


def weigh(
    earned: Iterable[Earned], treatments: Iterable[Treatment], test: str, division: str, on: date
) -> tuple[Weighed, ...]:
    """Kind by kind, the largest first; what is free is free for each person."""
    rules = tuple(treatments)
    by_kind: dict[str, dict[int, int]] = {}
    for one in earned:
        persons = by_kind.setdefault(one.kind, {})
        persons[one.person] = persons.get(one.person, 0) + one.amount_fen
    found = []
    for kind, persons in by_kind.items():
        rule = treatment_on(rules, test, kind, division, on)
        counted = sum(_counted(amount, rule) for amount in persons.values())
        found.append(Weighed(kind=kind, amount_fen=sum(persons.values()), counted_fen=counted, rule=rule))
    return tuple(sorted(found, key=lambda one: (-one.amount_fen, one.kind)))


def _counted(amount_fen: int, rule: Treatment | None) -> int:
    if rule is None:
        return amount_fen
    return max(0, amount_fen - rule.free_fen) if rule.counts else 0


def _treatment(raw: dict[str, Any], sources: Mapping[str, Source]) -> Treatment:
    free = raw.get("free", 0)
    return Treatment(
        kind=raw["kind"],
        test=raw["test"],
        division=raw["division"],
        since=raw["from"],
        until=raw.get("until"),
        counts=bool(free),
        free_fen=int(free) * 100,
        source=sources[raw["source"]],
    )
