"""Where a process dies: each of its lives ends at a point chosen by the seed, between any two steps of its work.

``sent``: the order is about to leave. ``answered``: it arrived, and nobody has noted the answer. ``inside``: in the
middle of a transaction. ``before`` and ``after`` a commit. ``none``: this life waits for the clock of who strikes.
"""

import os
import random
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.house import House
from policy_engine.delivery.ports import PaymentOrder, Treasury, TreasuryAnswer

#: How often a point is passed at most before it is the end, by point.
POINTS: Final[Mapping[str, int]] = {
    "sent": 6,
    "answered": 6,
    "inside": 600,
    "before": 60,
    "after": 60,
    "none": 1,
}
TROUBLE: Final = "trouble"
KILLED: Final = "killed"


def up(name: str, life: object) -> str:
    """The file that says that somebody is at work in this life."""
    return f"{name}.{life}.up"


class Blows:
    """Of one life. Nobody dies by it while there is no trouble (a file of that name in ``folder``).

    Only what threads whose names begin with one of ``threads`` do counts: a worker's handlers, not its looking for work.
    """

    def __init__(
        self, folder: Path, name: str, seed: int, life: int, *, threads: tuple[str, ...] = ("",)
    ) -> None:
        chance = random.Random(f"{seed}/{name}/{life}")
        self.point = chance.choice(sorted(POINTS))
        self._left = chance.randint(1, POINTS[self.point])
        self._folder, self._name, self._threads = folder, name, threads
        self._mutex = threading.Lock()

    def passing(self, point: str) -> None:
        if point != self.point or not threading.current_thread().name.startswith(self._threads):
            return
        with self._mutex:
            self._left -= 1
            if self._left > 0 or not (self._folder / TROUBLE).exists():
                return
            with (self._folder / KILLED).open("a", encoding="ascii") as told:
                told.write(f"{self._name} {point}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def surround(self, house: House) -> None:
        """Every statement that writes and every commit of this process is a point."""

        def after_statement(_connection: sa.Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("SELECT"):
                self.passing("inside")

        sa.event.listen(house.database.engine, "after_cursor_execute", after_statement)

        def before_commit(_session: Session) -> None:
            self.passing("before")

        def after_commit(_session: Session) -> None:
            self.passing("after")

        sa.event.listen(Session, "before_commit", before_commit)
        sa.event.listen(Session, "after_commit", after_commit)


class StruckTreasury:
    """The treasury with a point before and behind each order."""

    def __init__(self, treasury: Treasury, blows: Blows) -> None:
        self._treasury, self._blows = treasury, blows

    def submit(self, order: PaymentOrder) -> TreasuryAnswer:
        self._blows.passing("sent")
        answer = self._treasury.submit(order)
        self._blows.passing("answered")
        return answer

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        self._blows.passing("sent")
        answers = self._treasury.submit_many(orders)
        self._blows.passing("answered")
        return answers

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        return self._treasury.query(instruction_id)

    def query_many(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        return self._treasury.query_many(instruction_ids)


class ForgetfulTreasury(StruckTreasury):
    """A house whose keys are broken: what it does not know the end of it sends again as something new.

    Only to show that the examination finds it. It remembers the last key under which an answer came, and no other: of an
    order that was sent and not answered it believes that nobody heard it.
    """

    def __init__(self, treasury: Treasury, blows: Blows, folder: Path) -> None:
        super().__init__(treasury, blows)
        self._remembered = folder / "remembered keys"

    def submit(self, order: PaymentOrder) -> TreasuryAnswer:
        anew = _under_a_new_key(order)
        answer = super().submit(anew)
        self._remember({order.instruction_id: anew.instruction_id})
        return answer

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        anew = {one.instruction_id: _under_a_new_key(one) for one in orders}
        answers = super().submit_many(list(anew.values()))
        known = {key: one.instruction_id for key, one in anew.items() if one.instruction_id in answers}
        self._remember(known)
        return {key: answers[other] for key, other in known.items()}

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        known = self._known().get(instruction_id)
        return None if known is None else super().query(known)

    def query_many(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        every = self._known()
        known = {key: every[key] for key in instruction_ids if key in every}
        answers = super().query_many(list(known.values())) if known else {}
        return {key: answers[other] for key, other in known.items() if other in answers}

    def _known(self) -> dict[str, str]:
        if not self._remembered.exists():
            return {}
        lines = self._remembered.read_text(encoding="ascii").splitlines()
        return {key: other for key, _, other in (line.partition(" ") for line in lines)}

    def _remember(self, keys: Mapping[str, str]) -> None:
        with self._remembered.open("a", encoding="ascii") as told:
            told.write("".join(f"{key} {other}\n" for key, other in keys.items()))


def _under_a_new_key(order: PaymentOrder) -> PaymentOrder:
    return msgspec.structs.replace(order, instruction_id=f"{order.instruction_id}x{random.randrange(10**6)}")
