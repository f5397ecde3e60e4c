"""``dongchu worker`` with points at which it dies. ``python -m benchmarks.chaos.worker NAME SEED LIFE``"""

import dataclasses
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from benchmarks.chaos.blows import Blows, ForgetfulTreasury, StruckTreasury, up
from kernel.house import open_house
from kernel.migrations import is_current
from kernel.settings import Settings
from policy_engine.delivery import jobs
from policy_engine.delivery.payments import orders, runs
from policy_engine.delivery.payments import service as payments
from portals.commands.environment import set_up_logging
from portals.joining import open_services
from portals.transparency import build_sequencer
from portals.worker import build_worker

#: Few orders in a message, so that there are many messages to lose.
ORDERS = 25


def main(name: str, seed: str, life: str) -> None:
    set_up_logging()
    house = open_house(Settings.from_environ(os.environ))
    if not is_current(house.database):
        raise SystemExit("the store is not at this version")
    payments.MOST_ORDERS = runs.CHUNK = int(os.environ.get("CHAOS_ORDERS", ORDERS))  # type: ignore[misc]
    jobs.BETWEEN_LOOKS = orders.BETWEEN_LOOKS = timedelta(
        seconds=float(os.environ.get("CHAOS_BETWEEN_LOOKS", "5"))
    )
    folder = Path(os.environ["CHAOS_FOLDER"])
    blows = Blows(folder, name, int(seed), int(life), threads=("dongchu-handler", "dongchu-drain"))
    blows.surround(house)
    services = open_services(house)
    is_broken = bool(os.environ.get("CHAOS_BROKEN_KEYS"))
    treasury = (
        ForgetfulTreasury(services.treasury, blows, folder)
        if is_broken
        else StruckTreasury(services.treasury, blows)
    )
    struck = dataclasses.replace(services, treasury=treasury)
    worker, sequencer = build_worker(struck, threads=2), build_sequencer(house)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    worker.start()
    sequencer.start()
    (folder / up(name, life)).touch()
    stopping.wait()
    worker.stop()
    sequencer.stop()


if __name__ == "__main__":
    main(*sys.argv[1:4])
