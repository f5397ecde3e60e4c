"""Takes a generated city over into the store: the register of subjects, their relationships, and what is known."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.schemas import RelationshipKind, RelationshipRow, SubjectRow
from kernel.bulk import learn_sizes
from kernel.clock import SHANGHAI
from kernel.crypto import Vault
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind
from policy_engine.catalogue.divisions import prefix_of
from policy_engine.profiles import repository
from policy_engine.profiles.layout import (
    ABOUT_COLUMN,
    CITY,
    DIVISION_KEYS,
    FRAME_NAMES,
    UNKNOWN_SUFFIX,
)
from policy_engine.profiles.models import Profile

Progress = Callable[[str, float], None]
CHUNK = 2_000
#: Profiles written at once.
SLICE = 20_000
REGISTER = "public_security"


class CityNote(msgspec.Struct, frozen=True):
    """``city.json``: the day on which the generated facts are true."""

    as_of: date
    seed: int
    rows: dict[str, int]


def load_city(
    session: Session, directory: Path, *, vault: Vault, now: datetime, progress: Progress | None = None
) -> int:
    """Load everything ``city generate`` wrote; returns how many profiles. All of it commits with the caller, or none.

    Raises ``Conflict`` when the store already knows somebody.
    """
    step = progress or (lambda _doing, _share: None)
    if repository.has_profiles(session):
        raise Conflict(_("库中已有居民或企业档案，没有重复载入。要换一座城市，请使用新的数据目录。"))
    note = read_note(directory)
    step(_("登记居民、家庭和企业"), 0.0)
    rows = read_registry(directory)
    registry.load_rows(session, _subject_rows(rows), vault=vault, now=now)
    step(_("登记亲属与法定代表人"), 0.5)
    registry.load_relationships(session, relationships(directory, note.as_of))
    _load_contract_numbers(session, rows)
    count = load_profiles(session, directory, step=lambda doing, share: step(doing, 0.55 + 0.45 * share))
    learn_sizes(session, Profile)
    step(_("完成"), 1.0)
    return count


def load_profiles(session: Session, directory: Path, *, step: Progress) -> int:
    """What is known about everybody, without names and numbers; returns how many profiles."""
    sequence = repository.lock_sequence(session) + 1
    # As the day begins here: the same hour in UTC is 8 a.m., and until then all newer words would count as older.
    observed_at = datetime.combine(read_note(directory).as_of, time(), tzinfo=SHANGHAI).astimezone(UTC)
    count = 0
    divisions = pl.DataFrame(schema={"owner_id": pl.Int64, "of_owner": pl.String})
    for place, kind in enumerate(FRAME_NAMES):
        step(_("载入%(kind)s档案", kind=catalogue().entities[kind].name), place / len(FRAME_NAMES))
        frame = pl.read_parquet(directory / f"{FRAME_NAMES[kind]}.parquet")
        for chunk in frame.iter_slices(SLICE):
            rows = profile_frame(kind, chunk, sequence, observed_at, divisions)
            repository.insert_profiles(session, _as_stored(rows))
            if kind == "firm":  # a hire, a loan and a project are dealt with where their firm is
                firms = rows.select(owner_id="subject_id", of_owner="division")
                divisions = pl.concat([divisions, firms])
        count += frame.height
    repository.set_sequence(session, sequence)
    return count


def profile_frame(
    kind: EntityKind, chunk: pl.DataFrame, sequence: int, observed_at: datetime, divisions: pl.DataFrame
) -> pl.DataFrame:
    """Rows of the profile table, columns as ``PROFILE_COLUMNS``, facts as JSON. What is unknown has no key; everything else
    comes from the attribute's department. ``divisions``: where owners are dealt with, who have no place of their own."""
    places = [_known(chunk, key) for key in DIVISION_KEYS[kind]]
    inside = [pl.when(place.str.starts_with(prefix_of(CITY))).then(place) for place in places]
    about = pl.col(ABOUT_COLUMN) if ABOUT_COLUMN in chunk.columns else pl.lit(None, pl.Int64)
    return chunk.join(divisions, on="owner_id", how="left", maintain_order="left").select(
        "subject_id",
        pl.lit(kind).alias("kind"),
        "owner_id",
        about.alias("about_id"),
        pl.coalesce(*inside, "of_owner", pl.lit(CITY)).alias("division"),
        _facts_as_json(kind, chunk, observed_at).alias("facts"),
        pl.lit(sequence, pl.Int64).alias("sequence"),
    )


