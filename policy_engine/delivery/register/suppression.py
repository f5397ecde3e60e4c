"""Figures of small groups are left out, and as many more as it takes that no sum gives them away. Pure.

A group of fewer than five is not shown. Where that leaves one group that could be had by subtraction, the next smallest
goes too, and a total is shown only where what was left out of it is at least two groups of five people together.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from policy_engine.delivery.register.repository import Cell
from policy_engine.delivery.register.settling import FEWEST


class County(msgspec.Struct, frozen=True, kw_only=True):
    """``people`` and ``fen`` are null where the group is too small to be shown."""

    county: str
    people: int | None
    fen: int | None


class PeoplePaid(msgspec.Struct, frozen=True, kw_only=True):
    """What persons were paid under a policy for a year. People who moved count in each county, so ``people`` may
    be a little above the number of heads."""

    policy_id: str
    year: str
    people: int | None
    fen: int | None
    counties: tuple[County, ...]


def shown(cells: Iterable[Cell]) -> list[PeoplePaid]:
    """By policy, the newest year first."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.policy_id, cell.year].append(cell)
    found = [_of_group(*key, group) for key, group in groups.items()]
    return sorted(found, key=lambda one: (one.policy_id, -int(one.year)))


def hidden_among(cells: list[Cell]) -> set[str]:
    """The counties whose figures are left out."""
    ordered = sorted(cells, key=lambda cell: (cell.people, cell.county))
    hidden = [cell for cell in ordered if cell.people < FEWEST]
    for cell in ordered[len(hidden) :]:
        if not hidden or _is_hidden_well(hidden):
            break
        hidden.append(cell)
    return {cell.county for cell in hidden}


def _is_hidden_well(hidden: list[Cell]) -> bool:
    """Nothing to hide, or enough of it together that the rest tells nothing of one group."""
    return not hidden or (len(hidden) > 1 and sum(cell.people for cell in hidden) >= FEWEST)


def _of_group(policy_id: str, year: str, cells: list[Cell]) -> PeoplePaid:
    hidden = hidden_among(cells)
    has_total = _is_hidden_well([cell for cell in cells if cell.county in hidden])
    return PeoplePaid(
        policy_id=policy_id,
        year=year,
        people=sum(cell.people for cell in cells) if has_total else None,
        fen=sum(cell.fen for cell in cells) if has_total else None,
        counties=tuple(
            County(
                county=cell.county,
                people=None if cell.county in hidden else cell.people,
                fen=None if cell.county in hidden else cell.fen,
            )
            for cell in sorted(cells, key=lambda cell: cell.county)
        ),
    )
