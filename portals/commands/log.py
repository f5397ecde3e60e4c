"""The transparency log from the shell: evidence checked offline, the whole log held against the store, heads anchored."""

from pathlib import Path

import click
import msgspec

from licenses.log.evidence import LARGEST, check
from licenses.log.signing import HeadReader, LogKeys, log_keys

_KEYS_HELP = "The log's keys, as published at /licenses/log/keys. Without them those in the file or the store are used."


@click.group("log")
def log_commands() -> None:
    """The transparency log: licences, their uses, decisions and payments."""


@log_commands.command("verify")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_KEYS_HELP)
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of anchored heads; without it the one that this house writes.",
)
def verify_log(file: Path | None, keys: Path | None, anchors: Path | None) -> None:
    """Check a FILE of evidence, without any store; or, without FILE, the whole log of this store.

    The store is recomputed from its records: each that was deleted, edited or slipped in is named, and every signed and
    every anchored head must be what the records grow to. Exit code 1 when something is wrong.
    """
    trusted = None if keys is None else _keys(keys)
    if file is None:
        _verify_store(trusted, anchors)
    else:
        _verify_file(file, trusted)


def _verify_file(file: Path, trusted: LogKeys | None) -> None:
    if file.stat().st_size > LARGEST:
        raise click.ClickException(f"{file} is larger than any file of evidence ({LARGEST:,} bytes).")
    checked = check(file.read_bytes(), trusted)
    if checked.defects or checked.head is None:
        raise click.ClickException("; ".join(checked.defects))
    head = checked.head
    click.echo(
        f"The record is in the log {head.log}, under the head of {head.size} records signed at {head.at}."
    )
    if checked.is_keyed_by_itself:
        click.echo("note   the keys are those in the file: compare with the log's own (--keys).")


def _verify_store(trusted: LogKeys | None, anchors: Path | None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    import portals.tables  # noqa: F401  every table of the house
    from kernel.house import open_house
    from kernel.transparency.anchors import FileAnchor
    from kernel.transparency.examination import Examination
    from licenses.log.anchoring import anchor_of
    from licenses.log.sources import contradictions
    from portals.commands.environment import read_settings
    from portals.transparency import logged_records

    house = open_house(read_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with house.database.read() as session, Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("log", total=None)
            anchor = anchor_of(house) if anchors is None else FileAnchor(anchors)
            read_head = HeadReader(trusted or log_keys(session))
            found = Examination(logged_records(), read_head, anchor).run(
                session, lambda done, total: bar.update(task, completed=done, total=total)
            )
            findings = [*found.findings, *contradictions(session)]
    finally:
        house.database.close()
        house.ephemeral.close()
    for finding in findings:
        click.echo(f"WRONG  {finding}")
    click.echo(
        f"{found.size} records in the log, {found.waiting} waiting, {found.erased} unlinked; "
        f"{found.heads} signed heads, {found.anchored} anchored."
    )
    if found.adopted:
        click.echo(
            f"note   {found.adopted} records were adopted: the log knows what they say since then, and nothing before."
        )
    if findings:
        raise click.ClickException(
            f"{len(findings)} discrepancies: the records are not as they were written."
        )
    click.echo("The log is whole, and the records are as they were written.")


@log_commands.command("anchor")
def anchor_log() -> None:
    """Anchor the newest head outside the store now; the worker does it every hour."""
    import portals.tables  # noqa: F401
    from kernel.house import open_house
    from licenses.log.anchoring import anchor_newest
    from portals.commands.environment import read_settings

    house = open_house(read_settings())
    try:
        with house.database.write() as session:
            size = anchor_newest(session, house)
    finally:
        house.database.close()
        house.ephemeral.close()
    click.echo("There is nothing new to anchor." if size is None else f"Anchored: {size} records.")


@log_commands.command("adopt")
@click.option("--reason", required=True, help="Why they were not in the log, for the audit trail.")
def adopt_records(reason: str) -> None:
    """Take up records that the log does not know, such as those older than it.

    Each is committed to as it stands now, beside an entry that says it was adopted: nobody can show what it said before.
    Without this command `dongchu log verify` names each of them as slipped in; look at what it names first.
    """
    import portals.tables  # noqa: F401
    from kernel import audit
    from kernel.house import open_house
    from kernel.transparency.adoption import adopt
    from kernel.transparency.sources import unrecorded
    from portals.commands.environment import read_settings
    from portals.transparency import logged_records

    if not reason.strip():
        raise click.ClickException("Say why they were not in the log.")
    house = open_house(read_settings())
    try:
        for source in logged_records():
            with house.database.read() as session:
                unknown = list(unrecorded(session, source))
            count = 0
            for some in unknown:
                with house.database.write(timeout=60) as session:
                    count += adopt(session, source, some, now=house.clock.now())
            if count:
                with house.database.write(timeout=60) as session:
                    audit.record(
                        session,
                        actor="dongchu log adopt",
                        action="log.adopted",
                        object_kind="log",
                        object_id=source.kind,
                        detail={"count": count, "reason": reason.strip()[:500]},
                        now=house.clock.now(),
                    )
            click.echo(f"{source.kind}: {count} adopted")
    finally:
        house.database.close()
        house.ephemeral.close()


def _keys(path: Path) -> LogKeys:
    try:
        return msgspec.json.decode(path.read_bytes(), type=LogKeys)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{path} holds no keys of a log: {error}") from None
