"""Policy documents from the shell: checked as an upload is, their cases run."""

from pathlib import Path

import click

from policy_engine.catalogue import catalogue
from policy_engine.policies.cases import load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.loading import load_document
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import NOTHING
from portals.commands.simulating import simulate_command

LARGEST = 1_000_000


@click.group("policy")
def policy_commands() -> None:
    """Policy documents."""


policy_commands.add_command(simulate_command)


@policy_commands.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check_policies(path: Path) -> None:
    """Check a document, or every document in a folder, and run the cases beside it. Problems name their line."""
    files = [path] if path.is_file() else sorted(path.rglob("*.yaml"))
    documents = [one for one in files if not one.name.endswith(".cases.yaml")]
    if not documents:
        raise click.ClickException(f"No policy documents (*.yaml) in {path}")
    failures = sum(not _check(one) for one in documents)
    if failures:
        raise click.ClickException(
            f"{failures} of {len(documents)} documents cannot be published as they are."
        )
    click.echo(f"{len(documents)} documents are in order.")


def _check(path: Path) -> bool:
    try:
        loaded = load_document(path.read_bytes())
        problems = check_document(loaded.document, catalogue(), NOTHING, source=loaded.source)
        if problems:
            raise DocumentRefused(problems)
        cases_path = path.with_suffix(".cases.yaml")
        if not cases_path.exists():
            click.echo(f"{path}: no cases beside it ({cases_path.name})")
            return False
        outcomes = run_cases(loaded.document, load_cases(cases_path.read_bytes(), loaded.document))
    except DocumentRefused as refused:
        for problem in refused.problems:
            click.echo(f"{path}:{problem.line}: {problem.where}: {problem.reason}；{problem.mend}")
        return False
    for outcome in outcomes:
        if not outcome.is_passed:
            click.echo(f"{path}: case “{outcome.name}”: {outcome.difference}")
    return all(outcome.is_passed for outcome in outcomes)
