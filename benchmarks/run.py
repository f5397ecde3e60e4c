"""All benchmarks, one JSON object a line: ``make bench``, or ``python -m benchmarks.run NAME …`` for some of them.

Each module offers ``measure()`` and runs in a process of its own, so that peaks of memory are its own too.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if path.stem
        not in (
            "__init__",
            "run",
            "at_city_size",
            "bare_insert",
            "cities",
            "claims_machine",
            "departments_and_pages",
            "filling",
            "identity_server",
            "identity_store",
            "inside_stores",
            "killed_file",
            "made_city",
            "made_claims",
            "made_licences",
            "made_policies",
            "made_residents",
            "made_rights",
            "plain_policies",
            "simulated_world",
            "soak",
            "working_house",
        )
    )


def main(arguments: list[str]) -> int:
    """Print figures as they come; the exit status is the number of benchmarks that failed."""
    if arguments[:1] == ["--here"]:
        for figure in importlib.import_module(f"benchmarks.{arguments[1]}").measure():
            print(json.dumps(figure, ensure_ascii=False), flush=True)
        return 0
    unknown = sorted(set(arguments) - set(names()))
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    failed = 0
    for name in arguments or names():
        print(f"{name} …", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", "benchmarks.run", "--here", name], check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
