"""What would have to change: the smallest sets of plausible changes after which no clause of a policy fails.

Each failing clause gives its own smallest ways out; those are joined, and what is joined is judged as a whole by the
oracle, so that a change which would break another clause is never proposed. Facts of other people and unknown facts
are left as they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice, product

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.changes import direction_of
from policy_engine.language import Truth
from policy_engine.matching.explanation.critical import distance, plausible_values
from policy_engine.matching.explanation.situation import Situation
from policy_engine.matching.network import attributes_in
from policy_engine.profiles.schemas import RawValue

#: At most so many facts change together, so many sets are told, and so many trials are made for one clause.
MOST_CHANGES = 3
MOST_SETS = 3
MOST_TRIALS = 2_000
Found = dict[str, RawValue]


def nearest_changes(situation: Situation) -> tuple[Found, ...]:
    """Minimal sets of changes by attribute id, the nearest first; none where nothing plausible does it."""
    failing = [place for place, one in enumerate(situation.judgement.clauses) if one.truth == "not_met"]
    ways = [_ways_out(situation, (place,)) for place in failing]
    if not failing or not all(ways):
        return ()
    joined = (one for one in (_joined(parts) for parts in product(*ways)) if one is not None)
    fitting = [one for one in islice(joined, MOST_TRIALS) if _does_it(situation, one)]
    if not fitting:
        everything = tuple(range(len(situation.trees)))
        fitting = [one for one in _ways_out(situation, everything) if _does_it(situation, one)]
    nearest = _minimal(sorted(fitting, key=lambda one: _nearness(situation, one)))[:MOST_SETS]
    needed = [_without_idle(situation, one) for one in nearest]
    return tuple(_minimal(sorted(needed, key=lambda one: _nearness(situation, one))))


def changeable(situation: Situation, texts: Iterable[str]) -> list[Attribute]:
    """The facts behind these texts that are known, may change, and are the unit's or its household's or firm's."""
    found = {one.id: one for text in texts for one in attributes_in(text)}
    return [
        one for one in found.values() if situation.fact(one.id) is not None and direction_of(one) != "fixed"
    ]


def _ways_out(situation: Situation, places: tuple[int, ...]) -> list[Found]:
    """Changes of the fewest facts after which none of these clauses fails; for each set of facts its nearest values."""
    texts = [situation.document.eligibility[place].condition for place in places]
    values = {
        one.id: found for one in changeable(situation, texts) if (found := _values(situation, places, one))
    }
    for size in range(1, MOST_CHANGES + 1):
        found = list(islice(_trials(situation, places, values, size), MOST_SETS * 4))
        if found:
            return found
    return []


def _values(situation: Situation, places: tuple[int, ...], attribute: Attribute) -> list[RawValue]:
    found: dict[RawValue, None] = {}
    for place in places:
        found.update(dict.fromkeys(plausible_values(situation, place, attribute)))
    return list(found)


def _trials(
    situation: Situation, places: tuple[int, ...], values: Mapping[str, list[RawValue]], size: int
) -> Iterator[Found]:
    trials = 0
    for names in combinations(sorted(values), size):
        hits = 0
        for chosen in product(*(values[name] for name in names)):
            trials += 1
            if trials > MOST_TRIALS:
                return
            changes = dict(zip(names, chosen, strict=True))
            if all(situation.truth(place, changes) is not Truth.NOT_TRUE for place in places):
                yield changes
                hits += 1
                if hits == MOST_SETS:
                    break


def _joined(parts: tuple[Found, ...]) -> Found | None:
    """All parts at once; None where two of them want the same fact to be different things."""
    found: Found = {}
    for part in parts:
        for name, value in part.items():
            if name in found and found[name] != value:
                return None
            found[name] = value
    return found


def _does_it(situation: Situation, changes: Found) -> bool:
    judgement = situation.judged(changes=changes)
    return judgement.verdict != "ineligible" and not judgement.defect


def _without_idle(situation: Situation, changes: Found) -> Found:
    """Without changes that the others make needless: one fact may move a clause and, through a status, another."""
    for name in sorted(changes):
        fewer = {one: value for one, value in changes.items() if one != name}
        if fewer and _does_it(situation, fewer):
            return _without_idle(situation, fewer)
    return changes


def _nearness(situation: Situation, changes: Found) -> tuple[int, int, float, str]:
    """Fewer first, then what need not move house, then the smaller step."""
    steps = []
    for attribute_id, value in changes.items():
        fact = situation.fact(attribute_id)
        steps.append(distance(None if fact is None else fact.value, value))
    moves = sum(catalogue().attribute(one).type == "division" for one in changes)
    return len(changes), moves, sum(step[1] for step in steps), "".join(sorted(changes))


def _minimal(found: list[Found]) -> list[Found]:
    """For each set of facts its nearest values; none that holds all the facts of a smaller one."""
    kept: list[Found] = []
    for one in found:
        if not any(other.keys() <= one.keys() for other in kept):
            kept.append(one)
    return kept
