"""Matching a whole city from the shell: Parquet in, Parquet and one line of JSON out."""

import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click
import msgspec
import polars as pl

from policy_engine.catalogue import catalogue
from policy_engine.compile import NotLowerable
from policy_engine.matching import distributed
from policy_engine.matching.bulk import BulkResult, City, match_city
from policy_engine.matching.reference import match_by_reference
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.library import FOLDER
from policy_engine.policies.loading import load_document
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.layout import FRAME_NAMES, frame_types
from policy_engine.profiles.snapshot import Snapshot, from_directory

ENGINES = ("polars", "clickhouse", "reference")


class Seconds(msgspec.Struct):
    """``derive``: columns made ready; ``match``: verdicts and amounts."""

    load: float = 0.0
    derive: float = 0.0
    match: float = 0.0
    write: float = 0.0


class Summary(msgspec.Struct, kw_only=True):
    """The last line printed."""

    residents: int
    firms: int
    policies: int
    eligible: int
    unknown: int
    amount_fen: int
    seconds: Seconds
    peak_rss_mib: int


@click.command("match")
@click.option("--city", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--policies", type=click.Path(exists=True, file_okay=False, path_type=Path), default=FOLDER)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--policy", "names", multiple=True, help="Only this policy id; may be repeated.")
@click.option("--engine", type=click.Choice(ENGINES), default="polars", show_default=True)
@click.option("--unknown", "has_unknown", is_flag=True, help="Also write unknown.parquet.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--json", "is_json", is_flag=True, help="Nothing but the JSON line.")
def match(
    city: Path,
    policies: Path,
    as_of: datetime,
    names: tuple[str, ...],
    engine: str,
    has_unknown: bool,
    out: Path,
    is_json: bool,
) -> None:
    """Match every resident and firm of a generated city against a folder of policy documents.

    Writes OUT/matches.parquet (policy_id, subject_id, unit_id, amount_fen; amounts of statuses are null) and, with
    --unknown, OUT/unknown.parquet. The last line printed is one JSON object.
    """
    seconds = Seconds()
    with _timed(seconds, "load"):
        snapshot, published = _city(city), _published(policies)
    missing = sorted(set(names) - published.documents.keys())
    if missing:
        raise click.BadParameter(
            f"no policy in {policies} is called {', '.join(missing)}", param_hint="--policy"
        )
    found = _match(city, snapshot, published, as_of.date(), names, engine, seconds)
    with _timed(seconds, "write"):
        _write(out, found, has_unknown=has_unknown)
    if not is_json:
        counts = found.eligible.group_by("policy_id").len().sort("policy_id")
        for policy_id, count in counts.iter_rows():
            click.echo(f"{count:>10,}  {policy_id}")
    summary = Summary(
        residents=snapshot.frames["person"].height,
        firms=snapshot.frames["firm"].height,
        policies=len(names or published.documents),
        eligible=found.eligible.height,
        unknown=found.unknown_count,
        amount_fen=int(found.eligible["amount_fen"].sum() or 0),
        seconds=seconds,
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )
    click.echo(msgspec.json.encode(summary).decode())


def _city(directory: Path) -> Snapshot:
    try:
        snapshot = from_directory(directory)
    except FileNotFoundError as error:
        wanted = ", ".join(f"{name}.parquet" for name in FRAME_NAMES.values())
        raise click.BadParameter(
            f"{directory} is no generated city: {error.filename} is missing (there should be city.json, {wanted})",
            param_hint="--city",
        ) from error
    except (pl.exceptions.PolarsError, msgspec.MsgspecError, OSError) as error:
        raise click.BadParameter(f"{directory} cannot be read: {error}", param_hint="--city") from error
    for kind, frame in snapshot.frames.items():
        expected = {
            "subject_id": pl.Int64(),
            "owner_id": pl.Int64(),
            **frame_types(catalogue().entities[kind]),
        }
        wrong = [name for name, dtype in expected.items() if frame.schema.get(name) != dtype]
        if wrong:
            raise click.BadParameter(
                f"{FRAME_NAMES[kind]}.parquet in {directory} lacks columns, or has them of another type: "
                f"{', '.join(wrong)}. Generate the city anew.",
                param_hint="--city",
            )
    return snapshot


def _published(folder: Path) -> PublishedSet:
    """Every document in the folder, however deep, checked as an upload is. Cases are not needed."""
    files = [one for one in sorted(folder.rglob("*.yaml")) if not one.name.endswith(".cases.yaml")]
    if not files:
        raise click.BadParameter(
            f"there are no policy documents (*.yaml) in {folder}", param_hint="--policies"
        )
    documents = []
    for file in files:
        try:
            documents.append((file, load_document(file.read_bytes())))
        except DocumentRefused as refused:
            raise _refused(file, refused) from refused
    try:
        rows = [(loaded.document, standing_of(loaded.document, catalogue())) for _, loaded in documents]
        published = publish_documents(rows)
    except ValueError as ring:
        raise click.BadParameter(str(ring), param_hint="--policies") from ring
    for file, loaded in documents:
        problems = check_document(loaded.document, catalogue(), published, source=loaded.source)
        if problems:
            raise _refused(file, DocumentRefused(problems))
    return published


def _refused(file: Path, refused: DocumentRefused) -> click.BadParameter:
    lines = [f"{file}:{one.line}: {one.where}: {one.reason}；{one.mend}" for one in refused.problems]
    return click.BadParameter("\n".join(lines), param_hint="--policies")


def _match(
    directory: Path,
    snapshot: Snapshot,
    published: PublishedSet,
    as_of: date,
    names: tuple[str, ...],
    engine: str,
    seconds: Seconds,
) -> BulkResult:
    if engine == "reference":
        with _timed(seconds, "match"):
            return match_by_reference(snapshot, published, as_of, policies=names or None)
    if engine == "clickhouse":
        try:
            with _timed(seconds, "match"):
                return distributed.match_city(directory, published, as_of, policies=names or None)
        except ImportError as error:
            raise click.ClickException(
                "the clickhouse engine needs chDB, which comes with what the tests need (make test)"
            ) from error
        except NotLowerable as reason:
            raise click.ClickException(f"not to be matched over a whole city: {reason}") from reason
    ready = City(snapshot, as_of, published)
    with _timed(seconds, "derive"):
        ready.derive(one.document for one in published.effective_on(as_of))
    try:
        with _timed(seconds, "match"):
            return match_city(snapshot, published, as_of, policies=names or None, city=ready)
    except NotLowerable as reason:
        raise click.ClickException(f"not to be matched over a whole city: {reason}") from reason


def _write(out: Path, found: BulkResult, *, has_unknown: bool) -> None:
    """Both files, or none: written beside the place and moved there whole."""
    out.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".match-", dir=out))
    try:
        found.eligible.cast({"policy_id": pl.String}).write_parquet(part / "matches.parquet")
        if has_unknown:
            found.unknown.cast({"policy_id": pl.String}).write_parquet(part / "unknown.parquet")
        for file in sorted(part.iterdir()):
            file.replace(out / file.name)
    finally:
        shutil.rmtree(part)


@contextmanager
def _timed(seconds: Seconds, name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        setattr(seconds, name, round(time.perf_counter() - started, 4))
