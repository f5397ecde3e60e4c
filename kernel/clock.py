"""Time as a port: instants are aware UTC, business dates are dates in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def today(self) -> date:
        """The business date in Asia/Shanghai."""
        ...


def business_date(instant: datetime) -> date:
    """The date on a calendar in Huangshi at ``instant``."""
    return instant.astimezone(SHANGHAI).date()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return business_date(self.now())


class FixedClock:
    """A clock that stands still until it is moved: for tests and replays."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self._instant

    def today(self) -> date:
        return business_date(self._instant)

    def move(self, by: timedelta) -> None:
        self._instant += by

    def set(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)


class ShiftedClock:
    """The system's time plus the whole seconds written in a file, so that a demonstration can reach next month.

    Only a demo is started with one; every page says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at_mtime = -1
        self._shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def today(self) -> date:
        return business_date(self.now())

    @property
    def shift(self) -> timedelta:
        try:
            mtime = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return timedelta()
        if mtime != self._read_at_mtime:
            self._shift = timedelta(seconds=int(self._path.read_text(encoding="ascii").strip() or "0"))
            self._read_at_mtime = mtime
        return self._shift

    def move(self, by: timedelta) -> None:
        """Move the demonstration's time; every process with this home follows."""
        seconds = int((self.shift + by).total_seconds())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(f"{seconds}\n", encoding="ascii")
        self._read_at_mtime = -1
