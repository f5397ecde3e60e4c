"""The documents that come with the system: ``policy_engine/library/<division code>/<id>.yaml``, cases beside each."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.loading import load_document

FOLDER = Path(__file__).parent.parent / "library"


class LibraryEntry(msgspec.Struct, frozen=True):
    """One document as text and as a value, with the text of its cases."""

    path: Path
    document: PolicyDocument
    text: str
    cases_text: str


def library(folder: Path = FOLDER) -> tuple[LibraryEntry, ...]:
    """All documents of the library in the order of their folders. Raises ``DocumentRefused`` naming the line."""
    return tuple(_entries(folder))


def _entries(folder: Path) -> Iterator[LibraryEntry]:
    for path in sorted(folder.glob("*/*.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        text = path.read_text(encoding="utf-8")
        cases = path.with_name(f"{path.stem}.cases.yaml").read_text(encoding="utf-8")
        yield LibraryEntry(path, load_document(text).document, text, cases)
