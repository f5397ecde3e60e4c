"""What the bank says of each order of a day, against what the books say. Pure.

An order is known in the books by its instruction id: what was instructed, and whether it was paid or came back. A line
for an order that nobody gave, another sum, a payment the books do not know of yet, and one the bank does not know of
are four different worries with four different ways on.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

DifferenceKind = Literal["unknown_order", "amount", "not_in_books", "return_not_in_books", "not_on_statement"]


class BankLine(NamedTuple):
    """One booking: ``D`` out, ``C`` back in."""

    line_number: int
    direction: Literal["D", "C"]
    amount_fen: int
    instruction_id: str
    reference: str


class BookedOrder(NamedTuple):
    """One order in our books. ``is_returned`` also where it was first counted as paid."""

    instruction_id: str
    amount_fen: int
    is_paid: bool
    is_returned: bool


class Found(NamedTuple):
    kind: DifferenceKind
    instruction_id: str
    bank_fen: int
    books_fen: int


class Compared(NamedTuple):
    """``matched``: the orders on which both agree, with the sum that left for good (0 for one that came back)."""

    matched: Mapping[str, int]
    found: tuple[Found, ...]


def compare(
    lines: Iterable[BankLine],
    orders: Mapping[str, BookedOrder],
    paid_today: Iterable[BookedOrder],
    seen: set[str],
) -> Compared:
    """``orders``: the books on every order of the lines. ``paid_today``: what the books call paid on this day.

    ``seen``: the instruction ids that stand on any statement so far, so that a payment booked by the bank on another
    day is not called missing.
    """
    out: dict[str, int] = {}
    back: dict[str, int] = {}
    for line in lines:
        side = out if line.direction == "D" else back
        side[line.instruction_id] = side.get(line.instruction_id, 0) + line.amount_fen
    matched: dict[str, int] = {}
    found: list[Found] = []
    for instruction_id in sorted(out.keys() | back.keys()):
        left, returned = out.get(instruction_id, 0), back.get(instruction_id, 0)
        problem = _judge(instruction_id, left, returned, orders.get(instruction_id))
        if problem is None:
            matched[instruction_id] = left - returned
        else:
            found.append(problem)
    found += [
        Found("not_on_statement", order.instruction_id, 0, order.amount_fen)
        for order in sorted(paid_today)
        if order.instruction_id not in seen
    ]
    return Compared(matched, tuple(found))


def _judge(instruction_id: str, left: int, returned: int, order: BookedOrder | None) -> Found | None:
    if order is None:
        return Found("unknown_order", instruction_id, left - returned, 0)
    if (left and left != order.amount_fen) or (returned and returned != order.amount_fen):
        return Found("amount", instruction_id, left - returned, order.amount_fen)
    if returned:
        known = 0 if order.is_returned else order.amount_fen
        return None if order.is_returned else Found("return_not_in_books", instruction_id, 0, known)
    if order.is_paid or order.is_returned:
        return None
    return Found("not_in_books", instruction_id, left, 0)
