"""How sure the city is who is signed in: levels L1 to L4, as a file says, so that a city sets its own bar.

Face recognition is never the only way to a level: a counter gives the same.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import msgspec

from kernel.house import House

FILE = "assurance.yaml"
#: Public security compared the person before the camera with the one named, in this sign-in and for it alone.
FACE = "face"
LEVELS = ("L1", "L2", "L3", "L4")
#: Different proofs in one method: a passkey that its owner unlocks is a thing held and a thing known or borne
#: (RFC 8176: ``hwk`` stays in one device, ``swk`` is kept alike in several).
_WEIGHT = {"hwk": 2, "swk": 2}


class Vouched(Protocol):
    """When a name was checked with public security, and a face at a counter."""

    @property
    def real_name_at(self) -> datetime | None: ...
    @property
    def in_person_at(self) -> datetime | None: ...


class Demand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be true of a sign-in."""

    methods: int = 1
    real_name: bool = False
    in_person: bool = False


class Assurance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The city's levels, what a seat demands, how long a comparison at a counter holds, how long recovery cools off."""

    levels: dict[str, Demand]
    seat: Demand
    in_person_days: int
    recovery_hours: int = 72
    recovery_open_days: int = 14

    def level_of(self, account: Vouched, methods: Collection[str], now: datetime) -> str:
        """The highest level that this sign-in reaches."""
        reached = [name for name in LEVELS if self._meets(self.levels[name], account, methods, now)]
        return reached[-1] if reached else LEVELS[0]

    def may_take_seat(self, account: Vouched, methods: Collection[str], now: datetime) -> bool:
        return self._meets(self.seat, account, methods, now)

    def _meets(self, demand: Demand, account: Vouched, methods: Collection[str], now: datetime) -> bool:
        seen = account.in_person_at
        is_seen = FACE in methods or (seen is not None and now < seen + timedelta(days=self.in_person_days))
        return (
            strength(methods) >= demand.methods
            and (account.real_name_at is not None or is_seen or not demand.real_name)
            and (is_seen or not demand.in_person)
        )


def strength(methods: Collection[str]) -> int:
    """How many proofs these methods are together."""
    return sum(_WEIGHT.get(method, 1) for method in set(methods))


def is_at_least(acr: str, wanted: str) -> bool:
    """Whether a level reaches another; an unknown wanted level is reached by none."""
    return acr in LEVELS and wanted in LEVELS and LEVELS.index(acr) >= LEVELS.index(wanted)


def assurance_of(house: House) -> Assurance:
    """The levels of this house: its own file where it has one."""
    own = house.settings.home / FILE
    path = own if own.exists() else Path(__file__).parent / FILE
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int) -> Assurance:
    """Read again only when the file has changed: every sign-in asks."""
    return msgspec.yaml.decode(path.read_bytes(), type=Assurance)
