"""Licences from the shell: a whole list at once."""

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import portals.tables  # noqa: F401  every table of the house
from kernel.errors import DongchuError
from kernel.house import open_house
from licenses.batches import BatchRow, issue_batch
from portals.commands.environment import read_settings, set_up_logging

LARGEST = 512 * 1024 * 1024


@click.group("licence")
def licence_commands() -> None:
    """E-licences."""


@licence_commands.command("issue")
@click.argument("type_id", metavar="TYPE")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, help="Names this list for ever: the same key never issues twice.")
def issue_list(type_id: str, path: Path, key: str) -> None:
    """Issue a TYPE of licence to everyone on a list: one JSON object a line, {"identifier": …, "fields": {…}}.

    Interrupted, the same command goes on where it stopped. Refused rows are printed with their number and reason.
    """
    set_up_logging()
    if path.stat().st_size > LARGEST:
        raise click.ClickException("The list is larger than 512 MiB; split it, with a key for each part.")
    try:
        rows = msgspec.json.Decoder(BatchRow).decode_lines(path.read_bytes())
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{path} is not a list of JSON objects, one a line: {error}") from error
    house = open_house(read_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(type_id, total=len(rows))

            def advance(done: int, _total: int) -> None:
                bar.update(task, completed=done)

            result = issue_batch(
                house, type_id=type_id, key=key, rows=rows, actor="dongchu licence issue", on_progress=advance
            )
    except DongchuError as error:
        raise click.ClickException(error.detail) from error
    finally:
        house.database.close()
        house.ephemeral.close()
    for row, why in result.refusals:
        click.echo(f"row {row}: {why}")
    refused = result.done - result.issued - result.unchanged
    click.echo(f"{result.issued} issued, {result.unchanged} unchanged, {refused} refused")
