"""Millions of licences and as many leaves of the log, put into the store as fast as it makes rows.

The database makes the rows itself out of a series of numbers: true columns and indices, each row with ids and an
identifier of its own, and what a licence seals in bytes that are as many as those of a real one and open to nothing.
The tree over the leaves is grown as the sequencer grows it. Holders are numbers that the registry does not know.
"""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.schemas import SubjectRow
from kernel.database import Database
from kernel.house import House
from kernel.transparency import repository, tiles
from kernel.transparency.heads import Head
from kernel.transparency.merkle import HASHINGS
from kernel.transparency.models import LogHead
from licenses.log.signing import head_signer
from licenses.repository import reserve

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CHUNK = 50_000
FIRST_HOLDER = 10_000_000_000
#: As many bytes as a social security card seals: fields and credential.
SEALED = 1060
_SERIES = {
    "sqlite": "WITH RECURSIVE series(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM series WHERE i < :last) ",
    "postgresql": "WITH series AS (SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS i) ",
}
_ID = {"sqlite": "printf('7%031x', i)", "postgresql": "CAST('7' || lpad(to_hex(i), 31, '0') AS uuid)"}
_DIGITS = {
    "sqlite": "CAST(printf('%032d', i) AS BLOB)",
    "postgresql": "convert_to(lpad(CAST(i AS text), 32, '0'), 'UTF8')",
}
_IDENTIFIER = {
    "sqlite": "printf('1.2.156.3005.2.11100000DEMO00006R041.11420200DEMO00006R.%018d.001.0', i)",
    "postgresql": "'1.2.156.3005.2.11100000DEMO00006R041.11420200DEMO00006R.' || lpad(CAST(i AS text), 18, '0') || '.001.0'",
}
_LICENCE = """
    INSERT INTO licence (status_index, id, identifier, type_id, schema_version, issuer, holder_id, state, issued_on,
                         number_sealed, content_sealed, seal, created_at)
    {series}
    SELECT i, {id}, {identifier}, 'social-security-card', 1, '11420200DEMO00006R', 10000000000 + i, '01', :day,
           :short, :sealed, :seal, :noon
    FROM series
"""
_ACT = """
    INSERT INTO licence_operation (id, licence_id, operation, state, reason, effective_on, recorded_at, actor)
    {series}
    SELECT {id}, {id}, 'issue', '01', '', :day, :noon, 'made' FROM series
"""
_ENTRY = """
    INSERT INTO log_entry (kind, record_id, nonce, commitment, recorded_at, leaf_index)
    {series}
    SELECT 'licence.act', {id}, :short, {digits}, :noon, :start + i - :first FROM series
"""


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
        first = reserve(session, count)[0]
        values: dict[str, Any] = {"first": first, "last": first + count - 1, "start": start}
        values |= {"short": b"x" * 16, "sealed": b"x" * SEALED, "seal": b"x" * 71}
        values |= {"day": date(2026, 11, 22), "noon": NOON.replace(tzinfo=None)}
        dialect = session.get_bind().dialect.name
        for statement in (_LICENCE, _ACT, _ENTRY):
            written = statement.format(
                series=_SERIES[dialect],
                id=_ID[dialect],
                identifier=_IDENTIFIER[dialect],
                digits=_DIGITS[dialect],
            )
            session.execute(sa.text(written).bindparams(*_typed(written)), _used(written, values))
        _grow(session, self._house, start, first, count)


def _typed(statement: str) -> list[sa.BindParameter[Any]]:
    kinds = {"day": sa.Date(), "noon": sa.DateTime(), "start": sa.BigInteger(), "first": sa.BigInteger()}
    return [sa.bindparam(name, type_=kind) for name, kind in kinds.items() if f":{name}" in statement]


def _used(statement: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name}" in statement}


def _grow(session: Session, house: House, start: int, first: int, count: int) -> None:
    """The tree over them and its signed head, in one piece."""
    hashing = HASHINGS["sha-256"]
    kept = repository.tiles(session, tiles.edge_places(start))
    tree = {place: bytearray(tile) for place, tile in kept.items()}
    leaves = (hashing.leaf(b"%032d" % number) for number in range(first, first + count))
    size, touched = tiles.grow(tree, start, leaves, hashing)
    repository.keep_tiles(session, {place: bytes(tree[place]) for place in touched})
    root = tiles.hash_of(tree, (0, size), hashing)
    address = f"{house.settings.base_url}/licenses/log"
    payload = msgspec.json.encode(Head(log=address, hash="sha-256", size=size, root=root.hex(), at=NOON))
    signed = head_signer(house)(session, payload)
    seal = bytes.fromhex(signed.sm2)
    session.add(LogHead(size=size, root=root, jws=signed.jws, sm2_signature=seal, signed_at=NOON))


def _settle(database: Database) -> None:
    """What the database does by itself after a while."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.is_sqlite:
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
            return
        connection.execute(
            sa.text("SET statement_timeout = 0")
        )  # a house gives no statement as long as this takes
        connection.execute(sa.text("VACUUM ANALYZE"))
        connection.invalidate()


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
