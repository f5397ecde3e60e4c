"""Two hundred policies that nobody wrote: five conditions each, twenty statuses in three strata, household aggregates."""

import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute, EntityKind
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet, publish_documents

STATUSES_BY_STRATUM = (8, 6, 6)
CONDITIONS = 5


def published_made(count: int = 200, seed: int = 1) -> PublishedSet:
    """``count`` policies, the statuses among them, all in force."""
    return publish_documents((one, "official") for one in made_policies(count, seed))


def made_policies(count: int, seed: int) -> Iterator[PolicyDocument]:
    """The same for the same seed."""
    dice = random.Random(seed)
    below: list[tuple[str, EntityKind]] = []
    for stratum, number in enumerate(STATUSES_BY_STRATUM):
        this: list[tuple[str, EntityKind]] = []
        for place in range(number):
            kind: EntityKind = "household" if place % 3 == 0 else "person"
            name = f"身份{stratum}甲{place}"
            this.append((name, kind))
            status = {"status": {"name": name, "nature": "definition"}}
            yield _document(f"status-{stratum}-{place}", kind, dice, below, status)
        below += this
    for number in range(count - sum(STATUSES_BY_STRATUM)):
        formula = f"if 家庭.家庭人口 >= 4 then {dice.randrange(100, 900)} else {dice.randrange(50, 100)}"
        benefit = {"benefit": {"formula": formula, "period": "month", "source": "notice"}}
        yield _document(f"benefit-{number}", "person", dice, below, benefit)


def changed(document: PolicyDocument, dice: random.Random) -> PolicyDocument:
    """The policy with other conditions in place of its own, but for the first; bounds that no other has."""
    clauses = [document.eligibility[0]]
    for clause in document.eligibility[1:]:
        condition = _condition(document.entity, dice)
        bounds = re.sub(r"(?<= )\d+$", lambda _: str(dice.randrange(5, 5000)), condition)
        clauses.append(msgspec.structs.replace(clause, condition=bounds))
    return msgspec.structs.replace(document, version=document.version + 1, eligibility=tuple(clauses))


def _document(
    id: str, kind: EntityKind, dice: random.Random, below: list[tuple[str, EntityKind]], what: dict[str, Any]
) -> PolicyDocument:
    conditions = [_condition(kind, dice) for _ in range(CONDITIONS)]
    usable = [name if whose == kind else f"家庭.{name}" for name, whose in below if kind in (whose, "person")]
    if usable:
        conditions[0] = dice.choice(["{}", "not({})"]).format(dice.choice(usable))
    clauses = [
        {"id": f"clause-{place}", "text": "条件", "condition": one, "source": "notice"}
        for place, one in enumerate(conditions)
    ]
    written = {
        "id": id,
        "version": 1,
        "title": id,
        "summary": "试验",
        "department": "试验局",
        "jurisdiction": "420200",
        "audience": kind,
        "effective_from": "2026-01-01",
        "legal_basis": [{"title": "试验办法"}],
        "sources": {
            "notice": {
                "title": "试验",
                "url": "https://example.invalid/1",
                "standing": "official",
                "checked_on": "2026-11-23",
            }
        },
        "eligibility": clauses,
        "delivery": {"mode": "one_tap"},
        "contacts": [{"title": "热线", "phone": "12345"}],
        **what,
    }
    return msgspec.convert(written, PolicyDocument, strict=False)


def _condition(kind: EntityKind, dice: random.Random) -> str:
    """About one's own facts or the household's; the wide side more often, so that some are eligible."""
    whose: EntityKind = "household" if kind == "household" or dice.random() < 0.3 else "person"
    attributes = [
        one
        for one in catalogue().entities[whose].attributes.values()
        if one.type in ("boolean", "integer", "money", "enum")
    ]
    attribute = dice.choice(attributes)
    return _about(attribute, "" if whose == kind else "家庭.", dice)


def _about(attribute: Attribute, prefix: str, dice: random.Random) -> str:
    name = prefix + attribute.name
    if attribute.type == "boolean":
        return dice.choice([f"not({name})", f"not({name})", f"{name} or not({name})", name])
    if attribute.type == "enum":
        return f'{name} {dice.choice(["!=", "!=", "="])} "{dice.choice(attribute.values)}"'
    bound = dice.choice([1, 2, 3, 60]) if attribute.type == "integer" else dice.choice([500, 800, 3000])
    limit = f"{name} {dice.choice(['<=', '>='])} {bound}"
    return f"{name} = null or {limit}" if attribute.is_nullable else limit
