"""Every command of delivery is walked by ``test_invariants``, or excused here by name with the reason."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from policy_engine.delivery import service
from tests.policy_engine.delivery import commands, stories, surroundings
from tests.policy_engine.delivery.surroundings import Surroundings

EXCUSED = {
    # Asks, and changes nothing.
    "choices_for": "reads: the accounts that a page offers",
    "preview": "reads: what closing a year would do",
    "defects": "reads: asked after every step of a walk",
    "award_for_seat": "a lock and a look: the first lines of every command on an award",
    "hand_on_problem": "reads: whether a seat may be given a claim",
    "check_may_act": "reads: the first lines of every act",
    "why_not": "reads: the words for it",
    "find_relation": "reads: who somebody is to a subject",
    "require_relation": "reads: the same, or refuses",
    "subjects_of": "reads: for whom somebody may look",
    # A part of commands that are walked.
    "act": "what act_on_claim and decide_batch do once it is known that the seat may",
    "listen": "reads: a recording of somebody's agreement",
    "log": "writes history and trail",
    "log_seat": "writes the history of a seat's act",
    "record_act": "writes an act down",
    "set_aside": "what undo_overpayment and undo_death do once their rows are locked",
    "suspend_for_death": "what stop_for_deaths does of the first word",
    "reserve_waiting": "the worker does it (payment.serve_waiting), which every walk runs",
}


def test_every_command_is_walked_or_excused() -> None:
    known = set(_commands())
    walked = {one for module in (commands, surroundings, stories) for one in _named_in(module)}
    assert known - walked - set(EXCUSED) == set(), "neither walked nor excused"
    assert set(EXCUSED) <= known - walked, "excused for nothing"


def test_every_command_of_the_walk_is_given() -> None:
    """A method that no group names is never drawn."""
    makes = {
        name
        for name, method in inspect.getmembers(Surroundings, inspect.isfunction)
        if not name.startswith("_")
        and list(inspect.signature(method).parameters) == ["self", "place", "choice"]
    }
    assert makes == set(commands.NAMES) | {"let_time_pass"}


def _commands() -> Iterator[str]:
    """What other packages are given, and whatever else a person does in a transaction at a moment."""
    for name in service.__all__:
        if inspect.isfunction(one := getattr(service, name)):
            yield one.__name__
    home = Path(service.__file__).parent
    for path in home.rglob("*.py"):
        if path.relative_to(home).parts[0] == "views":
            continue  # reads for pages
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                asked = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
                if asked >= {"session", "principal", "now"} or asked >= {"session", "vault", "claim_id"}:
                    yield node.name


def _named_in(module: ModuleType) -> Iterator[str]:
    """The functions of delivery that its code speaks of (``means.open_check``, or by their own name)."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        one: object = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            base = getattr(module, node.value.id, None)
            one = getattr(base, node.attr, None) if inspect.ismodule(base) else None
        elif isinstance(node, ast.Name):
            one = getattr(module, node.id, None)
        if inspect.isfunction(one) and one.__module__.startswith("policy_engine.delivery"):
            yield one.__name__
