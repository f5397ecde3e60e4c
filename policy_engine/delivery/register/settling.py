"""What of the sums for persons may be published next to what was published before. Pure.

Two registers of two days differ by whoever was paid between them: where that is one person, the difference is what the
person got, however large the groups are. So what is published of a group moves only in steps of at least five people who
were paid since its last step, and while one to four more or fewer people are in it than before, it does not move: the others'
sums may be known by a public standard. Until then its old figure stands, and a group that never had five is not there.
Totals are sums of what stands, never of what is known. Whoever keeps every register since the first and takes them from one
another, or a county's from a total's, is left with steps of five people and more.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from policy_engine.delivery.register.repository import Cell, Counted

#: The fewest people in a group that is shown, and in a step by which it changes.
FEWEST = 5
#: Policy, year and county.
Key: TypeAlias = tuple[str, str, str]


def key_of(cell: Cell) -> Key:
    return cell.policy_id, cell.year, cell.county


def steps(standing: Mapping[Key, Cell], counted: Iterable[Counted]) -> list[Cell]:
    """The groups whose new figures may be published now."""
    return [
        cell
        for cell, newly_paid in counted
        if newly_paid >= FEWEST and _hides_everybody(standing.get(key_of(cell)), cell)
    ]


def _hides_everybody(before: Cell | None, now: Cell) -> bool:
    if before is None:
        return True
    return before != now and abs(now.people - before.people) not in range(1, FEWEST)
