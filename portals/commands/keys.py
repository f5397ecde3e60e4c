"""The keys under which personal data lies sealed: a new version, everything sealed anew, an old version given up."""

import importlib

import click

from kernel import audit
from kernel.house import House, open_house
from kernel.resealing import Progress, count_by_version, reseal
from portals.commands.environment import read_settings


def _house() -> House:
    importlib.import_module("portals.tables")
    return open_house(read_settings())


def _close(house: House) -> None:
    house.database.close()
    house.ephemeral.close()


@click.group("keys")
def key_commands() -> None:
    """The keys under which personal data lies sealed (SM4, by version)."""


@key_commands.command("status")
def show_status() -> None:
    """How many values lie under which key version, column by column."""
    house = _house()
    try:
        click.echo(f"active version  {house.vault.active_version}  (held: {house.vault.versions})")
        for name, counts in count_by_version(house.database).items():
            parts = ", ".join(f"version {version}: {count:,}" for version, count in sorted(counts.items()))
            click.echo(f"{name:40} {parts}")
    finally:
        _close(house)


@key_commands.command("rotate")
@click.option(
    "--batch", default=200, show_default=True, type=click.IntRange(1, 5000), help="Values per transaction."
)
def rotate(batch: int) -> None:
    """Make a new key version and seal everything anew under it, while the service runs.

    Running processes seal under the new version within a second and still open the old one. Killed in the middle,
    nothing is lost: `dongchu keys reseal` goes on with what is left.
    """
    house = _house()
    try:
        version = house.vault.rotate()
        with house.database.write() as session:
            audit.record(
                session,
                actor="command",
                action="keys.rotate",
                object_kind="data_key",
                object_id=version,
                now=house.clock.now(),
            )
        click.echo(f"Version {version} is active.")
        _reseal(house, batch)
    finally:
        _close(house)


@key_commands.command("reseal")
@click.option(
    "--batch", default=200, show_default=True, type=click.IntRange(1, 5000), help="Values per transaction."
)
def go_on(batch: int) -> None:
    """Seal under the active version what is not yet: goes on where a rotation was killed. Safe to repeat."""
    house = _house()
    try:
        _reseal(house, batch)
    finally:
        _close(house)


@key_commands.command("retire")
@click.argument("version", type=click.IntRange(1, 255))
def retire(version: int) -> None:
    """Give up an old key VERSION for good. Refuses while anything is still sealed under it.

    Backups keep the keys they were made with. Sign-ins that are half-way may have to begin again.
    """
    house = _house()
    try:
        left = {
            name: counts[version]
            for name, counts in count_by_version(house.database).items()
            if version in counts
        }
        if left:
            raise click.ClickException(
                f"Still sealed under version {version}: {left}. Run: dongchu keys reseal"
            )
        try:
            house.vault.retire(version)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        with house.database.write() as session:
            audit.record(
                session,
                actor="command",
                action="keys.retire",
                object_kind="data_key",
                object_id=version,
                now=house.clock.now(),
            )
        click.echo(f"Version {version} is gone.")
    finally:
        _close(house)


def _reseal(house: House, batch: int) -> None:
    progress = Progress()
    for number, progress in enumerate(reseal(house.database, house.vault, batch=batch)):
        if number % 50 == 0:
            click.echo(f"  {progress.resealed:,} values sealed anew …")
    if progress.broken:
        named = "; ".join(progress.broken[:20])
        raise click.ClickException(f"{len(progress.broken)} values do not open and were left alone: {named}")
    click.echo(f"{progress.resealed:,} values sealed anew under version {house.vault.active_version}.")
