"""Decision records from the shell: checked offline, without any store."""

from pathlib import Path
from typing import Any

import click
import msgspec

from policy_engine.decisions.verification import Finding, verify

LARGEST = 5_000_000


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


@click.group("decision")
def decision_commands() -> None:
    """Signed records of offers and decisions."""


@decision_commands.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The issuer's JWKS, as published at /licenses/jwks. Without it the key in the file is used.",
)
def verify_record(file: Path, keys: Path | None) -> None:
    """Check a downloaded decision record: signature, values, rules, verdict and amount, by evaluating again.

    Needs no database and no network. Every discrepancy is named; exit code 1 when there is one.
    """
    if file.stat().st_size > LARGEST:
        raise click.ClickException(f"{file} is larger than any decision record ({LARGEST:,} bytes).")
    findings = verify(file.read_bytes(), None if keys is None else _trusted(keys))
    wrong = [one for one in findings if not one.is_note]
    for one in wrong:
        click.echo(f"WRONG  {_line(one)}")
    for one in findings:
        if one.is_note:
            click.echo(f"note   {_line(one)}")
    if wrong:
        raise click.ClickException(f"{len(wrong)} discrepancies: do not rely on this record.")
    click.echo("The record is genuine, and the rule says what it says.")


def _line(one: Finding) -> str:
    return f"{one.where}: says {one.says}; {one.found}"


def _trusted(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_KeySet)
        return {str(key["kid"]): key for key in found.keys}
    except (msgspec.DecodeError, KeyError) as error:
        raise click.ClickException(f"{path} is no JWKS: {error}") from None
