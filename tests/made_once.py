"""Cities take long to make: each kind is made once in a run, and every test process works on a copy of its own."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

#: What belongs to a running process and not to the city.
_OF_A_PROCESS = shutil.ignore_patterns("lock", "out")


def copied(kind: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """A home folder with the city that ``make`` makes in the folder it is given, closed when it returns."""
    base = factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "cities"
    shared.mkdir(exist_ok=True)
    original = shared / kind
    with (shared / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not original.exists():
            half_made = shared / f"{kind}.half"
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            make(half_made)
            half_made.rename(original)
    home = factory.mktemp(kind) / "home"
    shutil.copytree(original, home, ignore=_OF_A_PROCESS)
    return home
