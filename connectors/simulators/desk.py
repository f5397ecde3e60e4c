"""What every simulated department does the same: look somebody up, keep a record, and put an event on its way."""

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeVar

import msgspec

from connectors.simulators.store import Row, Store
from connectors.wire import id_check_character
from kernel.clock import SHANGHAI, Clock
from kernel.errors import Conflict, InvalidInput, NotFound

M = TypeVar("M", bound=msgspec.Struct)


class SentEvent(msgspec.Struct, frozen=True):
    """What a department answers to whoever recorded something there."""

    department: str
    event_id: str
    event_type: str
    number: int


class Desk:
    """``on_event`` is called after an event is kept, to wake whoever pushes it."""

    def __init__(self, store: Store, clock: Clock, on_event: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self.clock = clock
        self._on_event = on_event

    def person(self, id_number: str) -> Row:
        row = self.store.row("SELECT * FROM person WHERE id_number = ?", id_number)
        if row is None:
            raise NotFound("模拟外部系统里没有这个人，请核对身份证号。")
        return row

    def firm(self, uscc: str) -> Row:
        row = self.store.row("SELECT * FROM firm WHERE uscc = ?", uscc)
        if row is None:
            raise NotFound("模拟外部系统里没有这家企业，请核对统一社会信用代码。")
        return row

    def household(self, id_number: str) -> list[Row]:
        """Everybody alive in a person's household, that person first."""
        number = self.person(id_number)["household_number"]
        rows = self.store.rows(
            "SELECT * FROM person WHERE household_number = ? AND died_on IS NULL ORDER BY number", number
        )
        if not any(row["id_number"] == id_number for row in rows):
            raise Conflict("模拟外部系统里这个人已经去世。")
        return sorted(rows, key=lambda row: row["id_number"] != id_number)

    def latest(self, department: str, identifier: str, kind: str, message: type[M]) -> M:
        """The newest record of a kind about somebody, as it was sent."""
        row = self.store.row(
            "SELECT message FROM record WHERE department = ? AND identifier = ? AND kind = ? "
            "ORDER BY number DESC LIMIT 1",
            department,
            identifier,
            kind,
        )
        if row is None:
            raise Conflict("该部门没有可据以办理的前一条记录，请先登记。")
        return msgspec.json.decode(row["message"], type=message)

    def newest(self, department: str, identifier: str, kinds: tuple[str, ...]) -> Row | None:
        """The newest record of any of these kinds about somebody, or None."""
        marks = ", ".join("?" * len(kinds))
        return self.store.row(
            f"SELECT kind, message FROM record WHERE department = ? AND identifier = ? AND kind IN ({marks}) "  # noqa: S608 (question marks only)
            "ORDER BY number DESC LIMIT 1",
            department,
            identifier,
            *kinds,
        )

    def send(
        self,
        department: str,
        event_type: str,
        message: msgspec.Struct,
        identifier: str,
        *,
        deliveries: int = 1,
        also: tuple[str, ...] = (),
    ) -> SentEvent:
        """Keep the record (under each identifier) and the event in one step; the push follows by itself."""
        event_id = f"{department}-{uuid.uuid4().hex}"
        now = self.clock.now()
        envelope = {
            "event_id": event_id,
            "event_type": event_type,
            "occurred_at": now.astimezone(SHANGHAI).isoformat(),
            "data": message,
        }
        with self.store.transaction():
            content = msgspec.json.encode(message).decode()
            self.store.run_many(
                "INSERT INTO record (department, identifier, kind, message, made_at) VALUES (?, ?, ?, ?, ?)",
                [
                    (department, one, event_type, content, now.isoformat())
                    for one in dict.fromkeys((identifier, *also))
                ],
            )
            self.store.run(
                "INSERT INTO event (department, event_id, envelope, made_at, deliveries) VALUES (?, ?, ?, ?, ?)",
                department,
                event_id,
                msgspec.json.encode(envelope),
                now.isoformat(),
                deliveries,
            )
            row = self.store.row("SELECT number FROM event WHERE event_id = ?", event_id)
        self._on_event()
        return SentEvent(department, event_id, event_type, row["number"] if row else 0)

    def number(self, prefix: str) -> str:
        """A fresh number of a document: prefix, day, and what nobody else has."""
        return f"{prefix}{self.clock.today():%Y%m%d}{uuid.uuid4().hex[:8].upper()}"

    def new_id_number(self, like: str, born_on: date, sex: str) -> str:
        """The next free id number of a newborn: the mother's division, the birthday, a number odd for boys."""
        first = like[:6] + day(born_on)
        for serial in range(901 if sex == "1" else 900, 1000, 2):
            candidate = f"{first}{serial}"
            candidate += id_check_character(candidate)
            if self.store.row("SELECT 1 FROM person WHERE id_number = ?", candidate) is None:
                return candidate
        raise Conflict("这一天的新生儿号码已用完，请换一个出生日期。")


EARLIEST, LATEST = 1900, 2200


def day(value: date) -> str:
    """Eight digits. Raises ``InvalidInput`` for a year that no register holds."""
    if not EARLIEST <= value.year <= LATEST:
        raise InvalidInput("日期太早或太晚，请核对年份。")
    return value.strftime("%Y%m%d")


def years_after(value: date, years: int) -> date:
    """The day before the same date ``years`` later, as validity runs."""
    day(value)
    try:
        return value.replace(year=value.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return value.replace(year=value.year + years, day=28)


def shanghai_day(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).date().isoformat()
