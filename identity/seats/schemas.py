"""Seats as those who sit on them and those who run the office see them."""

from datetime import datetime

import msgspec

from kernel.web.principal import SeatView


class SeatTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A seat under somebody; ``until_at`` is set while they only act on it (代理)."""

    seat: SeatView
    until_at: datetime | None
