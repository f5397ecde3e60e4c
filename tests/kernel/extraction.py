"""Every Chinese text that this tree shows to people, found in templates and code: what English must answer for.

`python -m tests.kernel.extraction` prints what English lacks, ready to be filled in and moved into `<package>/locale/en.po`.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from kernel.i18n import ENGLISH, locale_folders, merge_catalogues

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "connectors", "identity", "licenses", "policy_engine", "portals")
KEYWORDS = {
    "_": None,
    "N_": None,
    "worded": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_CJK = re.compile(r"[\u3400-\u9fff]")


def packages(root: Path = ROOT) -> list[Path]:
    """The folders that keep a catalogue of their own: the storeys, each portal, and any deeper one that has begun one."""
    found = {root / name for name in PACKAGES if (root / name).is_dir()}
    found |= {folder.parent for folder in (root / "portals").glob("*/__init__.py")}
    found |= {folder.parent for name in PACKAGES for folder in locale_folders(root / name)}
    return sorted(found)


def package_of(path: Path, known: Iterable[Path]) -> Path:
    """The innermost package a file belongs to."""
    return max((one for one in known if path.is_relative_to(one)), key=lambda one: len(one.parts))


def texts_of(path: Path) -> Iterator[str]:
    """The msgids of one file."""
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    options = {} if path.suffix == ".py" else {"extensions": "jinja2.ext.do", "silent": "false"}
    with path.open("rb") as file:
        for _line, message, _comments, _context in extract(method, file, keywords=KEYWORDS, options=options):
            yield message[0] if isinstance(message, tuple) else message
    if path.suffix == ".py":
        yield from _told_at_the_edge(path)


def _told_at_the_edge(path: Path) -> Iterator[str]:
    """Titles of error classes, and what is raised as a plain literal: `kernel.web.problems` translates these."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and _is_error(node):
            yield from (
                one.value
                for line in node.body
                if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None
                for one in ast.walk(line.value)
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and _CJK.search(one.value)
            )
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            first = node.exc.args[0] if node.exc.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and _CJK.search(first.value):
                yield first.value


def _is_error(node: ast.ClassDef) -> bool:
    """Whether a class says, like those of `kernel.errors`, how it is answered: by `status`, `slug` and `title`."""
    return any(
        "slug" in ast.unparse(line) for line in node.body if isinstance(line, ast.Assign | ast.AnnAssign)
    )


def missing(root: Path = ROOT) -> dict[Path, dict[str, str]]:
    """By package, the texts that no catalogue says in English, each with the file it was found in."""
    known = packages(root)
    catalogues = [one / "locale" / f"{ENGLISH}.po" for one in known]
    english = merge_catalogues([path for path in catalogues if path.exists()], ENGLISH)
    lacking: dict[Path, dict[str, str]] = {one: {} for one in known}
    for package in (root / name for name in PACKAGES):
        for path in sorted([*package.rglob("*.py"), *package.rglob("templates/**/*.html")]):
            for text in texts_of(path):
                answer = english.get(text)
                if text and _CJK.search(text) and (answer is None or not answer.string):
                    lacking[package_of(path, known)].setdefault(text, str(path.relative_to(root)))
    return lacking


if __name__ == "__main__":
    for place, texts in missing().items():
        if texts and (len(sys.argv) < 2 or sys.argv[1] in str(place)):
            gap = Catalog(locale=ENGLISH)
            for text, source in texts.items():
                gap.add(text, locations=[(source, 0)])
            sys.stdout.write(f"# {place.relative_to(ROOT)}\n")
            sys.stdout.flush()
            write_po(sys.stdout.buffer, gap, omit_header=True, include_lineno=False, width=0)
            sys.stdout.buffer.flush()
