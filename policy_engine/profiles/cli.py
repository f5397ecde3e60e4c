"""``dongchu city …``: make a fictional city. The composition root mounts ``city_commands``."""

from datetime import date, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kernel.clock import SystemClock
from policy_engine.profiles.city import generate


@click.group("city")
def city_commands() -> None:
    """Fictional residents and firms in Huangshi's proportions, for demonstrations, tests and benchmarks."""


@city_commands.command("generate")
@click.option("--residents", type=click.IntRange(100, 20_000_000), default=20_000, show_default=True)
@click.option("--firms", type=click.IntRange(1, 5_000_000), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same city.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which ages and dates are true; today by default.",
)
def generate_city(residents: int, firms: int, seed: int, out: Path, as_of: datetime | None) -> None:
    """Write a city as Parquet files into the folder OUT.

    No resident can exist: identity numbers stand under a division code never assigned, telephones begin with 100,
    names are invented. 2.5 million residents and 250 thousand firms take less than a minute.
    """
    day: date = as_of.date() if as_of else SystemClock().today()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        written = generate(
            residents,
            firms,
            seed,
            out,
            as_of=day,
            progress=lambda doing, share: bar.update(task, description=doing, completed=share),
        )
    for name, rows in written.rows.items():
        click.echo(f"{out / name}.parquet  {rows:,}")
