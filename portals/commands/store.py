"""Looking after the store: migrations, backup and restore, the audit chain."""

import importlib
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

import click

from kernel.audit import seal_chain, verify_chain
from kernel.audit_head import FILE as AUDIT_HEAD
from kernel.audit_head import HeadBroken, known_head, remember_head
from kernel.house import open_house
from kernel.migrations import is_current, migrate, write_migration
from portals.commands.environment import read_settings
from portals.server import AlreadyRunning, only_one

DATABASES = ("dongchu.db", "simulators.db")
KEPT_FOLDERS = ("keys",)


@click.command("migrate")
@click.option("--write", metavar="NAME", help="For developers: write the next migration (0002_what_it_does).")
def migrate_store(write: str | None) -> None:
    """Bring the store to the newest version. Safe to repeat."""
    house = open_house(read_settings())
    if write:
        importlib.import_module("portals.tables")
        migrate(house.database)
        write_migration(house.database, write)
        return
    was_current = is_current(house.database)
    migrate(house.database)
    house.database.close()
    click.echo(
        "The store is at the newest version."
        if was_current
        else "The store was brought to the newest version."
    )


@click.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
def backup(archive: Path) -> None:
    """Write the embedded store and its keys to ARCHIVE (.tar.gz), while the service runs.

    ARCHIVE holds the keys: keep it where the keys may be. PostgreSQL is backed up with its own tools.
    """
    settings = read_settings()
    if not settings.is_embedded:
        raise click.ClickException(
            "This store is PostgreSQL: use pg_dump, and copy the keys folder beside it."
        )
    if archive.exists():
        raise click.ClickException(f"{archive} exists already; choose another name.")
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive, "x:gz") as tar:
        if (settings.home / AUDIT_HEAD).exists():  # before the store, whose copy may be newer but never older
            tar.add(settings.home / AUDIT_HEAD, AUDIT_HEAD)
        for name in DATABASES:
            if (settings.home / name).exists():
                _copy_consistently(settings.home / name, Path(scratch) / name)
                tar.add(Path(scratch) / name, name)
        for folder in KEPT_FOLDERS:
            tar.add(settings.home / folder, folder)
    archive.chmod(0o600)
    click.echo(f"Written: {archive} ({archive.stat().st_size / 1_000_000:.1f} MB)")


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(archive: Path) -> None:
    """Put ARCHIVE into an empty DONGCHU_HOME. Nothing that is there is ever overwritten."""
    settings = read_settings()
    try:
        with only_one(settings.home):
            present = [
                name for name in (*DATABASES, *KEPT_FOLDERS, AUDIT_HEAD) if (settings.home / name).exists()
            ]
            if present:
                raise click.ClickException(
                    f"{settings.home} is not empty ({', '.join(present)}); choose another home."
                )
            with tarfile.open(archive) as tar:
                tar.extractall(settings.home, filter="data")
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Restored to {settings.home}. Start with: dongchu run")


@click.group("audit")
def audit_commands() -> None:
    """The audit trail."""


@audit_commands.command("verify")
def verify_audit() -> None:
    """Chain what is new and check the whole chain: a changed, moved or deleted row is named.

    Rows deleted from the end are missed by what is remembered of the chain outside the store (audit-head.json).
    """
    house = open_house(read_settings())
    home = house.settings.home
    with house.database.write() as session:
        while seal_chain(session, house.vault):
            pass
    try:
        with house.database.read() as session:
            remember_head(session, home, house.vault)
            findings = verify_chain(session, house.vault, known_head(home, house.vault))
    except HeadBroken as error:
        raise click.ClickException(str(error)) from error
    finally:
        house.database.close()
    if findings:
        raise click.ClickException("; ".join(findings))
    click.echo("The audit chain is whole.")


def _copy_consistently(source: Path, target: Path) -> None:
    """SQLite's own online backup: a consistent copy beside running writers."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    shutil.copymode(source, target)
