"""One capacity that is open to a person now."""

from datetime import datetime

import msgspec

from kernel.web.principal import Capacity, SeatView


class CapacityOption(msgspec.Struct, frozen=True, kw_only=True):
    """``basis`` names what it rests on and is what a form sends back; ``scopes=None`` sets no limit of its own.

    ``note`` says in words why (母亲, 法定代表人, the division and department of a seat); it ends at ``until_at``.
    """

    basis: str
    capacity: Capacity
    acting_for: int
    name: str
    note: str
    seat: SeatView | None
    scopes: frozenset[str] | None
    until_at: datetime | None
