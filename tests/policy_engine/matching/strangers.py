"""Families as no city has them: every fact dealt from values near the thresholds of real policies, or unknown."""

import random
from datetime import date

import msgspec

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject, RawValue
from tests.policy_engine.matching.town import NOON

_DATES = ["1934-02-28", "1936-11-23", "1940-02-29", "1966-11-24", "2005-01-31", "2023-11-24", "2025-01-01"]
_DATES += ["2025-06-30", "2025-12-31", "2026-03-31", "2026-11-22", "2027-02-03"]
_NUMBERS = [0, 1, 2, 3, 11, 12, 29, 30, 36, 55, 56, 60, 119, 120, 200, 50_000, 68_500, 81_500, 2_000_000_000]
_DIVISIONS = ["420202070", "420222100", "420281101", "420100", "330000"]


def stranger_family(seed: int, kind: EntityKind, *, unknown: float = 0.1) -> Family:
    """A household with two persons who have three jobs, and a home, or a firm with a hire, a loan and a project; facts
    unknown now and then."""
    dice = random.Random(seed)  # noqa: S311
    kinds = ("person", "person", "home") if kind == "household" else ("hire", "loan", "project")
    owner = _subject(dice, 1, kind, unknown)
    family = [_subject(dice, 2 + place, one, unknown) for place, one in enumerate(kinds)]
    jobs = [_job(dice, 20 + place, about, unknown) for place, about in enumerate((2, 3, 3))]
    members = sorted(family, key=lambda one: one.subject_id)
    return Family(owner, (*members, *(jobs if kind == "household" else ())), 1)


def value_of(attribute: Attribute, dice: random.Random) -> RawValue:
    """Any value that the catalogue allows, none included where it may be."""
    pools: dict[str, list[RawValue]] = {
        "boolean": [True, False],
        "enum": list(attribute.values),
        "date": list(_DATES),
        "division": list(_DIVISIONS),
        "text": ["甲"],
    }
    pool = pools.get(attribute.type, list(_NUMBERS))
    if attribute.id == "person.disability_level":
        pool = [1, 2, 3, 4]
    return dice.choice([*pool, None] if attribute.may_be_absent else pool)


def _subject(dice: random.Random, number: int, kind: str, unknown: float) -> KnownSubject:
    facts = {
        one.key: KnownFact(value_of(one, dice), one.department, NOON)
        for one in catalogue().entities[kind].base_attributes  # type: ignore[index]
        if dice.random() >= unknown
    }
    return KnownSubject(number, kind, 1, None, "420200", 1, facts)  # type: ignore[arg-type]


def _job(dice: random.Random, number: int, about_id: int, unknown: float) -> KnownSubject:
    return msgspec.structs.replace(_subject(dice, number, "employment", unknown), about_id=about_id)


def some_day(dice: random.Random, first: date, last: date) -> date:
    """Any day between two."""
    return date.fromordinal(dice.randint(first.toordinal(), last.toordinal()))
