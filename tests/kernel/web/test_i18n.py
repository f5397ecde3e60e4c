"""Which language is spoken, and what happens where two packages disagree."""

from pathlib import Path

import pytest

from kernel.i18n import (
    CHINESE,
    ENGLISH,
    ConflictingTranslation,
    Translations,
    choose_locale,
    current_locale,
    gettext,
)


@pytest.mark.parametrize(
    ("cookie", "accepted", "locale"),
    [
        (None, "", CHINESE),
        (None, "en-US,en;q=0.9,zh;q=0.8", ENGLISH),
        (None, "zh-TW,en;q=0.9", CHINESE),
        (None, "en;q=0.2, zh-CN;q=0.9", CHINESE),
        (None, "en;q=0, fr", CHINESE),
        (None, "en;q=abc", CHINESE),
        (ENGLISH, "zh-CN", ENGLISH),
        ("xx", "en", ENGLISH),
    ],
)
def test_the_earlier_choice_wins_then_the_browser_then_chinese(
    cookie: str | None, accepted: str, locale: str
) -> None:
    assert choose_locale(cookie, accepted) == locale


def catalogue(folder: Path, text: str, english: str) -> Path:
    folder.mkdir()
    (folder / "en.po").write_text(
        f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "{text}"\nmsgstr "{english}"\n',
        encoding="utf-8",
    )
    return folder


def test_catalogues_of_packages_are_one(tmp_path: Path) -> None:
    translations = Translations.load(
        [catalogue(tmp_path / "a", "鱼", "fish"), catalogue(tmp_path / "b", "鸟", "bird")]
    )
    with translations.speaking(ENGLISH):
        assert (gettext("鱼"), gettext("鸟"), gettext("没有的")) == ("fish", "bird", "没有的")
    assert current_locale() == CHINESE
    assert gettext("鱼") == "鱼"


def test_the_same_text_said_twice_the_same_way_is_fine(tmp_path: Path) -> None:
    Translations.load([catalogue(tmp_path / "a", "鱼", "fish"), catalogue(tmp_path / "b", "鱼", "fish")])


def test_two_different_translations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConflictingTranslation, match="鱼"):
        Translations.load(
            [catalogue(tmp_path / "a", "鱼", "fish"), catalogue(tmp_path / "b", "鱼", "pisces")]
        )
