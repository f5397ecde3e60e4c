"""A database as a thief sees it: all its bytes, all its cells, and whether anything secret stands there in plain.

SQLite is searched in the bytes of its files, deleted rows and the write-ahead log included, and cell by cell; PostgreSQL
cell by cell. Known secrets are looked for as text, in base64 and in hex; numbers of people and phones by their pattern
as well, so that one which nobody noted is found too.
"""

import base64
import contextlib
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg.types.string import TextLoader

from identity.registry.identifiers import id_check_character

_ID_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
)
#: Eleven digits as a number in a document are money, not a phone: those stand in quotes or in a sentence.
_PHONE = re.compile(rb"(?<![0-9A-Za-z.+:,\[-])(?<![:,] )1[3-9]\d{9}(?![0-9A-Za-z.])")
_CODE = re.compile(rb"(?<![0-9A-Za-z.:+-])\d{6}(?![0-9A-Za-z.:-])")
#: Six digits that mean a place are no code; the whole country is 000000, which is also what one types for a wrong code.
_DIVISION = re.compile(r"42\d{4}|000000")
_BETWEEN = b"\x1f"
_NOTHING = re.compile(rb"\0{64,}")


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` is table.column, or the file for what only its bytes show; of the secret only its beginning is told."""

    where: str
    what: str
    #: Six digits, which may stand there by chance.
    is_code: bool = False

    def __str__(self) -> str:
        return f"{self.what} in {self.where}"


class StolenCopy:
    """One store, searched once."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self._rows = [(table, columns, row) for table, columns, row in self._read()]
        self._cells = [
            (f"{table}.{column}", _bytes(value))
            for table, columns, row in self._rows
            for column, value in zip(columns, row, strict=True)
            if value is not None and not isinstance(value, float)
        ]
        self._text = _BETWEEN.join(cell for _, cell in self._cells)
        self._words = _BETWEEN.join(
            _bytes(value) for *_, row in self._rows for value in row if isinstance(value, str | bytes)
        )

    @property
    def tables(self) -> Counter[str]:
        """How many rows each table has."""
        return Counter(table for table, _, _ in self._rows)

    def findings(self, secrets: Collection[str], codes: Collection[str] = ()) -> list[Finding]:
        return [*self._by_pattern(), *self._known(secrets), *self._codes({*codes})]

    def _known(self, secrets: Collection[str]) -> list[Finding]:
        forms = {form: secret for secret in secrets for form in _forms(secret)}
        places = [("", self._text), *((path.name, _written(path)) for path in self._files() if forms)]
        found: list[Finding] = []
        for name, content in places:
            for form in _occurring(content, list(forms)):
                where = self._where(form.encode("latin-1")) or [name]
                found += [Finding(place, f"a secret beginning {forms[form][:4]!r}") for place in where]
        return list(dict.fromkeys(found))

    def _by_pattern(self) -> list[Finding]:
        numbers = [n for n in _ID_NUMBER.findall(self._words) if _is_id_number(n.decode())]
        phones = _PHONE.findall(self._words)
        told = [(one, "an id number") for one in numbers] + [(one, "a phone number") for one in phones]
        return list(
            dict.fromkeys(Finding(place, what) for one, what in told for place in self._where(one) or [""])
        )

    def _codes(self, codes: set[str]) -> list[Finding]:
        codes = {code for code in codes if not _DIVISION.fullmatch(code)}
        if not codes:
            return []
        standing = {one.decode() for one in _CODE.findall(self._text)} & codes
        return [
            Finding(place, f"the code {code}", is_code=True)
            for code in standing
            for place in self._where_alone(code.encode())
        ]

    def _where(self, needle: bytes) -> list[str]:
        return list(dict.fromkeys(place for place, cell in self._cells if needle in cell))

    def _where_alone(self, code: bytes) -> list[str]:
        """Where it stands by itself, not within a longer number."""
        return list(
            dict.fromkeys(
                place for place, cell in self._cells if code in cell and code in _CODE.findall(cell)
            )
        )

    def _files(self) -> list[Path]:
        if self._url.get_backend_name() != "sqlite" or self._url.database is None:
            return []
        file = Path(self._url.database)
        return [path for path in (file, file.with_name(f"{file.name}-wal")) if path.exists()]

    def _read(self) -> Iterator[tuple[str, Sequence[str], Sequence[Any]]]:
        if self._url.get_backend_name() == "sqlite":
            return self._read_sqlite()
        return self._read_postgres()

    def _read_sqlite(self) -> Iterator[tuple[str, Sequence[str], Sequence[Any]]]:
        with contextlib.closing(sqlite3.connect(f"file:{self._url.database}?mode=ro", uri=True)) as store:
            names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in names:
                cursor = store.execute(f'SELECT * FROM "{name}"')
                columns = [one[0] for one in cursor.description]
                for row in cursor:
                    yield name, columns, row

    def _read_postgres(self) -> Iterator[tuple[str, Sequence[str], Sequence[Any]]]:
        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, options="-c lock_timeout=20000") as store:
            for kind in ("json", "jsonb"):
                store.adapters.register_loader(kind, TextLoader)
            names = [
                name
                for (name,) in store.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
                )
            ]
            if not names:
                return
            peek = " UNION ALL ".join(f"SELECT '{n}' WHERE EXISTS (SELECT 1 FROM \"{n}\")" for n in names)
            for (name,) in store.execute(peek.encode()).fetchall():
                cursor = store.execute(f'SELECT * FROM "{name}"'.encode())
                columns = [one.name for one in cursor.description or ()]
                for row in cursor:
                    yield name, columns, row


def _written(file: Path) -> bytes:
    """The bytes of a file without what was never written: most of a small store is empty pages, and no secret has zeros."""
    return _NOTHING.sub(b"\0", file.read_bytes())


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode(errors="replace")


def _forms(secret: str) -> Iterator[str]:
    """As it is, as hex, and in the base64 of its beginning (to the last whole three bytes)."""
    raw = secret.encode()
    yield raw.decode("latin-1")
    yield raw.hex()
    if len(raw) >= 12:
        yield base64.b64encode(raw[: len(raw) // 3 * 3]).decode()


def _occurring(content: bytes, needles: list[str]) -> list[str]:
    if not needles or not content:
        return []
    found = pl.Series([content.decode("latin-1")]).str.extract_many(needles, overlapping=True)
    return sorted(set(found[0].to_list()))


def _is_id_number(text: str) -> bool:
    return id_check_character(text[:17]) == text[17].upper()
