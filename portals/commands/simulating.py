"""``dongchu policy simulate``: a draft against the documents in force, over a generated city."""

import re
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from policy_engine.catalogue import catalogue
from policy_engine.compile import NotLowerable
from policy_engine.matching.simulation import Change, Simulation, age_band, simulate
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.library import FOLDER, library
from policy_engine.policies.loading import load_document
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.snapshot import from_directory

_CHANGE = re.compile(r"(?P<name>[^=]+)=(?P<percent>[+-]?\d{1,3}(?:\.\d)?)%")
_MOST_PERMILLE = 9_000


@click.command("simulate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--city", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--policies",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    help="What is in force: a folder of documents. Without it, the library.",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day; without it, the city's own.")
@click.option(
    "--what-if", "changes", multiple=True, metavar="NAME=+10%", help="Raise or lower a dated standard."
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object instead of tables.")
def simulate_command(
    file: Path, city: Path, policies: Path, as_of: datetime | None, changes: tuple[str, ...], is_json: bool
) -> None:
    """Who would gain, lose and stay if FILE were published for everybody, and what it would cost.

    FILE is compared with the document of the same id among --policies, if there is one. Nothing is written.
    """
    snapshot = from_directory(city)
    day = as_of.date() if as_of is not None else snapshot.as_of
    known = {one.document.id: one.document for one in library(policies)}
    present = publish_documents([(one, standing_of(one, catalogue())) for one in known.values()])
    try:
        loaded = load_document(file.read_bytes())
        problems = check_document(loaded.document, catalogue(), present, source=loaded.source)
        if problems:
            raise DocumentRefused(problems)
    except DocumentRefused as refused:
        for problem in refused.problems:
            click.echo(f"{file}:{problem.line}: {problem.where}: {problem.reason}；{problem.mend}", err=True)
        raise click.ClickException(f"{file} cannot be published as it is.") from refused
    draft = loaded.document
    documents = {**known, draft.id: draft}
    proposed = publish_documents([(one, standing_of(one, catalogue())) for one in documents.values()])
    standards = dict(_standard_change(one) for one in changes)
    try:
        found = simulate(snapshot, present, proposed, draft, as_of=day, standards=standards)
    except KeyError as unknown:
        names = "、".join(one.name for one in catalogue().parameters.values())
        raise click.BadParameter(f"no dated standard is called {unknown}; there are {names}") from unknown
    except NotLowerable as reason:
        raise click.ClickException(f"{file} cannot be matched over a whole city: {reason}") from reason
    if is_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)


def _standard_change(text: str) -> tuple[str, int]:
    """A name and its change in per mille."""
    given = _CHANGE.fullmatch(text.strip())
    permille = round(float(given["percent"]) * 10) if given else None
    if given is None or permille is None or not -1000 <= permille <= _MOST_PERMILLE:
        raise click.BadParameter(f"{text!r} is not of the form NAME=+10% (from -100% to +900%)")
    return given["name"].strip(), permille


def _print(found: Simulation) -> None:
    console = Console()
    console.print(f"{found.title} ({found.policy_id}) · {found.as_of} · of {found.population:,}")
    sides = Table("", "eligible", "unknown", "yuan a period", "yuan a year", "held back by limits", "defects")
    for name, side in (("in force", found.before), ("draft", found.after)):
        version = "—" if side.version is None else f"version {side.version}"
        sides.add_row(
            f"{name}: {version}",
            f"{side.eligible:,}",
            f"{side.unknown:,}",
            f"{side.cost_fen / 100:,.0f}",
            f"{side.yearly_fen / 100:,.0f}",
            f"{side.held_back_fen / 100:,.0f}",
            str(side.defects),
        )
    console.print(sides)
    moves = Table("", "gain", "lose", "stay", "of them more", "of them less", "yuan before", "yuan after")
    _add(moves, "everybody", found.whole)
    for one in found.divisions:
        division = catalogue().divisions.get(one.key)
        _add(moves, division.name if division is not None else one.key or "nowhere known", one)
    for one in found.ages:
        first, last = age_band(one.key)
        _add(moves, f"aged {first} and over" if last is None else f"aged {first} to {last}", one)
    console.print(moves)
    for overlap in found.overlaps:
        console.print(f"{overlap.subjects:,} of them fit {overlap.title} ({overlap.policy_id}) too")


def _add(table: Table, name: str, one: Change) -> None:
    counts = (one.gains, one.loses, one.stays, one.raised, one.lowered)
    costs = (one.cost_before_fen, one.cost_after_fen)
    table.add_row(name, *(f"{count:,}" for count in counts), *(f"{cost / 100:,.0f}" for cost in costs))
