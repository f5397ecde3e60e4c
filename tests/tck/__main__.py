"""``python -m tests.tck DIR``: passed and failed for each case of a checkout of the kit, and totals of each level."""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policy_engine.language.effort import TooMuchWork, limited
from policy_engine.language.evaluation import clock
from tests.tck.documents import Element, RefusedDocument, child, children, read, text
from tests.tck.models import Model, load
from tests.tck.values import is_expected, shown, value_in

LEVELS = ("compliance-level-2", "compliance-level-3")


def main(arguments: list[str]) -> int:
    options = [one for one in arguments if one.startswith("-")]
    places = [one for one in arguments if not one.startswith("-")]
    if len(places) != 1 or not (cases := _cases_in(Path(places[0]))).is_dir():
        print("Usage: make tck TCK=DIR, where DIR is a checkout of github.com/dmn-tck/tck", file=sys.stderr)
        return 2
    failed = 0
    for level in LEVELS:
        failed += _run_level(cases / level, is_verbose="-v" in options)
    return 1 if failed else 0


def _cases_in(place: Path) -> Path:
    return place / "TestCases" if (place / "TestCases").is_dir() else place


def _run_level(level: Path, *, is_verbose: bool) -> int:
    """Prints one line a case and the totals, of all results and of those that literal expressions give."""
    total: Counter[str] = Counter()
    for folder in sorted(one for one in level.glob("*") if one.is_dir()):
        counts: Counter[str] = Counter()
        for outcome in _run_case(folder):
            counts["passed" if outcome.problem is None else "failed"] += 1
            if outcome.is_literal:
                counts["literal passed" if outcome.problem is None else "literal failed"] += 1
            if is_verbose and outcome.problem is not None:
                print(f"    {outcome.name}: {outcome.problem}")
        total += counts
        print(f"{level.name}/{folder.name}: {counts['passed']} passed, {counts['failed']} failed")
    print(f"{level.name}: {_share(total, '')}; literal expressions {_share(total, 'literal ')}")
    return total["failed"]


def _share(counts: Counter[str], prefix: str) -> str:
    passed, failed = counts[f"{prefix}passed"], counts[f"{prefix}failed"]
    share = 100 * passed / (passed + failed) if passed + failed else 100.0
    return f"{passed} of {passed + failed} passed ({share:.2f} %)"


class Outcome:
    def __init__(self, name: str, problem: str | None, *, is_literal: bool) -> None:
        self.name = name
        self.problem = problem
        self.is_literal = is_literal


def _run_case(folder: Path) -> Iterator[Outcome]:
    for file in sorted(folder.glob("*.xml")):
        try:
            suite = read(file)
            model = load(folder / text(suite, "modelName"), clock(datetime.now(UTC)))
        except (RefusedDocument, OSError) as error:
            yield Outcome(file.name, str(error), is_literal=False)
            continue
        for case in children(suite, "testCase"):
            yield from _outcomes(model, case)


def _outcomes(model: Model, case: Element) -> Iterator[Outcome]:
    inputs = {one.get("name", "").strip(): value_in(one) for one in children(case, "inputNode")}
    for node in children(case, "resultNode"):
        name = node.get("name", "")
        invoked = case.get("invocableName") or name
        is_called = case.get("type") in ("decisionService", "bkm")
        element = model.by_name.get((invoked if is_called else name).strip())
        found = _found(model, invoked if is_called else name, inputs)
        if is_called and isinstance(found, dict) and name in found:
            found = found[name]
        expected = value_in(child(node, "expected"))
        is_right = found is None if node.get("errorResult") == "true" else is_expected(found, expected)
        problem = None if is_right else f"expected {shown(expected)}, found {shown(found)}"
        is_literal = element is not None and child(element, "literalExpression") is not None
        yield Outcome(f"{case.get('id', '')}/{name}", problem, is_literal=is_literal)


def _found(model: Model, name: str, inputs: dict[str, Any]) -> Any:
    try:
        with limited():
            return model.result(name, inputs)
    except (TooMuchWork, RecursionError):
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
