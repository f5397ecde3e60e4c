"""A department's file of very many rows, from end to end: the process that takes it in is killed in the middle and goes
on, and every row comes to its fact once or to its reject; then the same words again, which change nothing.

As a process of its own (``python -m benchmarks.killed_file HOME URL PATH FILE_ID``) it is that process.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.cities import peak_rss_mib
from benchmarks.simulated_world import tree_cpu_seconds
from kernel.clock import SystemClock
from kernel.house import House, open_house
from kernel.settings import Settings
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.files import service as files
from policy_engine.profiles.files.loading import Loading
from policy_engine.profiles.models import FactHistory

SOURCE = "human_resources"
#: One row in so many names nobody.
UNKNOWN = 1_000
NOBODY = "99010119500101100X"


def measure_file(
    house: House, room: Path, people: Sequence[str], rows: int, server: int | None
) -> Iterator[dict[str, Any]]:
    """``people``: id numbers, one for each row and no more."""
    path, again = room / "rows.csv", room / "again.csv"
    shift = int(time.time()) % 1_000  # another amount for each than what a run before said
    _write(path, people, rows, shift)
    wrong = len(range(0, rows, UNKNOWN))
    with house.database.read() as session:
        before = profiles.current_sequence(session)
    yield _killed_and_resumed(house, path, rows, wrong, server)
    _check_once(house, before, rows - wrong)
    yield _said_again(house, path)
    _write(again, people, rows, shift, end="\r\n")
    today = house.clock.today()
    yield {
        "kind": "the same words in another file",
        **_through(house, again, today - timedelta(days=1), server),
    }


def _write(path: Path, people: Sequence[str], rows: int, shift: int, *, end: str = "\n") -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(f"身份证号,本人月缴社保费{end}")
        for row in range(rows):
            number = NOBODY if row % UNKNOWN == 0 else people[row]
            out.write(f"{number},{(row + shift) % 9973 + 0.25:.2f}{end}")


def _killed_and_resumed(
    house: House, path: Path, rows: int, wrong: int, server: int | None
) -> dict[str, Any]:
    file_id = _register(house, path, house.clock.today())
    start, database = time.perf_counter(), tree_cpu_seconds(server) if server else 0.0
    worker = _loading(house, path, file_id)
    while _rows_done(house, file_id) < rows // 2:
        if worker.poll() is not None:
            raise AssertionError("it ended before it could be killed")
        time.sleep(0.05)
    worker.kill()
    _, _, first = os.wait4(worker.pid, 0)
    killed_at = _rows_done(house, file_id)
    worker = _loading(house, path, file_id)
    _, status, second = os.wait4(worker.pid, 0)
    taken = time.perf_counter() - start
    with house.database.read() as session:
        done = files.view(session, file_id)
    if status or done.state != "done" or done.rows_done != rows or done.rejected != wrong:
        raise AssertionError(f"{status}: {done}")
    ours = sum(one.ru_utime + one.ru_stime for one in (first, second))
    return {
        "kind": "new, killed and resumed",
        "rows": rows,
        "killed_at_row": killed_at,
        "rejected": done.rejected,
        "facts": done.facts,
        "seconds": round(taken, 1),
        "rows_per_second": round(rows / taken),
        "cpu_seconds": round(ours, 1),
        "database_cpu_seconds": round(tree_cpu_seconds(server) - database, 1) if server else None,
        "load": round(os.getloadavg()[0], 1),
    }


def _check_once(house: House, before: int, facts: int) -> None:
    """What was said since then: one word about each, none lost, none twice."""
    since = FactHistory.sequence > before
    with house.database.read() as session:
        words, people = session.execute(
            sa.select(sa.func.count(), sa.func.count(FactHistory.subject_id.distinct())).where(since)
        ).one()
    if (words, people) != (facts, facts):
        raise AssertionError(f"{words} words about {people} people, wanted {facts}")


def _said_again(house: House, path: Path) -> dict[str, Any]:
    """The very same file: known, and done already."""
    start = time.perf_counter()
    file_id = _register(house, path, house.clock.today())
    has_ended = Loading(house.database, house.vault, house.clock, path, file_id).run()
    return {
        "kind": "the same file",
        "is_done": has_ended,
        "seconds": round(time.perf_counter() - start, 2),
    }


def _through(house: House, path: Path, observed_on: date, server: int | None) -> dict[str, Any]:
    file_id = _register(house, path, observed_on)
    database = tree_cpu_seconds(server) if server else 0.0
    start, worked = time.perf_counter(), time.process_time()
    Loading(house.database, house.vault, house.clock, path, file_id).run()
    taken, ours = time.perf_counter() - start, time.process_time() - worked
    with house.database.read() as session:
        done = files.view(session, file_id)
    return {
        "rows": done.rows_done,
        "rejected": done.rejected,
        "facts": done.facts,
        "seconds": round(taken, 1),
        "rows_per_second": round(done.rows_done / taken),
        "cpu_seconds": round(ours, 1),
        "database_cpu_seconds": round(tree_cpu_seconds(server) - database, 1) if server else None,
        "peak_rss_mib": peak_rss_mib(),
        "load": round(os.getloadavg()[0], 1),
    }


def _register(house: House, path: Path, observed_on: date) -> uuid.UUID:
    with house.database.write(timeout=60) as session:
        return files.register(
            session,
            path,
            source=SOURCE,
            name=path.name,
            observed_on=observed_on,
            today=house.clock.today(),
            by=None,
            now=house.clock.now(),
        ).id


def _rows_done(house: House, file_id: uuid.UUID) -> int:
    with house.database.read() as session:
        return files.view(session, file_id).rows_done


def _loading(house: House, path: Path, file_id: uuid.UUID) -> subprocess.Popen[bytes]:
    url = house.database.engine.url.render_as_string(hide_password=False)
    told = [str(house.settings.home), url, str(path), str(file_id)]
    return subprocess.Popen([sys.executable, "-m", "benchmarks.killed_file", *told])


def main(home: str, url: str, path: str, file_id: str) -> None:
    house = open_house(Settings(home=Path(home), database_url=url, is_demo=True), SystemClock())
    Loading(house.database, house.vault, house.clock, Path(path), uuid.UUID(file_id)).run()


if __name__ == "__main__":
    main(*sys.argv[1:5])
