"""All simulated banks: how each behaves, and the thread in which they work when news comes, or now and then."""

import logging
import threading

from connectors.lenders.client import FinancingApi
from connectors.simulators.lenders.behaviour import Behaviour, Officer
from connectors.simulators.lenders.keys import FOLDER, client_id_of, key_of
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.store import Store
from kernel.clock import Clock
from kernel.errors import OutsideFailure

log = logging.getLogger(__name__)
#: News wakes them; without any they look at their queues as often as this.
LOOK_SECONDS = 5.0


class Lenders:
    """Started and stopped with the simulated world."""

    def __init__(self, store: Store, settings: SimulatorSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._apis: dict[str, FinancingApi] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated-lenders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(12)
        for api in self._apis.values():
            api.close()

    def wake(self) -> None:
        self._wake.set()

    def codes(self) -> list[str]:
        """The banks that have a key of their own here, and so a system."""
        return sorted(path.stem for path in (self._settings.home / FOLDER).glob("*.json"))

    def api(self, code: str) -> FinancingApi:
        with self._lock:
            if code not in self._apis:
                key = key_of(self._settings.home, code)
                self._apis[code] = FinancingApi(self._settings.city_url, client_id_of(code), key, self._clock)
            return self._apis[code]

    def behaviour(self, code: str) -> Behaviour:
        row = self._store.row(
            "SELECT mode, rate_bp, reason_code, needs_guarantee FROM lender WHERE code = ?", code
        )
        return Behaviour(row[0], row[1], row[2], bool(row[3])) if row else Behaviour()

    def behave(self, code: str, behaviour: Behaviour) -> None:
        self._store.run(
            "INSERT OR REPLACE INTO lender (code, mode, rate_bp, reason_code, needs_guarantee) VALUES (?, ?, ?, ?, ?)",
            code,
            behaviour.mode,
            behaviour.rate_bp,
            behaviour.reason_code,
            int(behaviour.needs_guarantee),
        )
        self.wake()

    def work(self, code: str) -> int:
        """One bank does whatever it can now; how many steps that were."""
        return Officer(self.api(code), self._clock).work(self.behaviour(code))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            steps = sum(self._work_once(code) for code in self.codes())
            if not steps:
                self._wake.wait(LOOK_SECONDS)

    def _work_once(self, code: str) -> int:
        if self._stop.is_set() or self.behaviour(code).mode in ("off", "slow"):
            return 0
        try:
            return self.work(code)
        except OutsideFailure as failure:
            log.info("simulated bank %s got no answer: %s", code, failure.slug)
        except Exception:
            log.exception("simulated bank %s stumbled; it goes on", code)
        return 0