def _as_stored(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    for subject_id, kind, owner_id, about_id, division, facts, sequence in rows.iter_rows():
        yield subject_id, kind, owner_id, about_id, division, msgspec.Raw(facts.encode()), sequence


def read_note(directory: Path) -> CityNote:
    return msgspec.json.decode((directory / "city.json").read_bytes(), type=CityNote)


def read_registry(directory: Path) -> pl.DataFrame:
    """Names, numbers, telephones and payee accounts of the city's subjects, as generated."""
    return pl.read_parquet(directory / "registry.parquet")


def _subject_rows(rows: pl.DataFrame) -> Iterator[SubjectRow]:
    columns = ("subject_id", "kind", "name", "identifier_kind", "identifier")
    for row in rows.filter(pl.col("name").is_not_null()).select(columns).iter_rows(named=True):
        yield msgspec.convert(row, SubjectRow)


def relationships(directory: Path, as_of: date) -> Iterator[RelationshipRow]:
    """Parents since birth, spouses and representatives as the registers have them now, grandparents of orphans."""
    persons = pl.read_parquet(
        directory / "persons.parquet",
        columns=[
            "subject_id",
            "owner_id",
            "birth_date",
            "father_id",
            "mother_id",
            "spouse_id",
            "relation_to_head",
        ],
    )
    for column in ("father_id", "mother_id"):
        yield from _rows("parent", persons, column, "subject_id", REGISTER, pl.col("birth_date"))
    yield from _rows("spouse", persons, "spouse_id", "subject_id", REGISTER, pl.lit(as_of))
    heads = persons.filter(relation_to_head="户主").select("owner_id", guardian_id="subject_id")
    is_minor = pl.col("birth_date").dt.offset_by("18y") > as_of
    alone = persons.filter(is_minor & pl.col("mother_id").is_null() & pl.col("father_id").is_null())
    wards = alone.join(heads, on="owner_id", maintain_order="left")
    yield from _rows("guardian", wards, "guardian_id", "subject_id", "civil_affairs", pl.lit(as_of))
    firms = pl.read_parquet(
        directory / "firms.parquet", columns=["subject_id", "registered_on", "legal_representative_id"]
    )
    yield from _rows(
        "legal_representative",
        firms,
        "legal_representative_id",
        "subject_id",
        "market_regulation",
        "registered_on",
    )


def _rows(
    kind: RelationshipKind, frame: pl.DataFrame, who: str, of: str, source: str, since: pl.Expr | str
) -> Iterator[RelationshipRow]:
    since = pl.col(since) if isinstance(since, str) else since
    related = frame.filter(pl.col(who).is_not_null()).select(who, of, since.alias("since"))
    for from_subject, to_subject, from_on in related.iter_rows():
        yield RelationshipRow(
            kind=kind,
            from_subject=from_subject,
            to_subject=to_subject,
            source=source,
            from_on=from_on,
            until_on=None,
        )


def _load_contract_numbers(session: Session, rows: pl.DataFrame) -> None:
    numbers = rows.filter(pl.col("kind").is_in(list(ITEM_OWNERS))).select(
        scheme="identifier_kind", number="identifier", subject_id="subject_id"
    )
    for chunk in numbers.iter_slices(CHUNK):
        repository.insert_contracts(session, chunk.to_dicts())


def _facts_as_json(kind: EntityKind, chunk: pl.DataFrame, observed_at: datetime) -> pl.Expr:
    """The whole column of facts written at once: ``{"birth_date":["1950-03-03","public_security","…"],…}``."""
    seen = observed_at.isoformat().replace("+00:00", "Z")
    parts = []
    for attribute in catalogue().entities[kind].base_attributes:
        begin = pl.lit(f'"{attribute.key}":[')
        told = pl.concat_str(
            begin, _value_as_json(chunk, attribute.key), pl.lit(f',"{attribute.department}","{seen}"]')
        )
        companion = attribute.key + UNKNOWN_SUFFIX
        parts.append(pl.when(~pl.col(companion)).then(told) if companion in chunk.columns else told)
    return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("}"))


def _value_as_json(chunk: pl.DataFrame, key: str) -> pl.Expr:
    column, dtype = pl.col(key), chunk.schema[key]
    if dtype == pl.Date:
        column = pl.format('"{}"', column.dt.to_string("%Y-%m-%d"))
    elif dtype == pl.String:
        column = column.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
        column = pl.format('"{}"', column)
    else:
        column = column.cast(pl.String)
    return column.fill_null("null")


def _known(chunk: pl.DataFrame, key: str) -> pl.Expr:
    companion = key + UNKNOWN_SUFFIX
    return pl.when(~pl.col(companion)).then(pl.col(key)) if companion in chunk.columns else pl.col(key)
