"""The whole city as columns, for bulk matching: from generated files, or from the store and kept up to date."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import astuple
from sqlalchemy.orm import Session

from policy_engine.catalogue import Attribute, Entity, catalogue
from policy_engine.catalogue.attributes import VIEWS, EntityKind
from policy_engine.profiles import repository
from policy_engine.profiles.layout import (
    ABOUT_COLUMN,
    FRAME_NAMES,
    UNKNOWN_SUFFIX,
    column_types,
    frame_types,
)
from policy_engine.profiles.loading import read_note
from policy_engine.profiles.schemas import RawValue

#: Whom a hire is about, by which it is somebody's employment; nobody asks whom a loan is about.
_LINKS: dict[EntityKind, tuple[str, ...]] = {"hire": (ABOUT_COLUMN,)}
#: One subject in so many changed since the cache was written: it is written anew.
MUCH = 100
#: Subjects whose facts are taken apart at once: a whole city's would not fit.
READ_AT_ONCE = 25_000


class SnapshotNote(msgspec.Struct, frozen=True):
    """``snapshot.json``: what a cached snapshot is of, and in which columns it was written."""

    sequence: int
    columns: dict[EntityKind, list[str]]


class Snapshot(msgspec.Struct, frozen=True):
    """``frames`` by kind of subject, rows by number: ``subject_id``, ``owner_id``, of hires ``person_id``, one column per
    base attribute, its type that of ``layout.frame_types``.

    Null is absent, except where the boolean companion ``<column>__unknown`` is true. A companion stands in a frame
    only when at least one row is unknown. Every fact up to and including ``sequence`` is in.
    """

    frames: Mapping[EntityKind, pl.DataFrame]
    sequence: int
    as_of: date


def from_directory(directory: Path) -> Snapshot:
    """The city that ``city generate`` wrote, without its family links; its sequence is 0."""
    note = read_note(directory)
    frames = {}
    for kind, name in FRAME_NAMES.items():
        file = directory / f"{name}.parquet"
        wanted = _columns(catalogue().entities[kind])
        if name not in note.rows:  # a city of a catalogue that did not know this kind has none of it
            frames[kind] = _nobody(kind)
            continue
        present = pl.read_parquet_schema(file)
        frames[kind] = _in_memory(kind, file, [column for column in wanted if column in present])
    return Snapshot(frames, 0, note.as_of)


def from_database(session: Session, as_of: date) -> Snapshot:
    """The facts that the store knows now."""
    sequence = repository.current_sequence(session)
    frames = {kind: _frame(session, kind, -1) for kind in FRAME_NAMES}
    return Snapshot({kind: _trimmed(kind, frame) for kind, frame in frames.items()}, sequence, as_of)


def refreshed(session: Session, snapshot: Snapshot, as_of: date) -> Snapshot:
    """The snapshot brought up to the present: only subjects changed after its sequence are read again."""
    sequence = repository.current_sequence(session)
    frames = {}
    for kind, old in snapshot.frames.items():
        new = _frame(session, kind, snapshot.sequence)
        frames[kind] = _merged(kind, old, new) if new.height else old
    return Snapshot(frames, sequence, as_of)


def employments(hires: pl.DataFrame) -> pl.DataFrame:
    """Hires as the people have them who were taken on: one row each, ``owner_id`` the person; of nobody known, none."""
    entity = catalogue().entities["employment"]
    if ABOUT_COLUMN not in hires.columns:
        return _nobody("employment")
    known = (
        hires if hires[ABOUT_COLUMN].null_count() == 0 else hires.filter(pl.col(ABOUT_COLUMN).is_not_null())
    )
    columns = [name for name in _columns(entity) if name in known.columns and name != "owner_id"]
    return known.select(*columns, pl.col(ABOUT_COLUMN).alias("owner_id"))


def cached(
    session: Session, folder: Path, as_of: date, *, wanted: Collection[Attribute] | None = None
) -> Snapshot:
    """The present snapshot, from ``folder`` as far as it is still true; of ``wanted`` alone where only they are read.

    The folder holds the new one for the next time when much has changed: writing takes longer than reading a few
    subjects again, and somebody waits.
    """
    latest = _latest(folder)
    if latest is None:
        snapshot = from_database(session, as_of)
    else:
        sequence = _note(latest).sequence
        everybody = sum(_rows_in(latest, kind) for kind in FRAME_NAMES)
        if wanted is not None and repository.count_since(session, sequence) * MUCH < everybody:
            return refreshed(session, _read(latest, as_of, wanted), as_of)
        stored = _read(latest, as_of)
        snapshot = refreshed(session, stored, as_of)
        changed = repository.count_since(session, stored.sequence)
        if changed * MUCH < sum(frame.height for frame in snapshot.frames.values()):
            return snapshot
    keep_snapshot(snapshot, folder)
    return snapshot


def _in_memory(kind: EntityKind, file: Path, columns: Sequence[str]) -> pl.DataFrame:
    """A file's columns, each in one piece, texts as categories while they are read."""
    present, types = pl.read_parquet_schema(file), frame_types(catalogue().entities[kind])
    categories = [
        pl.col(name).cast(types[name])
        for name in columns
        if present[name] == pl.String and types.get(name) == pl.Categorical
    ]
    frame = pl.scan_parquet(file).select(columns).with_columns(categories).collect()
    return pl.DataFrame({name: frame.drop_in_place(name).rechunk() for name in columns})


