"""Ratings added up: small groups are left out, or a handler could tell whose grade it was. Pure."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from policy_engine.delivery.ratings.repository import Tally

#: Fewer than so many grades are not shown as figures.
FEWEST = 5
#: From this grade on a person was satisfied.
SATISFIED = 3


class RatingFigures(msgspec.Struct, frozen=True, kw_only=True):
    """``grades``: how often each of the five, from 1 to 5; none and ``satisfied_permille`` null of a group too small."""

    policy_id: str
    department: str
    count: int | None
    grades: tuple[int, ...]
    satisfied_permille: int | None
    open_tasks: int | None
    late_tasks: int | None


def figures_of(tallies: Iterable[Tally]) -> list[RatingFigures]:
    """By policy and department, in their order."""
    groups: dict[tuple[str, str], list[Tally]] = defaultdict(list)
    for one in tallies:
        groups[one.policy_id, one.department].append(one)
    return [_of_group(*key, found) for key, found in sorted(groups.items())]


def _of_group(policy_id: str, department: str, tallies: list[Tally]) -> RatingFigures:
    counts = {one.grade: one.count for one in tallies}
    total = sum(counts.values())
    is_shown = total >= FEWEST
    satisfied = sum(count for grade, count in counts.items() if grade >= SATISFIED)
    return RatingFigures(
        policy_id=policy_id,
        department=department,
        count=total if is_shown else None,
        grades=tuple(counts.get(grade, 0) for grade in range(1, 6)) if is_shown else (),
        satisfied_permille=satisfied * 1000 // total if is_shown else None,
        open_tasks=sum(one.open_tasks for one in tallies) if is_shown else None,
        late_tasks=sum(one.late_tasks for one in tallies) if is_shown else None,
    )
