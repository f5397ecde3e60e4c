"""English is complete: every Chinese text of the tree has its translation, in the package that shows it."""

from pathlib import Path

import pytest

from kernel.i18n import ENGLISH, merge_catalogues
from tests.kernel.extraction import ROOT, missing, packages


@pytest.fixture(scope="module")
def lacking() -> dict[Path, dict[str, str]]:
    return missing()


@pytest.mark.parametrize("package", packages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_english_is_complete(package: Path, lacking: dict[Path, dict[str, str]]) -> None:
    texts = lacking[package]
    assert not texts, (
        f"{len(texts)} texts lack English; see `python -m tests.kernel.extraction {package.name}`:\n"
        + "\n".join(f"  {text}  ({source})" for text, source in texts.items())
    )


def test_packages_agree_on_every_text() -> None:
    catalogues = [package / "locale" / f"{ENGLISH}.po" for package in packages()]
    merge_catalogues([path for path in catalogues if path.exists()], ENGLISH)


def test_translations_keep_the_values_of_their_texts() -> None:
    """A `%(name)s` that only one language has would be lost or would fail on the page."""
    catalogues = [package / "locale" / f"{ENGLISH}.po" for package in packages()]
    merged = merge_catalogues([path for path in catalogues if path.exists()], ENGLISH)
    broken = [
        (message.id, str(error))
        for message in merged
        for error in message.check()
        if message.id and "singular" not in str(error)
    ]
    assert not broken
