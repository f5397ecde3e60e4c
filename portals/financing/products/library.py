"""The products that come with the system: ``library/<institution>/<id>.yaml``, cases beside each.

Institutions and their products are fictional (演示); figures that are public policy say where they were read.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from portals.financing.products.document import ProductDocument
from portals.financing.products.loading import load_product

FOLDER = Path(__file__).parent / "library"


class ProductEntry(msgspec.Struct, frozen=True):
    """One product as text and as a value, with the text of its cases."""

    path: Path
    document: ProductDocument
    text: str
    cases_text: str


@cache
def product_library(folder: Path = FOLDER) -> tuple[ProductEntry, ...]:
    """All products in the order of their folders. Raises ``DocumentRefused`` naming the line."""
    return tuple(_entries(folder))


def _entries(folder: Path) -> Iterator[ProductEntry]:
    for path in sorted(folder.glob("*/*.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        text = path.read_text(encoding="utf-8")
        cases = path.with_name(f"{path.stem}.cases.yaml").read_text(encoding="utf-8")
        yield ProductEntry(path, load_product(text).document, text, cases)
