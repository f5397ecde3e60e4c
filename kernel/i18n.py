"""Two languages from one text: Chinese is written in the code, English is looked up in `<package>/locale/en.po`.

The catalogues are read and compiled in memory when a process starts, so what is committed is what is spoken.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CHINESE: Final = "zh_Hans_CN"
ENGLISH: Final = "en"
LOCALES: Final = (CHINESE, ENGLISH)
LANGUAGE_TAGS: Final = {CHINESE: "zh-CN", ENGLISH: "en"}

_spoken: ContextVar[tuple[str, NullTranslations]] = ContextVar(
    "dongchu_spoken", default=(CHINESE, NullTranslations())
)


class ConflictingTranslation(ValueError):
    """Two packages translate the same Chinese text differently; one of them must add context or agree."""


def merge_catalogues(paths: Iterable[Path], locale: str) -> Catalog:
    """One catalogue out of many `.po` files; a msgid with two different texts raises ConflictingTranslation."""
    merged = Catalog(locale=locale)
    conflicts = []
    for path in paths:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
        for message in catalogue:
            if not message.id or not message.string:
                continue
            known = merged.get(message.id, message.context)
            if known is None:
                merged.add(message.id, message.string, context=message.context)
            elif known.string != message.string:
                conflicts.append(f"{path}: {message.id!r} is {message.string!r}, elsewhere {known.string!r}")
    if conflicts:
        raise ConflictingTranslation("\n".join(conflicts))
    return merged


def locale_folders(*packages: Path) -> list[Path]:
    """Every `locale/` folder with an English catalogue in these packages, however deep."""
    return sorted(path.parent for package in packages for path in package.rglob(f"locale/{ENGLISH}.po"))


class Translations:
    """The texts of every language this house speaks."""

    def __init__(self, by_locale: dict[str, NullTranslations]) -> None:
        self._by_locale = by_locale

    @classmethod
    def load(cls, locale_folders: Iterable[Path] = ()) -> "Translations":
        """Reads `<folder>/en.po` from each folder that has one; the kernel's own folder is always among them."""
        folders = {Path(__file__).parent / "locale", *locale_folders}
        files = sorted(folder / f"{ENGLISH}.po" for folder in folders if (folder / f"{ENGLISH}.po").exists())
        compiled = io.BytesIO()
        write_mo(compiled, merge_catalogues(files, ENGLISH))
        compiled.seek(0)
        return cls({CHINESE: NullTranslations(), ENGLISH: GNUTranslations(compiled)})

    def for_locale(self, locale: str) -> NullTranslations:
        """The translator of a locale; Chinese where the locale is not one of ours."""
        return self._by_locale.get(locale, self._by_locale[CHINESE])

    @contextmanager
    def speaking(self, locale: str) -> Iterator[None]:
        """Within the block `gettext` answers in `locale` (this context only: other requests are not touched)."""
        token = _spoken.set((locale, self.for_locale(locale)))
        try:
            yield
        finally:
            _spoken.reset(token)


def current_locale() -> str:
    """The locale being spoken now: `zh_Hans_CN` outside a request."""
    return _spoken.get()[0]


class Named(NamedTuple):
    """A thing's own name in both languages; ``en`` is empty where nobody has given it one."""

    zh: str
    en: str = ""

    @property
    def said(self) -> str:
        """In the language being spoken; in Chinese where there is no other."""
        return self.en if self.en and current_locale() == ENGLISH else self.zh


def raw_gettext(message: str) -> str:
    """The text with its `%(name)s` still open, as Jinja's i18n extension wants it."""
    return _spoken.get()[1].gettext(message)


def raw_ngettext(singular: str, plural: str, count: int) -> str:
    """The text for `count` things with `%(num)s` still open, as Jinja's i18n extension wants it."""
    return _spoken.get()[1].ngettext(singular, plural, count)


def gettext(message: str, /, **values: object) -> str:
    """The text in the language being spoken; `%(name)s` is filled from `values`."""
    text = raw_gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, count: int, /, **values: object) -> str:
    """The text for `count` things; `%(num)s` is the count."""
    return raw_ngettext(singular, plural, count) % {"num": count, **values}


def N_(message: str, /) -> str:  # noqa: N802  the name Babel's extractor knows
    """Marks a text for translation and leaves it as it is, for constants that `gettext` translates later."""
    return message


def choose_locale(cookie: str | None, accept_language: str) -> str:
    """What to speak to a browser: its own earlier choice, else the first language it accepts that we know.

    `Accept-Language` is read by quality (RFC 9110, 12.5.4); Chinese where nothing fits.
    """
    if cookie in LOCALES:
        return str(cookie)
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, parameters = part.strip().partition(";")
        name, _, quality = parameters.strip().partition("=")
        try:
            weight = float(quality) if name == "q" else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            wanted.append((-weight, place, tag.lower()))
    for _weight, _place, tag in sorted(wanted):
        if tag.startswith("zh"):
            return CHINESE
        if tag.startswith("en"):
            return ENGLISH
    return CHINESE