def _nobody(kind: EntityKind) -> pl.DataFrame:
    types = frame_types(catalogue().entities[kind])
    links = dict.fromkeys(("subject_id", "owner_id", *_LINKS.get(kind, ())), pl.Int64)
    return pl.DataFrame(schema={**links, **types})


def _columns(entity: Entity) -> list[str]:
    """Every column a frame may have, in order."""
    attributes = [name for key in column_types(entity) for name in (key, key + UNKNOWN_SUFFIX)]
    return ["subject_id", "owner_id", *_LINKS.get(entity.kind, ()), *attributes]


def _frame(session: Session, kind: EntityKind, sequence: int) -> pl.DataFrame:
    """All columns with all companions, of the subjects changed after ``sequence``, by number."""
    rows = iter(repository.rows_since(session, sequence, kind))
    parts = [_read_rows(kind, [])]
    while part := list(islice(rows, READ_AT_ONCE)):
        parts.append(_read_rows(kind, part))
    return pl.concat(parts).sort("subject_id")


def _read_rows(kind: EntityKind, rows: Sequence[tuple[int, int, int | None, str]]) -> pl.DataFrame:
    subjects, owners, about, texts = zip(*rows, strict=True) if rows else ((), (), (), ())
    types = frame_types(catalogue().entities[kind])
    decode = _decoder(tuple(types)).decode
    facts = zip(*(astuple(decode(text)) for text in texts), strict=True) if rows else ((),) * len(types)
    columns = {
        "subject_id": pl.Series(subjects, dtype=pl.Int64),
        "owner_id": pl.Series(owners, dtype=pl.Int64),
        **{name: pl.Series(about, dtype=pl.Int64) for name in _LINKS.get(kind, ())},
    }
    for (key, dtype), told in zip(types.items(), facts, strict=True):
        values = [None if one is None else one.value for one in told]
        if dtype == pl.Date:
            columns[key] = pl.Series(values, dtype=pl.String).str.to_date("%Y-%m-%d")
        else:
            columns[key] = pl.Series(values, dtype=dtype)
        columns[key + UNKNOWN_SUFFIX] = pl.Series([one is None for one in told], dtype=pl.Boolean)
    return pl.DataFrame(columns)


class _Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact as stored, of which only the value is read."""

    value: RawValue


@cache
def _decoder(keys: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Reads the facts of one subject into a tuple in the order of ``keys``; None is unknown, and what nobody asked for is
    passed over."""
    places = {f"place_{place}": key for place, key in enumerate(keys)}
    fields = [(place, _Told | None, None) for place in places]
    return msgspec.json.Decoder(msgspec.defstruct("Facts", fields, rename=places, gc=False))


