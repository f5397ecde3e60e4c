"""Everything that must hold, in one run: ``make test``. Ends with pytest's own closing line."""

import os
import subprocess
import sys
from pathlib import Path

CHECKS = (
    ("Format", ["ruff", "format", "--check", "--quiet", "."]),
    ("Lint", ["ruff", "check", "--quiet", "."]),
    ("Types", ["pyrefly", "check", "--summary=none"]),
    ("Import contracts", ["lint-imports"]),
)


def main() -> int:
    tools = Path(sys.executable).parent
    failed = []
    for name, command in CHECKS:
        print(f"── {name}", flush=True)
        if subprocess.run([tools / command[0], *command[1:]]).returncode != 0:
            failed.append(name)
    workers = os.environ.get("DONGCHU_TEST_WORKERS", "2")
    pytest = [tools / "pytest", "-n", workers, "--dist", "loadscope", "--no-loadscope-reorder", *sys.argv[1:]]
    code = subprocess.run(pytest).returncode
    if failed:
        print(f"These checks failed before the tests: {', '.join(failed)}", file=sys.stderr)
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
