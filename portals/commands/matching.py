"""Matching a whole city from the shell: Parquet in, Parquet and one line of JSON out."""

import resource
import time
from datetime import datetime
from pathlib import Path

import click
import msgspec
import polars as pl

from policy_engine.catalogue import catalogue
from policy_engine.matching.bulk import match_city
from policy_engine.policies.checking import standing_of
from policy_engine.policies.library import FOLDER, library
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.snapshot import from_directory


@click.command("match")
@click.option("--city", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--policies", type=click.Path(exists=True, file_okay=False, path_type=Path), default=FOLDER)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--policy", "names", multiple=True, help="Only this policy id; may be repeated.")
@click.option("--unknown", "has_unknown", is_flag=True, help="Also write unknown.parquet.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def match(
    city: Path, policies: Path, as_of: datetime, names: tuple[str, ...], has_unknown: bool, out: Path
) -> None:
    """Match every resident and firm of a generated city against a folder of policy documents.

    Writes OUT/matches.parquet (policy_id, subject_id, unit_id, amount_fen). The last line printed is one JSON object.
    """
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    snapshot = from_directory(city)
    documents = [entry.document for entry in library(policies)]
    published = publish_documents([(one, standing_of(one, catalogue())) for one in documents])
    loaded = time.perf_counter()
    found = match_city(snapshot, published, as_of.date(), policies=names or None)
    matched = time.perf_counter()
    found.eligible.write_parquet(out / "matches.parquet")
    if has_unknown:
        found.unknown.write_parquet(out / "unknown.parquet")
    written = time.perf_counter()
    summary = {
        "residents": snapshot.frames["person"].height,
        "firms": snapshot.frames["firm"].height,
        "policies": len(names or documents),
        "eligible": found.eligible.height,
        "unknown": found.unknown.height,
        "amount_fen": int(found.eligible.select(pl.col("amount_fen").sum()).item()),
        "seconds": {"load": loaded - started, "match": matched - loaded, "write": written - matched},
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    click.echo(msgspec.json.encode(summary).decode())
