"""Which of the missing facts are really needed: the fewest that settle an unknown verdict, whatever they turn out to be.

All that is missing always settles it. A fact can be spared where every answer to the others settles it already: with
``A`` and ``A or B`` both open, ``A`` alone decides.
"""

from itertools import combinations, islice, product

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.language import Truth, ast
from policy_engine.matching.explanation.critical import LARGEST, NUMBERS, critical_values, is_reckoned_with
from policy_engine.matching.explanation.situation import Situation
from policy_engine.policies.amounts import row_conditions, tree
from policy_engine.profiles.schemas import RawValue

#: With more open facts than this all of them are named; a set of facts with more answers than this is not tried.
MOST_FACTS = 4
MOST_ANSWERS = 400


def deciding_facts(situation: Situation, missing: tuple[str, ...]) -> tuple[str, ...]:
    """A smallest part of ``missing`` (attribute ids) that decides; all of it where none smaller does."""
    if not 2 <= len(missing) <= MOST_FACTS or not all(_is_own(situation, one) for one in missing):
        return missing  # one alone, too many, or another person's fact: nothing to try out
    if any(_is_reckoned_with(situation, one) for one in missing):
        return (
            missing  # an age, a sum: its turning points are not known, so that no list of answers is complete
        )
    answers = {one: _answers(situation, catalogue().attribute(one)) for one in missing}

    def settles(part: tuple[str, ...]) -> bool:
        return decides(situation, {one: answers[one] for one in part})

    # To know more never opens a question again: what all the others leave open is in every deciding set.
    needed = [one for one in missing if not settles(tuple(other for other in missing if other != one))]
    spare = [one for one in missing if one not in needed]
    for size in range(len(spare)):
        for part in combinations(spare, size):
            chosen = tuple(one for one in missing if one in needed or one in part)
            if settles(chosen):
                return chosen
    return missing


def decides(situation: Situation, answers: dict[str, list[RawValue]]) -> bool:
    """Whether every combination of these answers leaves nothing open; False where there are too many to try."""
    names = sorted(answers, key=lambda one: -len(answers[one]))  # the shortest lists turn over soonest
    combined = islice(product(*(answers[one] for one in names)), MOST_ANSWERS + 1)
    for count, chosen in enumerate(combined):
        changes = dict(zip(names, chosen, strict=True))
        if count == MOST_ANSWERS or not _is_settled(situation, changes):
            return False
    return True


def _is_settled(situation: Situation, changes: dict[str, RawValue]) -> bool:
    truths = [situation.truth(place, changes) for place in range(len(situation.trees))]
    if Truth.NOT_TRUE in truths or Truth.UNKNOWN in truths:
        return Truth.NOT_TRUE in truths
    judgement = situation.judged(changes=changes)
    return judgement.verdict != "unknown" or bool(judgement.defect)


def _is_own(situation: Situation, attribute_id: str) -> bool:
    kind, _, key = attribute_id.partition(".")
    family = situation.case.family
    is_near = kind in (situation.document.entity, family.owner.kind)
    return is_near and key in catalogue().entities[kind].attributes  # type: ignore[index]


def _is_reckoned_with(situation: Situation, attribute_id: str) -> bool:
    attribute = catalogue().attribute(attribute_id)
    is_measured = attribute.type in (*NUMBERS, "date")
    return is_measured and any(is_reckoned_with(situation, one, attribute) for one in _conditions(situation))


def _answers(situation: Situation, attribute: Attribute) -> list[RawValue]:
    """One value for each way the conditions could take this fact, at, beside, below and above every threshold, but
    for those that settle everything by themselves."""
    found: dict[RawValue, None] = {}
    for node in _conditions(situation):
        found.update(dict.fromkeys(critical_values(situation, node, attribute, situation.base)))
    extremes: list[RawValue] = [None] if attribute.is_nullable else []
    if attribute.type in NUMBERS:
        extremes += [0, LARGEST]
    elif attribute.type == "date":
        extremes += ["1900-01-01", situation.as_of.isoformat(), "2199-12-31"]
    elif attribute.type == "division":
        extremes += ["000000"]
    elif attribute.type == "text":
        extremes += ["—"]
    found.update(dict.fromkeys(extremes))

    def fails(value: RawValue) -> bool:
        changes = {attribute.id: value}
        return any(situation.truth(place, changes) is Truth.NOT_TRUE for place in range(len(situation.trees)))

    return [one for one in found if not fails(one)]  # an answer that makes a clause fail settles it by itself


def _conditions(situation: Situation) -> list[ast.Expression]:
    """Clauses, and what the amount asks."""
    benefit = situation.document.benefit
    found = list(situation.trees)
    if benefit is not None:
        found += [tree(text) for text in (benefit.formula, benefit.cap, benefit.floor) if text]
        if benefit.table is not None:
            found += row_conditions(benefit.table)
    return found
