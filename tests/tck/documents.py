"""XML as the kit writes it, read without document types: nothing in a file may make the reader look elsewhere or swell."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TypeAlias

Element: TypeAlias = ElementTree.Element
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_LARGEST = 10_000_000


class RefusedDocument(ValueError):
    """Not XML, too large, or with a document type."""


def read(path: Path) -> Element:
    """The root of a document. Raises ``RefusedDocument``."""
    content = path.read_bytes()
    if len(content) > _LARGEST or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise RefusedDocument(path.name)
    try:
        return ElementTree.fromstring(content)  # noqa: S314 (see above)
    except ElementTree.ParseError as error:
        raise RefusedDocument(f"{path.name}: {error}") from error


def kind(element: Element) -> str:
    """The element's name without its namespace, which changes with the version of DMN."""
    return element.tag.rpartition("}")[2]


def children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [one for one in element if kind(one) == name]


def child(element: Element | None, *path: str) -> Element | None:
    """The first element down a path of names."""
    for name in path:
        element = next(iter(children(element, name)), None)
    return element


def text(element: Element | None, *path: str) -> str:
    found = child(element, *path)
    return "" if found is None else (found.text or "").strip()
