"""Wallets of others: copies issued, presentations judged, and the status of ten million, beside what the libraries do alone.

The wallet's own work (keys, proofs, key bindings) is done before the clock starts; ours runs from the request to the commit.
"""

import random
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

import portals.tables  # noqa: F401  every table of the house
from benchmarks.made_licences import people
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.settings import Settings
from licenses import service, status_list
from licenses.catalogue import licence_type
from licenses.issuance import copies, offers
from licenses.issuance.offers import Allowed
from licenses.models import Licence
from licenses.presentation import queries, transactions
from licenses.presentation import service as presentation
from licenses.schemas import Verifier
from licenses.status_list import PLACES, Places
from tests.licenses.wallet_app import Held, Wallet, digest

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BATCHES, KEYS = 40, 10
ROUNDS = 200
LISTS = 10
SHARE_ENDED = 0.01
TYPE = "social-security-card"
_COUNTER = Verifier("3号窗口", is_known=True, purpose="counter")


def measure() -> Iterator[dict[str, Any]]:
    """``per_second`` of the wall on SQLite; ``ratio`` is ours / the library's own signatures in the same run."""
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(
            Settings(home=Path(folder), database_url=f"sqlite:///{folder}/wallets.db", is_demo=True),
            FixedClock(NOON),
        )
        house.database.create_all()
        try:
            bench = _Bench(house)
            yield bench.copies()
            yield bench.presentations()
            yield _status_of_ten_million(house)
        finally:
            house.database.close()
            house.ephemeral.close()


@dataclass
class _Bench:
    house: House
    held: list[Held] = field(default_factory=list)

    def copies(self) -> dict[str, Any]:
        """Batches of ten copies, each bound to a key of its own; beside bare signatures."""
        licences = self._licences(BATCHES)
        keys = [[ECKey.generate_key("P-256") for _ in range(KEYS)] for _ in licences]

        def issue() -> None:
            for licence, some in zip(licences, keys, strict=True):
                jwks = [
                    {name: str(part) for name, part in key.as_dict(private=False).items()} for key in some
                ]
                with self.house.database.write() as session:
                    issued = copies.issue_copies(session, self.house, _allowed(licence), jwks)
                self.held += [Held(one, key) for one, key in zip(issued.credentials, some, strict=True)]

        seconds, bare = _timed(issue), _bare_signatures(BATCHES * KEYS)
        per_second = BATCHES * KEYS / seconds
        rival = {"library_signatures_per_second": round(bare), "ratio": round(per_second / bare, 3)}
        return {"benchmark": "wallet_copies", "per_second": round(per_second), "batch": KEYS, **rival}

    def presentations(self) -> dict[str, Any]:
        """Ask, receive, collect: two signatures verified, the licence's own two checked again, the use recorded."""
        claims = queries.for_purpose(licence_type(TYPE), "counter")
        sent: list[tuple[str, str, dict[str, str]]] = []
        asking_took = asking_used = 0.0
        for held in self.held[:ROUNDS]:
            started, used = time.perf_counter(), time.process_time()
            asking = self._ask(claims)
            asking_took += time.perf_counter() - started
            asking_used += time.process_time() - used
            reference = asking.request_uri.rsplit("/", 1)[1]
            asked = transactions.asked_by(self.house, reference)
            assert asked is not None
            shown = held.disclosing(list(claims))
            binding = {"aud": asking.client_id, "nonce": asked.nonce, "iat": int(NOON.timestamp())}
            token = Wallet.bound(shown, held.key, binding | {"sd_hash": digest(shown.encode())})
            sent.append(
                (asking.handle, reference, {"vp_token": f'{{"licence":["{token}"]}}', "state": reference})
            )

        def judge() -> None:
            for handle, reference, parameters in sent:
                with self.house.database.write() as session:
                    presentation.receive(session, self.house, reference, parameters)
                with self.house.database.read() as session:
                    answer = presentation.collect(session, self.house, handle, owner="bench")
                assert answer.result == "valid"

        used = time.process_time()
        per_second = len(sent) / (asking_took + _timed(judge))
        per_cpu_second = len(sent) / (asking_used + time.process_time() - used)
        rates = {"per_second": round(per_second), "per_cpu_second": round(per_cpu_second)}
        return {"benchmark": "wallet_round_trip", **rates, "store": "sqlite"}

    def _ask(self, claims: tuple[str, ...]) -> presentation.Asking:
        with self.house.database.write() as session:
            return presentation.ask(
                session,
                self.house,
                owner="bench",
                verifier=_COUNTER,
                type_id=TYPE,
                claims=claims,
                cause="核验",
                is_encrypted=False,
            )

    def _licences(self, count: int) -> list[Licence]:
        fields = {"bank": "演示银行", "card_tail": "1234"}
        holders = people(self.house, count)
        with self.house.database.write() as session:
            return [
                service.issue(
                    session, self.house, type_id=TYPE, holder_id=holder, fields=fields, actor="bench"
                )
                for holder, _identifier in holders
            ]


def _status_of_ten_million(house: House) -> dict[str, Any]:
    """Ten lists of a million, one in a hundred ended: placed, packed and compressed; beside zlib over one flat list."""
    places, chosen = Places.of(house, "licences"), random.Random(7)
    ended = chosen.sample(range(LISTS * PLACES), int(LISTS * PLACES * SHARE_ENDED))
    by_list: list[list[int]] = [[] for _ in range(LISTS)]
    for sequence in ended:
        by_list[sequence // PLACES].append(sequence)
    size = 0
    started = time.perf_counter()
    for some in by_list:
        size += len(status_list.compressed((places.index(sequence), 1) for sequence in some)) * 3 // 4
    seconds = time.perf_counter() - started
    flat = bytearray(LISTS * PLACES // 8)
    for sequence in ended:
        flat[sequence // 8] |= 1 << sequence % 8
    one_bit = len(zlib.compress(bytes(flat), 9))
    return {
        "benchmark": "status_list_ten_million",
        "seconds": round(seconds, 3),
        "bytes": size,
        "bytes_of_one_list": size // LISTS,
        "one_flat_list_of_one_bit_bytes": one_bit,
    }


def _allowed(licence: Licence) -> Allowed:
    return Allowed(
        licence_id=licence.id,
        type_id=licence.type_id,
        holder_id=licence.holder_id,
        added_by=licence.holder_id,
        wallet_name=offers.DEFAULT_NAME,
        grant_key=f"bench/{licence.id}",
    )


def _bare_signatures(count: int) -> float:
    """ES256 by the library alone, in a second, over as much as a copy signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    body = b"x" * 2500
    return count / _timed(lambda: [key.sign(body, ec.ECDSA(hashes.SHA256())) for _ in range(count)])


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
