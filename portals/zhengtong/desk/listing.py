"""Narrowing and ordering the to-do list."""

from collections.abc import Callable

import msgspec

from policy_engine.delivery.claims.schemas import WorkItem

Key = Callable[[WorkItem], tuple[bool, str | int]]
_SORTS: dict[str, Key] = {
    "due": lambda item: (item.due_on is None, item.due_on.isoformat() if item.due_on else ""),
    "amount": lambda item: (item.amount_fen is None, item.amount_fen or 0),
    "number": lambda item: (False, item.case_number),
    "policy": lambda item: (False, item.policy.title),
}
SOON_WORKING_DAYS = 2


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """``clock``: all, overdue, soon, held. ``sort``: due, amount, number, policy; a leading minus turns it round."""

    policy: str = ""
    clock: str = ""
    words: str = ""
    sort: str = "due"


def is_overdue(item: WorkItem) -> bool:
    return item.working_days_left is not None and item.working_days_left < 0


def is_soon(item: WorkItem) -> bool:
    left = item.working_days_left
    return left is not None and 0 <= left <= SOON_WORKING_DAYS


def narrowed(items: list[WorkItem], by: Filter) -> list[WorkItem]:
    """The items that fit, in the order asked for."""
    found = [item for item in items if _fits(item, by)]
    name = by.sort.lstrip("-")
    key = _SORTS.get(name, _SORTS["due"])
    return sorted(found, key=key, reverse=by.sort.startswith("-"))


def _fits(item: WorkItem, by: Filter) -> bool:
    fits_clock = {
        "overdue": is_overdue(item),
        "soon": is_soon(item),
        "held": item.is_held,
    }.get(by.clock, True)
    words = by.words.strip()
    return (
        fits_clock
        and by.policy in ("", item.policy.policy_id)
        and (not words or words in item.case_number or words in item.subject_name)
    )
