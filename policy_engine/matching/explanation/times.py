"""When time alone does it: the first day, up to five years on, on which a clause turns.

A condition can only turn on few days: an anniversary of a date it reads, the turn of a month or a year, the day a new
standard comes into force. Those days are tried in order, so what is found is the first; a condition that does other
things with today is tried on every day.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.contexts import derivation
from policy_engine.catalogue.scopes import AS_OF
from policy_engine.language import Truth, ast, judge
from policy_engine.language.ast import children
from policy_engine.matching.explanation.situation import Situation
from policy_engine.matching.network import attributes_in
from policy_engine.policies.amounts import tree
from policy_engine.policies.dependencies import feel_texts

#: How far ahead a day is looked for.
HORIZON = timedelta(days=366 * 5)
ONE_DAY = timedelta(days=1)
_DURATION = "years and months duration"


class _Turns(msgspec.Struct):
    """By what a condition can turn as days go by."""

    years_of_dates: bool = False
    months_of_dates: bool = False
    days_of_dates: bool = False
    new_year: bool = False
    new_month: bool = False
    any_day: bool = False
    literals: set[date] = msgspec.field(default_factory=set)
    standards: set[str] = msgspec.field(default_factory=set)


def turns_on(situation: Situation, place: int) -> date | None:
    """The first day on which the clause at ``place`` is no longer what it is: true where it was not, or the reverse."""
    text = situation.document.eligibility[place].condition
    holds = situation.judgement.clauses[place].truth == "met"
    node = situation.trees[place]
    for day in _days(situation, texts_under(situation, (text,))):
        truth = judge(node, situation.context(day))
        if truth is Truth.UNKNOWN:
            return None
        if (truth is Truth.TRUE) is not holds:
            return day
    return None


def eligible_from(situation: Situation, not_before: date) -> date | None:
    """The first day from ``not_before`` on which the whole policy holds and pays, while it is in force."""
    texts = tuple(text for _, text in feel_texts(situation.document))
    for day in [not_before, *_days(situation, texts_under(situation, texts))]:
        if day < not_before:
            continue
        if not situation.policy.is_effective_on(day):
            return None
        judgement = situation.judged(day)
        if judgement.verdict == "eligible":
            return day
    return None


def texts_under(situation: Situation, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Texts with those of every status below the policy, which turn it too."""
    documents = [situation.case.published.documents[one] for one in sorted(situation.below)]
    return texts + tuple(text for one in documents for _, text in feel_texts(one))


def _days(situation: Situation, texts: tuple[str, ...]) -> list[date]:
    """Every day after today on which one of the texts could turn, in order."""
    first, last = situation.as_of + ONE_DAY, situation.as_of + HORIZON
    found: set[date] = set()
    for text in texts:
        turns = _turns(text)
        if turns.any_day:
            return [first + timedelta(days=one) for one in range((last - first).days + 1)]
        dates = {*turns.literals, *_dates_known(situation, text)}
        if turns.days_of_dates:
            found.update(day for one in dates for day in (one, _next(one)))
        if turns.months_of_dates or turns.years_of_dates:
            step = 1 if turns.months_of_dates else 12
            found.update(day for one in dates for day in _anniversaries(one, first, last, step))
        if turns.new_month or turns.new_year:
            step = 1 if turns.new_month else 12
            found.update(_anniversaries(date(first.year, 1, 1), first, last, step))
        for name in turns.standards:
            found.update(value.since for value in catalogue().parameters[name].values)
    return sorted(day for day in found if first <= day <= last)


def _next(day: date) -> date:
    return day + ONE_DAY if day < date.max else day


def _dates_known(situation: Situation, text: str) -> Iterator[date]:
    """The dates that a text may read, of anybody in the family."""
    for attribute in attributes_in(text):
        if attribute.type == "date":
            for one in situation.case.family:
                fact = one.facts.get(attribute.key) if one.kind == attribute.entity else None
                if fact is not None and isinstance(fact.value, str):
                    yield date.fromisoformat(fact.value)


def _anniversaries(start: date, first: date, last: date, step: int) -> Iterator[date]:
    """Every ``step`` months after ``start``; where a month has no such day, the first of the next (DMN 10.3.4.1)."""
    months = (first.year - start.year) * 12 + first.month - start.month - 1
    months -= months % step
    while True:
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        if (year, month + 1) > (last.year, last.month):
            return
        try:
            yield date(year, month + 1, start.day)
        except ValueError:
            yield date(year, month + 2, 1)
        months += step


@lru_cache(maxsize=4096)
def _turns(text: str) -> _Turns:
    turns = _Turns()
    _look(tree(text), turns)
    return turns


def _look(node: ast.Expression, turns: _Turns) -> None:
    match node:
        case ast.Path(base=ast.Call(function=function, arguments=arguments), name=name) if (
            function == _DURATION and _is_today_among(arguments)
        ):
            turns.years_of_dates |= name == "years"
            turns.months_of_dates |= name != "years"
            _look_all((one for one in arguments if not _is_today(one)), turns)
        case ast.Call(function=function, arguments=arguments) if function == _DURATION and _is_today_among(
            arguments
        ):
            turns.months_of_dates = True
            _look_all((one for one in arguments if not _is_today(one)), turns)
        case ast.Path(base=base, name=name) if _is_today(base):
            turns.new_year |= name == "year"
            turns.new_month |= name == "month"
            turns.any_day |= name not in ("year", "month")
        case ast.Comparison(left=left, right=right) if _is_today_among((left, right)):
            _compared((left, right), turns)
        case ast.Membership(value=value, tests=tests) if _is_today(value):
            _compared(tests, turns)
        case ast.Between(value=value, low=low, high=high) if _is_today(value):
            _compared((low, high), turns)
        case ast.Name(name=name):
            turns.any_day |= name == AS_OF
            _look_behind(name, turns)
        case ast.Path(base=base, name=name):
            _look(base, turns)
            _look_behind(name, turns)
        case ast.Literal(value=date() as day):
            turns.literals.add(day)
        case ast.Call(function="date", arguments=(ast.Literal(value=str() as day),)):
            turns.literals.add(_date_or_none(day) or date.min)
        case _:
            if isinstance(node, ast.Call) and node.function in catalogue().parameters:
                turns.standards.add(node.function)
            _look_all(children(node), turns)


def _compared(others: Iterable[ast.Expression], turns: _Turns) -> None:
    """Today against dates as they stand; against anything reckoned, every day is tried."""
    for one in others:
        ends = [end for end in (one.low, one.high) if end] if isinstance(one, ast.Interval) else [one]
        for end in ends:
            turns.days_of_dates = True
            if _is_today(end):
                continue
            is_plain = isinstance(end, ast.Name | ast.Path | ast.Literal) or (
                isinstance(end, ast.Call) and end.function == "date"
            )
            turns.any_day |= not is_plain
            _look(end, turns)


def _look_all(nodes: Iterable[ast.Expression], turns: _Turns) -> None:
    for one in nodes:
        _look(one, turns)


def _look_behind(name: str, turns: _Turns) -> None:
    for attribute in catalogue().attributes:
        if attribute.name == name and attribute.derived is not None:
            _look(derivation(attribute.id), turns)


def _is_today(node: ast.Expression) -> bool:
    return isinstance(node, ast.Name) and node.name == AS_OF


def _is_today_among(nodes: Iterable[ast.Expression]) -> bool:
    return any(_is_today(one) for one in nodes)


def _date_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
