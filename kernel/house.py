"""What every storey is given by the composition root: one value, no globals."""

from dataclasses import dataclass

from kernel.clock import Clock, ShiftedClock, SystemClock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.ephemeral import EphemeralStore, MemoryStore, RedisStore
from kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    clock: Clock
    database: Database
    ephemeral: EphemeralStore
    vault: Vault


def open_house(settings: Settings, clock: Clock | None = None) -> House:
    """Open the stores that ``settings`` name and join them: signals of commits reach the ephemeral store.

    A demo runs on a clock that can be moved forward; production never does.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    if clock is None:
        clock = ShiftedClock(settings.home / "clock-shift") if settings.is_demo else SystemClock()
    ephemeral: EphemeralStore = (
        RedisStore.from_url(settings.redis_url) if settings.redis_url else MemoryStore()
    )
    database = Database(settings.database_url)
    database.on_signals = ephemeral.publish_all
    vault = Vault.open_at(settings.home / "keys", settings.master_key)
    return House(settings, clock, database, ephemeral, vault)
