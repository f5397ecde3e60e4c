"""A program of another language that is told what to do by JSON lines; each answer is one line."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def needs_node(folder: Path) -> list[pytest.MarkDecorator]:
    """For a file's ``pytestmark``: part of ``make interop`` only, which installs what the folder's package.json names."""
    is_missing = _node_version() < 20 or not (folder / "node_modules").is_dir()
    return [
        pytest.mark.interop,
        pytest.mark.skipif(is_missing, reason="needs Node.js 20 and the libraries: make interop"),
    ]


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.strip().removeprefix("v").partition(".")[0])


class ForeignProgram:
    """``do`` fails the test when the program could not; ``fails_to`` gives its reason."""

    def __init__(self, script: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            ["node", str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=script.parent,
        )

    def do(self, action: str, **given: Any) -> dict[str, Any]:
        answer = self._ask(action, given)
        assert "error" not in answer, answer["error"]
        return answer

    def fails_to(self, action: str, **given: Any) -> str:
        return str(self._ask(action, given).get("error", ""))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, action: str, given: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"action": action, **given}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
