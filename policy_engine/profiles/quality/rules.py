"""The rules, each one line a data officer can read. A rule sees one subject's facts and names the attributes at fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from kernel.clock import business_date
from kernel.i18n import N_
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles.schemas import KnownFact

Kind = Literal["range", "conflict", "stale"]
Facts = Mapping[str, KnownFact]
OLDEST_YEARS = 120


@dataclass(frozen=True, slots=True)
class Rule:
    """``faults`` gives the keys of the facts that cannot be right, given all of a subject's facts, on a day."""

    id: str
    kind: Kind
    entity: EntityKind
    label: str
    faults: Callable[[Facts, date], tuple[str, ...]]


def _day(facts: Facts, key: str) -> date | None:
    fact = facts.get(key)
    return date.fromisoformat(fact.value) if fact is not None and isinstance(fact.value, str) else None


def _number(facts: Facts, key: str) -> int:
    fact = facts.get(key)
    return fact.value if fact is not None and type(fact.value) is int else 0


def _is_true(facts: Facts, key: str) -> bool:
    return key in facts and facts[key].value is True


def _birth(facts: Facts, today: date) -> tuple[str, ...]:
    born = _day(facts, "birth_date")
    too_old = (
        born is not None and today.year - born.year > OLDEST_YEARS and not _is_true(facts, "is_deceased")
    )
    return ("birth_date",) if born is not None and (born > today or too_old) else ()


def _death(facts: Facts, today: date) -> tuple[str, ...]:
    born, died = _day(facts, "birth_date"), _day(facts, "death_date")
    if died is not None and (died > today or (born is not None and died < born)):
        return ("death_date",)
    has_date_only = died is not None and "is_deceased" in facts and not _is_true(facts, "is_deceased")
    return ("is_deceased",) if has_date_only else ()


def _premium_months(facts: Facts, today: date) -> tuple[str, ...]:
    born = _day(facts, "birth_date")
    most = 0 if born is None else max(0, (today.year - born.year - 14) * 12)
    return ("ui_paid_months",) if born is not None and _number(facts, "ui_paid_months") > most else ()


def _dibao_dates(facts: Facts, _today: date) -> tuple[str, ...]:
    since, until = _day(facts, "dibao_from"), _day(facts, "dibao_until")
    return ("dibao_until",) if since is not None and until is not None and until < since else ()


def _dibao_review(facts: Facts, today: date) -> tuple[str, ...]:
    until = _day(facts, "dibao_until")
    return ("is_dibao",) if _is_true(facts, "is_dibao") and until is not None and until < today else ()


def _founded(facts: Facts, today: date) -> tuple[str, ...]:
    founded = _day(facts, "registered_on")
    return ("registered_on",) if founded is not None and founded > today else ()


def _older_than(key: str, days: int) -> Callable[[Facts, date], tuple[str, ...]]:
    def check(facts: Facts, today: date) -> tuple[str, ...]:
        fact = facts.get(key)
        is_old = fact is not None and today - business_date(fact.observed_at) > timedelta(days=days)
        return (key,) if is_old else ()

    return check


CONFLICT = "sources-differ"
RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("birth-date", "range", "person", N_("出生日期在将来，或超过120岁"), _birth),
        Rule("death", "range", "person", N_("死亡日期早于出生、在将来，或与死亡登记不一致"), _death),
        Rule("premium-months", "range", "person", N_("缴费月数超过可能的工作年限"), _premium_months),
        Rule("dibao-dates", "range", "household", N_("低保截止日期早于起始日期"), _dibao_dates),
        Rule("founded", "range", "firm", N_("成立日期在将来"), _founded),
        Rule("dibao-review", "stale", "household", N_("低保已过复核日期，仍登记为在保"), _dibao_review),
        Rule(
            "employment-old",
            "stale",
            "person",
            N_("就业状态两年没有更新"),
            _older_than("employment_status", 730),
        ),
        Rule(
            "insured-old", "stale", "firm", N_("参保人数一年没有更新"), _older_than("insured_employees", 400)
        ),
        Rule(CONFLICT, "conflict", "person", N_("几个来源说法不一"), lambda _facts, _today: ()),
    )
}