def _merged(kind: EntityKind, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``new`` in the place of those of the same number, or where they belong; a column in which nothing
    changed is not touched."""
    count, numbers = old.height, old["subject_id"]
    place = numbers.search_sorted(new["subject_id"])
    if count == 0:
        is_known = pl.repeat(False, new.height, dtype=pl.Boolean, eager=True)
    else:
        is_known = (place < count) & (numbers.gather(place.clip(0, count - 1)) == new["subject_id"])
    at = pl.Series(range(count, count + new.height), dtype=pl.Int64)
    picked = pl.int_range(count, eager=True).scatter(place.filter(is_known), at.filter(is_known))
    are_all_known = bool(is_known.all())
    if not are_all_known:
        picked = pl.concat([picked, at.filter(~is_known)])
        picked = picked.gather(pl.concat([numbers, new["subject_id"]]).gather(picked).arg_sort())
    columns = {}
    for name in _columns(catalogue().entities[kind]):
        told = new[name]
        if name in old.columns:
            before = old[name]
        elif (
            name.endswith(UNKNOWN_SUFFIX) and name.removesuffix(UNKNOWN_SUFFIX) in old.columns and told.any()
        ):
            before = pl.repeat(False, count, dtype=pl.Boolean, eager=True)
        else:
            continue
        if are_all_known and before.gather(place).eq_missing(told).all():
            columns[name] = before
        else:
            columns[name] = pl.concat([before, told]).gather(picked)
    return _trimmed(kind, pl.DataFrame(columns))


def _trimmed(kind: EntityKind, frame: pl.DataFrame) -> pl.DataFrame:
    """Without the companions that say nothing."""
    silent = [key + UNKNOWN_SUFFIX for key in column_types(catalogue().entities[kind])]
    return frame.drop([name for name in silent if name in frame.columns and not frame[name].any()])


def _name(sequence: int) -> str:
    return f"{sequence:020d}"


def _columns_now() -> dict[EntityKind, list[str]]:
    """What a cache must have been written with to be read today."""
    return {kind: [*_LINKS.get(kind, ()), *column_types(catalogue().entities[kind])] for kind in FRAME_NAMES}


def _latest(folder: Path) -> Path | None:
    """The newest complete cache that has today's columns."""
    expected = _columns_now()
    for candidate in sorted(folder.glob("[0-9]*"), reverse=True):
        note = candidate / "snapshot.json"
        if note.exists() and msgspec.json.decode(note.read_bytes(), type=SnapshotNote).columns == expected:
            return candidate
    return None


def _note(directory: Path) -> SnapshotNote:
    return msgspec.json.decode((directory / "snapshot.json").read_bytes(), type=SnapshotNote)


def _rows_in(directory: Path, kind: EntityKind) -> int:
    """How many of a kind there are, by the file's own word."""
    rows = pl.scan_parquet(directory / f"{FRAME_NAMES[kind]}.parquet").select(pl.len()).collect()
    return int(rows.item())


def _read(directory: Path, as_of: date, wanted: Collection[Attribute] | None = None) -> Snapshot:
    keys: dict[EntityKind, set[str]] | None = None
    if wanted is not None:
        keys = {kind: set() for kind in FRAME_NAMES}
        for one in wanted:
            keys[VIEWS.get(one.entity, one.entity)].add(one.key)
    frames = {}
    for kind, name in FRAME_NAMES.items():
        file = directory / f"{name}.parquet"
        columns = list(pl.read_parquet_schema(file))
        if keys is not None:
            needed = keys[kind] | {"subject_id", "owner_id", *_LINKS.get(kind, ())}
            columns = [one for one in columns if one.removesuffix(UNKNOWN_SUFFIX) in needed]
        frames[kind] = _in_memory(kind, file, columns)
    return Snapshot(frames, _note(directory).sequence, as_of)


def keep_snapshot(snapshot: Snapshot, folder: Path) -> None:
    """Beside its place first and moved there whole; older ones go afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{_name(snapshot.sequence)}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for kind, frame in snapshot.frames.items():
        frame.write_parquet(part / f"{FRAME_NAMES[kind]}.parquet", compression="zstd", compression_level=1)
    columns = _columns_now()
    note = SnapshotNote(snapshot.sequence, columns)
    (part / "snapshot.json").write_bytes(msgspec.json.encode(note))
    place = folder / _name(snapshot.sequence)
    shutil.rmtree(place, ignore_errors=True)
    part.replace(place)
    for old in folder.glob("[0-9]*"):
        if old.name < place.name:
            shutil.rmtree(old, ignore_errors=True)
