"""The processes that are struck: each is started again as it was, and dies by its own point or by the clock."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.chaos.blows import KILLED, up


class Children:
    def __init__(self, environ: Mapping[str, str], folder: Path, seed: int) -> None:
        self._environ = {**os.environ, **environ}
        self._folder, self._seed = folder, seed
        self._commands: dict[str, tuple[str, ...]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._down_until: dict[str, float] = {}
        self._lives: Counter[str] = Counter()
        self._by_clock: Counter[str] = Counter()

    def start(self, name: str, *module: str, is_told: bool = True) -> None:
        """``is_told``: it is given its name, the seed and which life it is, and dies at a point of its own."""
        self._commands[name] = (*module, *((name, str(self._seed)) if is_told else ()))
        self._begin(name)

    def _begin(self, name: str) -> None:
        self._lives[name] += 1
        command = self._commands[name]
        life = (str(self._lives[name]),) if command[-2:] == (name, str(self._seed)) else ()
        with (self._folder / f"{name}.log").open("ab") as out:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *command, *life],
                env=self._environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def kill(self, name: str, down_for: float) -> None:
        process = self._running[name]
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self._by_clock[f"{name.rstrip('0123456789')} by the clock"] += 1
            self._down_until[name] = time.monotonic() + down_for

    def raise_again(self) -> None:
        """Whoever is down long enough is started."""
        for name, process in self._running.items():
            if process.poll() is not None and self._down_until.get(name, 0) <= time.monotonic():
                self._begin(name)

    @property
    def names(self) -> list[str]:
        """Those at work: who has not come up yet in this life is not struck."""
        return [
            name for name, process in self._running.items() if process.poll() is None and self.is_up(name)
        ]

    def is_up(self, name: str) -> bool:
        is_told = self._commands[name][-2:] == (name, str(self._seed))
        return not is_told or (self._folder / up(name, self._lives[name])).exists()

    def wait(self, seconds: float) -> None:
        """Until everybody is up for the first time, or for so long."""
        deadline = time.monotonic() + seconds
        while len(self.names) < len(self._running) and time.monotonic() < deadline:
            time.sleep(0.2)

    @property
    def killed(self) -> dict[str, int]:
        """Who died where, how often."""
        found = Counter(self._by_clock)
        with suppress(FileNotFoundError):
            for line in (self._folder / KILLED).read_text(encoding="ascii").splitlines():
                name, point = line.split()
                found[f"{name.rstrip('0123456789')} {point}"] += 1
        return dict(sorted(found.items()))

    def stop(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            if process.poll() is None:
                process.kill()
                process.wait()
