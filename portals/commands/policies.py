"""Policy documents from the shell: checked as an upload is, their cases run."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from policy_engine.catalogue import Standing, catalogue
from policy_engine.policies.cases import load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.dependencies import StatusLoop
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hints import hints_for
from policy_engine.policies.library import library
from policy_engine.policies.loading import LoadedDocument, load_document
from policy_engine.policies.problems import DocumentRefused, Problem
from policy_engine.policies.published import publish_documents
from portals.commands.simulating import simulate_command

LARGEST = 1_000_000


@click.group("policy")
def policy_commands() -> None:
    """Policy documents."""


policy_commands.add_command(simulate_command)


@policy_commands.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check_policies(path: Path) -> None:
    """Check a document, or every document in a folder, and run the cases beside it. Problems name their line.

    Each may stand on the statuses of the others, and of the library that comes with the system.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*.yaml"))
    documents = [one for one in files if not one.name.endswith(".cases.yaml")]
    if not documents:
        raise click.ClickException(f"No policy documents (*.yaml) in {path}")
    read = [(one, _read(one)) for one in documents]
    beside = {one.document.id: one.document for one in library()}
    beside |= {loaded.document.id: loaded.document for _, loaded in read if loaded is not None}
    failures = sum(loaded is None or not _is_sound(one, loaded, beside) for one, loaded in read)
    if failures:
        raise click.ClickException(
            f"{failures} of {len(documents)} documents cannot be published as they are."
        )
    click.echo(f"{len(documents)} documents are in order.")


def _read(path: Path) -> LoadedDocument | None:
    try:
        return load_document(path.read_bytes())
    except DocumentRefused as refused:
        _tell(path, refused.problems)
        return None


def _is_sound(path: Path, loaded: LoadedDocument, beside: Mapping[str, PolicyDocument]) -> bool:
    """Checked beside the other documents read and the library, on whose statuses it may stand."""
    others: list[tuple[PolicyDocument, Standing]] = [
        (one, "official") for id, one in beside.items() if id != loaded.document.id
    ]
    try:
        published = publish_documents(others)
        problems = check_document(loaded.document, catalogue(), published, source=loaded.source)
        if problems:
            raise DocumentRefused(problems)
        cases_path = path.with_suffix(".cases.yaml")
        if not cases_path.exists():
            click.echo(f"{path}: no cases beside it ({cases_path.name})")
            return False
        cases = load_cases(cases_path.read_bytes(), loaded.document, published.statuses)
        outcomes = run_cases(loaded.document, cases, published.statuses)
    except StatusLoop as loop:
        click.echo(f"{path}: statuses stand on one another in a ring: {loop}")
        return False
    except DocumentRefused as refused:
        _tell(path, refused.problems)
        return False
    for hint in hints_for(loaded.document, source=loaded.source):
        click.echo(f"{path}:{hint.line}: hint: {hint.where}: {hint.reason}；{hint.mend}")
    for outcome in outcomes:
        if not outcome.is_passed:
            click.echo(f"{path}: case “{outcome.name}”: {outcome.difference}")
    return all(outcome.is_passed for outcome in outcomes)


def _tell(path: Path, problems: Iterable[Problem]) -> None:
    for problem in problems:
        click.echo(f"{path}:{problem.line}: {problem.where}: {problem.reason}；{problem.mend}")
