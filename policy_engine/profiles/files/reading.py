"""Rows of a CSV or Parquet file as text, one chunk after the other, so that memory does not grow with the file."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import polars as pl
from cryptography.hazmat.primitives import hashes

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _

PARQUET = b"PAR1"
#: Rows read from a Parquet file at once.
SLICE = 20_000
#: A cell longer than any fact; a quotation mark left open would otherwise swallow the file.
LONGEST_CELL = 2_000
_PROBE = 256 * 1024

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Read:
    """A row with its number in the file (the first line below the headings is 2) and how far the file was read."""

    number: int
    cells: Row
    bytes_done: int


def digest_of(path: Path) -> bytes:
    """SM3 of the file, by which it is known again."""
    digest = hashes.Hash(hashes.SM3())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.finalize()


def is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == PARQUET


def headings_of(path: Path) -> list[str]:
    """The names of the columns. Raises ``InvalidInput`` when this is neither of the two kinds of file."""
    if is_parquet(path):
        try:
            return list(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _no_table(str(error)) from None
    with path.open("rb") as file:
        for cells in _parsed(_lines(file, _encoding(path)), path):
            return cells
    raise _no_table(_("文件是空的"))


def rows(path: Path, *, skip: int = 0) -> Iterator[Read]:
    """Every row after the first ``skip``."""
    yield from _parquet_rows(path, skip) if is_parquet(path) else _csv_rows(path, skip)


class _Counted:
    """Lines of a file as text, counting the bytes they were."""

    def __init__(self, lines: Iterator[bytes], encoding: str) -> None:
        self._lines, self._encoding = lines, encoding
        self.done = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.done += len(line)
            yield line.decode(self._encoding, errors="replace")


def _lines(file: IO[bytes], encoding: str) -> _Counted:
    return _Counted(iter(file), encoding)


def _encoding(path: Path) -> str:
    """UTF-8, or what older office systems write (GB 18030)."""
    with path.open("rb") as file:
        probe = file.read(_PROBE)
    try:
        probe[: probe.rfind(b"\n") + 1 or len(probe)].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _parsed(lines: _Counted, path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(1 << 20)
    try:
        yield from csv.reader(lines)
    except csv.Error as error:
        raise _no_table(f"{path.suffix}: {error}") from None


def _csv_rows(path: Path, skip: int) -> Iterator[Read]:
    with path.open("rb") as file:
        lines = _lines(file, _encoding(path))
        parsed = _parsed(lines, path)
        next(parsed, None)
        number = 1
        for cells in parsed:
            number += 1
            if number - 1 > skip and cells:
                yield Read(number, [cell.strip()[:LONGEST_CELL] for cell in cells], lines.done)


def _parquet_rows(path: Path, skip: int) -> Iterator[Read]:
    frame = pl.scan_parquet(path)
    total = frame.select(pl.len()).collect().item()
    size = path.stat().st_size
    for start in range(skip, total, SLICE):
        part = frame.slice(start, SLICE).collect()
        for offset, values in enumerate(part.iter_rows()):
            number = start + offset
            yield Read(number + 2, [_text(value) for value in values], size * (number + 1) // total)


def _text(value: Any) -> str:
    """A typed value as a cell would say it; a fraction is written out, so that what is inexact is seen as such."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value).strip()[:LONGEST_CELL]


def _no_table(why: str) -> InvalidInput:
    return InvalidInput(
        _("这不是能读取的 CSV 或 Parquet 文件，没有写入任何内容。"),
        errors=[FieldError("file", why[:200], _("请导出为 UTF-8 编码的 CSV，或 Parquet"))],
    )
