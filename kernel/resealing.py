"""Seal everything anew under the active key version, in small batches beside running writers.

Which columns are sealed, and for which place, is read from the tables: a column called ``sealed`` or ``…_sealed`` belongs
to ``table/column/primary key`` unless ``info={"sealed": "…/{column}"}`` says otherwise (``""``: it lives for moments and is
left alone). Every value names its version, so
nothing need be remembered: whoever starts again goes on with what is left.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kernel.crypto import HEAD_BYTES, SealBroken, Vault
from kernel.database import Base, Database

BATCH = 200
_NAME = re.compile(r"(?:.+_)?sealed")


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column, and how the place of a value in it is written."""

    table: sa.Table
    column: sa.Column[Any]
    template: str

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def keys(self) -> list[sa.Column[Any]]:
        return list(self.table.primary_key.columns)

    def key_of(self, row: sa.Row[Any]) -> tuple[Any, ...]:
        """The primary key of a row that ``_left`` chose."""
        values = row._asdict()
        return tuple(values[_labelled(number)] for number in range(len(self.keys)))

    def place_of(self, row: sa.Row[Any]) -> str:
        values = row._asdict()
        return self.template.format(**values)

    def place_columns(self) -> list[sa.Column[Any]]:
        return [self.table.c[name] for name in re.findall(r"{(\w+)}", self.template)]


@dataclass(slots=True)
class Progress:
    """What one walk did: ``broken`` names rows that do not open and stay as they are."""

    resealed: int = 0
    broken: list[str] = field(default_factory=list)


def sealed_columns(metadata: sa.MetaData = Base.metadata) -> list[SealedColumn]:
    """Every sealed column of the imported tables."""
    found = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            if _NAME.fullmatch(column.name):
                keys = "/".join(f"{{{key.name}}}" for key in table.primary_key.columns)
                template = column.info.get("sealed", f"{table.name}/{column.name}/{keys}")
                if template:
                    found.append(SealedColumn(table, column, template))
    return found


def count_by_version(database: Database) -> dict[str, dict[int, int]]:
    """How many values lie under which key version, by column."""
    counts: dict[str, dict[int, int]] = {}
    with database.read() as session:
        for one in sealed_columns():
            head = sa.func.substr(one.column, 1, HEAD_BYTES)
            rows = session.execute(
                sa.select(head, sa.func.count()).where(one.column.is_not(None)).group_by(head)
            )
            found = {bytes(begin)[-1]: count for begin, count in rows if len(bytes(begin)) == HEAD_BYTES}
            if found:
                counts[one.name] = found
    return counts


def reseal(database: Database, vault: Vault, *, batch: int = BATCH) -> Iterator[Progress]:
    """Walk through every column until nothing is left under another version; yields after each batch.

    A writer that still held the former version when the walk passed is found by the next walk, and so is a kill.
    """
    progress = Progress()
    while True:
        before = progress.resealed
        progress.broken = []
        for column in sealed_columns():
            yield from _walk(database, vault, column, batch, progress)
        if progress.resealed == before:
            return


def _walk(
    database: Database, vault: Vault, column: SealedColumn, batch: int, progress: Progress
) -> Iterator[Progress]:
    last: Any = None
    while True:
        with database.read() as session:
            rows = session.execute(_left(column, vault, last, batch)).all()
        if not rows:
            return
        fresh = [(row, sealed) for row in rows if (sealed := _anew(vault, column, row, progress))]
        with database.write(timeout=30) as session:
            # Only where it is still what was read: a writer who was quicker has sealed it himself.
            changed = (
                sa.update(column.table)
                .where(
                    *(
                        key == sa.bindparam(_labelled(number), type_=key.type)
                        for number, key in enumerate(column.keys)
                    ),
                    column.column == sa.bindparam("read_"),
                )
                .values({column.column.name: sa.bindparam("fresh_")})
            )
            values = [
                {
                    **{_labelled(number): value for number, value in enumerate(column.key_of(row))},
                    "read_": row.sealed_,
                    "fresh_": sealed,
                }
                for row, sealed in fresh
            ]
            if values:
                session.connection().execute(changed, values)
        progress.resealed += len(fresh)
        last = column.key_of(rows[-1])
        yield progress


def _left(column: SealedColumn, vault: Vault, last: Any, batch: int) -> sa.Select[*tuple[Any, ...]]:
    """The next rows under another version, in the order of their keys."""
    statement = sa.select(
        *(key.label(_labelled(number)) for number, key in enumerate(column.keys)),
        column.column.label("sealed_"),
        *column.place_columns(),
    ).where(
        sa.func.length(column.column) > HEAD_BYTES,
        sa.func.substr(column.column, 1, HEAD_BYTES) != vault.head(vault.active_version),
    )
    if last is not None:
        statement = statement.where(_comes_after(column.keys, last))
    return statement.order_by(*column.keys).limit(batch)


def _comes_after(keys: list[sa.Column[Any]], last: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """In the order of the keys, written out: not every driver binds rows of values."""
    after: sa.ColumnElement[bool] = keys[-1] > last[-1]
    for key, value in reversed(list(zip(keys[:-1], last[:-1], strict=True))):
        after = sa.or_(key > value, sa.and_(key == value, after))
    return after


def _labelled(number: int) -> str:
    return f"key_{number}_"


def _anew(vault: Vault, column: SealedColumn, row: sa.Row[Any], progress: Progress) -> bytes | None:
    place = column.place_of(row)
    try:
        return vault.seal(vault.open(row.sealed_, context=place), context=place)
    except SealBroken:
        progress.broken.append(f"{column.name} {'/'.join(map(str, column.key_of(row)))}")
        return None
