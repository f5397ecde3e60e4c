"""Files of facts from the shell: a department's million rows, with a bar; killed, the same command goes on."""

import importlib
from datetime import date, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kernel.errors import DongchuError
from kernel.house import House, open_house
from kernel.migrations import migrate
from policy_engine.profiles.files import service
from policy_engine.profiles.files.loading import Loading
from policy_engine.profiles.files.service import FileView
from portals.commands.environment import read_settings


@click.group("facts")
def facts_commands() -> None:
    """Facts that departments hand in as files."""


@facts_commands.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--source", required=True, help="Whose word it is, as the catalogue names it: human_resources, housing, …"
)
@click.option(
    "--observed-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day as of which the file is true; today by default. A column 数据日期 says it row by row.",
)
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Write the rejects there (CSV)."
)
def load_file(file: Path, source: str, observed_on: datetime | None, rejects: Path | None) -> None:
    """Take a CSV or Parquet FILE of facts into the store.

    The first line names the columns: 身份证号 (or 统一社会信用代码), then attributes by their word or id in the
    catalogue, e.g. 失业保险缴费月数 or household.owned_area; 生效日期 and 失效日期 if they differ row by row. Money in
    yuan, ratios in per cent, dates as 2026-11-23; an empty cell says nothing, 无 says that there is none.

    A row is taken whole or not at all. The same file again changes nothing; interrupted, the same command goes on.
    """
    house = _open()
    try:
        taken = _load(house, file, source, observed_on.date() if observed_on else house.clock.today())
        if rejects is not None:
            with house.database.read() as session, rejects.open("w", encoding="utf-8", newline="") as out:
                out.writelines(service.rejects_csv(session, house.vault, taken.id))
    except DongchuError as problem:
        told = "\n".join(f"  {one.where}: {one.what} {one.mend}".rstrip() for one in problem.errors)
        raise click.ClickException(f"{problem.detail}\n{told}".rstrip()) from problem
    except KeyboardInterrupt:
        raise click.ClickException("Interrupted. The same command goes on where it stopped.") from None
    finally:
        house.database.close()
    _tell(taken)
    if taken.state == "failed":
        raise SystemExit(1)


@facts_commands.command("files")
def list_files() -> None:
    """The latest files and how far they got."""
    house = _open()
    with house.database.read() as session:
        found = service.latest(session)
    house.database.close()
    for one in found:
        click.echo(f"{one.id}  {one.registered_at:%Y-%m-%d %H:%M}  {one.source}  {one.name}")
        _tell(one, indent="  ")


def _load(house: House, path: Path, source: str, observed_on: date) -> FileView:
    now = house.clock.now()
    with house.database.write() as session:
        known = service.register(
            session,
            path,
            source=source,
            name=path.name,
            observed_on=observed_on,
            today=house.clock.today(),
            by=None,
            now=now,
        )
    loading = Loading(house.database, house.vault, house.clock, path, known.id)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(path.name, total=known.size, completed=known.bytes_done)
        loading.run(progress=lambda done, size: bar.update(task, completed=done, total=size))
    with house.database.read() as session:
        return service.view(session, known.id)


def _tell(one: FileView, indent: str = "") -> None:
    facts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(one.facts.items())) or "none"
    click.echo(f"{indent}{one.state}: {one.rows_done:,} rows, {one.rejected:,} rejected; facts: {facts}")
    if one.problem:
        click.echo(f"{indent}{one.problem}")


def _open() -> House:
    house = open_house(read_settings())
    importlib.import_module("portals.tables")
    migrate(house.database)
    return house
