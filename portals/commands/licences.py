"""Licences from the shell: a whole list at once, who may ask for them, and checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
import msgspec
from joserfc.jwk import ECKey
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import portals.tables  # noqa: F401  every table of the house
from kernel.errors import DongchuError
from kernel.house import House, open_house
from licenses import keys, offline
from licenses.batches import BatchRow, issue_batch
from licenses.sharing import consumers
from licenses.uses import check_uses
from portals.commands.environment import read_settings, set_up_logging

_ACTOR = "dongchu licence"
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
    if path.stat().st_size > LARGEST:
        raise click.ClickException("The list is larger than 512 MiB; split it, with a key for each part.")
    try:
        rows = msgspec.json.Decoder(BatchRow).decode_lines(path.read_bytes())
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{path} is not a list of JSON objects, one a line: {error}") from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _house() as house, Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(type_id, total=len(rows))

        def advance(done: int, _total: int) -> None:
            bar.update(task, completed=done)

        result = issue_batch(house, type_id=type_id, key=key, rows=rows, actor=_ACTOR, on_progress=advance)
    for row, why in result.refusals:
        click.echo(f"row {row}: {why}")
    refused = result.done - result.issued - result.unchanged
    click.echo(f"{result.issued} issued, {result.unchanged} unchanged, {refused} refused")


@licence_commands.group("consumer")
def consumer_commands() -> None:
    """Departments' systems and mini-apps that may ask for licences."""


@consumer_commands.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(["department", "mini-app"]), default="department")
def add_consumer(name: str, kind: Literal["department", "mini-app"]) -> None:
    """Register a consumer; its access id and secret are printed once."""
    with _house() as house, house.database.write() as session:
        consumer, secret = consumers.register(session, house, name=name, kind=kind, actor=_ACTOR)
    click.echo(f"access id: {consumer.access_id}\nsecret:    {secret}")


@consumer_commands.command("entitle")
@click.argument("access_id")
@click.argument("type_id", metavar="TYPE")
@click.option("--purpose", required=True, help="What for, in words that the holder reads.")
@click.option("--basis", required=True, help="The legal basis.")
@click.option("--field", "fields", multiple=True, required=True, help="A field id; repeat for more.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; without it there is none.")
def entitle_consumer(
    access_id: str, type_id: str, purpose: str, basis: str, fields: tuple[str, ...], until: datetime | None
) -> None:
    """Let a consumer ask for FIELDS of a TYPE, for one purpose on one legal basis, from today on."""
    with _house() as house, house.database.write() as session:
        consumer = consumers.registered(session, access_id)
        consumers.entitle(
            session,
            house,
            consumer,
            type_id=type_id,
            purpose=purpose,
            basis=basis,
            fields=fields,
            since=house.clock.today(),
            until=None if until is None else until.date(),
            actor=_ACTOR,
        )
    click.echo(f"{consumer.name} may ask for {', '.join(fields)} of {type_id}.")


@consumer_commands.command("end")
@click.argument("access_id")
def end_consumer(access_id: str) -> None:
    """From now on it gets nothing, whatever was granted."""
    with _house() as house, house.database.write() as session:
        consumers.end(session, house, access_id, actor=_ACTOR)
    click.echo("Ended.")


@licence_commands.command("rotate-key")
@click.option(
    "--use",
    type=click.Choice(["credentials", "requests", "root"]),
    default="credentials",
    help="Which key: what signs credentials, requests to wallets, or the certificates of both.",
)
def rotate_key(use: keys.Use) -> None:
    """Publish a new key; it signs from tomorrow on, and the old one stays published for ever.

    A new root stands beside the old one at /licenses/trust/anchor.pem; within an hour of tomorrow the worker has certified
    the other keys by it.
    """
    with _house() as house, house.database.write() as session:
        name = keys.rotate(session, house, use, actor=_ACTOR)
    click.echo(f"{name} is published and signs from tomorrow on.")


@licence_commands.command("check-uses")
def check_record_of_uses() -> None:
    """Check the record of uses against the audit trail: a deleted or edited row is named."""
    with _house() as house, house.database.read() as session:
        findings = check_uses(session)
    if findings:
        raise click.ClickException("; ".join(findings))
    click.echo("The record of uses is whole. Check the trail itself with: dongchu audit verify")


@licence_commands.command("read")
@click.argument("code")
@click.option("--keys", type=click.Path(exists=True, path_type=Path), required=True, help="/licenses/jwks")
def read_offline_code(code: str, keys: Path) -> None:
    """Check an offline code (DC1:…) without a network or a store: with the issuer's keys alone."""
    known = {
        str(one.get("kid")): ECKey.import_key(one) for one in msgspec.json.decode(keys.read_bytes())["keys"]
    }
    reading = offline.read(code, known.get, datetime.now(UTC))
    click.echo(msgspec.json.format(msgspec.json.encode(reading), indent=1).decode())
    if reading.result != "valid":
        raise click.exceptions.Exit(1)


@contextmanager
def _house() -> Iterator[House]:
    set_up_logging()
    house = open_house(read_settings())
    try:
        yield house
    except DongchuError as error:
        raise click.ClickException(error.detail) from error
    finally:
        house.database.close()
        house.ephemeral.close()
