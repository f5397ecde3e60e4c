"""Millions of licences and as many leaves of the log, put into the store as fast as it takes rows.

Each has a column, an identifier and an act of its own, and each act is in the tree; what a licence seals is the same
for all, and as long as that of a real one. Holders are numbers that the registry does not know.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.bulk import insert_rows
from kernel.database import Database
from kernel.house import House
from kernel.transparency import repository, tiles
from kernel.transparency.heads import Head
from kernel.transparency.merkle import HASHINGS
from kernel.transparency.models import LogEntry, LogHead
from licenses.identifier import LicenceIdentifier
from licenses.log.signing import head_signer
from licenses.models import Licence, LicenceOperation
from licenses.repository import reserve

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ISSUED = date(2026, 11, 22)
CHUNK = 50_000
FIRST_HOLDER = 10_000_000_000
_CONTENT = 760
_LICENCE = (
    "status_index", "id", "identifier", "type_id", "schema_version", "issuer", "holder_id", "state", "issued_on",
    "valid_until", "number_sealed", "content_sealed", "seal", "created_at",
)  # fmt: skip
_ACT = ("id", "licence_id", "operation", "state", "reason", "effective_on", "recorded_at", "actor")
_ENTRY = ("kind", "record_id", "nonce", "commitment", "recorded_at", "leaf_index")


class MadeStore:
    """Fills a store further and further."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._made = 0

    def fill(self, size: int) -> None:
        """Until it holds ``size`` made licences."""
        while self._made < size:
            count = min(CHUNK, size - self._made)
            with self._house.database.write(timeout=600) as session:
                self._place(session, count)
            self._made += count
        _settle(self._house.database)

    def _place(self, session: Session, count: int) -> None:
        head = repository.latest_head(session)
        start = 0 if head is None else head.size
        places = reserve(session, count)
        first = places[0]
        sealed = self._house.vault.seal("x" * _CONTENT, context="made")
        ids = [uuid.UUID(int=(0x7 << 124) | (first + number)) for number in range(count)]
        insert_rows(
            session,
            Licence,
            _LICENCE,
            (
                (
                    first + number, one, _identifier(first + number),
                    "social-security-card", 1, "11420200DEMO00006R", FIRST_HOLDER + first + number, "01", ISSUED,
                    None, sealed[:46], sealed, sealed[:71], NOON,
                )
                for number, one in enumerate(ids)
            ),
        )  # fmt: skip
        insert_rows(
            session,
            LicenceOperation,
            _ACT,
            ((one, one, "issue", "01", "", ISSUED, NOON, "made") for one in ids),
        )
        commitments = [HASHINGS["sha-256"].digest(one.bytes) for one in ids]
        insert_rows(
            session,
            LogEntry,
            _ENTRY,
            (
                ("licence.act", one, one.bytes, commitment, NOON, start + number)
                for number, (one, commitment) in enumerate(zip(ids, commitments, strict=True))
            ),
        )
        _grow(session, self._house, start, commitments)


def _grow(session: Session, house: House, start: int, commitments: Sequence[bytes]) -> None:
    """The tree over them and its signed head, as the sequencer would make them, in one piece."""
    hashing = HASHINGS["sha-256"]
    tree = {
        place: bytearray(kept) for place, kept in repository.tiles(session, tiles.edge_places(start)).items()
    }
    size, touched = tiles.grow(tree, start, map(hashing.leaf, commitments), hashing)
    repository.keep_tiles(session, {place: bytes(tree[place]) for place in touched})
    root = tiles.hash_of(tree, (0, size), hashing)
    address = f"{house.settings.base_url}/licenses/log"
    payload = msgspec.json.encode(Head(log=address, hash="sha-256", size=size, root=root.hex(), at=NOON))
    signed = head_signer(house)(session, payload)
    session.add(
        LogHead(size=size, root=root, jws=signed.jws, sm2_signature=bytes.fromhex(signed.sm2), signed_at=NOON)
    )


def _identifier(serial: int) -> str:
    return str(LicenceIdentifier("11100000DEMO00006R041", "11420200DEMO00006R", f"{serial:018d}"))


def _settle(database: Database) -> None:
    """What the database does by itself after a while."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        word = "PRAGMA wal_checkpoint(TRUNCATE)" if database.is_sqlite else "VACUUM ANALYZE"
        connection.execute(sa.text(word))


def people(house: House, count: int) -> list[tuple[int, str]]:
    """Residents in the registry, with numbers that nobody alive bears: (subject, number)."""
    found = [(FIRST_HOLDER // 10 + serial, _id_number(serial)) for serial in range(count)]
    rows = (
        SubjectRow(subject_id=one, kind="person", name="某人", identifier_kind="id_number", identifier=number)
        for one, number in found
    )
    with house.database.write(timeout=600) as session:
        registry.load_rows(session, rows, vault=house.vault, now=NOON)
    return found


def _id_number(serial: int) -> str:
    """GB 11643, in a division that is never given."""
    born = date.fromordinal(date(1930, 1, 1).toordinal() + serial // 999)
    body = f"000000{born:%Y%m%d}{serial % 999 + 1:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]
