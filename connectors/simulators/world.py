"""The simulated outside world as one thing: its memory, its departments, its money, and what drives them."""

import logging
import threading

from connectors.simulators.bank import Bank
from connectors.simulators.desk import Desk
from connectors.simulators.lenders.desk import Lenders
from connectors.simulators.pusher import Pusher
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.store import Store
from connectors.simulators.treasury import Treasury
from kernel.clock import Clock

log = logging.getLogger(__name__)
TICK_SECONDS = 0.05


class World:
    """Starts and stops with the web app that serves it."""

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.store = Store(settings.home)
        self.pusher = Pusher(self.store, settings, clock)
        self.desk = Desk(self.store, clock, self.pusher.wake)
        self.bank = Bank(self.store, clock, settings.payout_seconds)
        self.lenders = Lenders(self.store, settings, clock)
        self.treasury = Treasury(self.store, self.desk, self.bank)
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="simulator-ticker", daemon=True)

    def start(self) -> None:
        self._ticker.start()
        if self.settings.is_pushing:
            self.pusher.start()
            self.lenders.start()

    def stop(self) -> None:
        self._stop.set()
        if self._ticker.is_alive():
            self._ticker.join(5)
        self.pusher.stop()
        self.lenders.stop()
        self.store.close()

    def step(self) -> None:
        """Move the money on by one step: orders to the bank, payouts to accounts, callbacks on their way."""
        self.treasury.advance()
        self.bank.settle_due()
        self.treasury.advance()

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.step()
            except Exception:
                log.exception("the simulated bank stumbled; it goes on")
