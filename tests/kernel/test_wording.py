"""Letters are told again in the language of whoever reads them."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from hypothesis import given
from hypothesis import strategies as st

from kernel.i18n import ENGLISH, Named, Translations
from kernel.wording import Month, Wording, as_said, kept, listed, retold, worded


@pytest.fixture(scope="module")
def translations(tmp_path_factory: pytest.TempPathFactory) -> Translations:
    catalogue = Catalog(locale=ENGLISH)
    for chinese, translation in {
        "%(policy)s：已批准": "%(policy)s: granted",
        "自 %(since)s 起。": "From %(since)s on.",
        "请于 %(due)s 前答复": "Please answer by %(due)s",
        "高龄津贴": "Old age allowance",
        "多发 100%": "100% too much",
        "固定的话。": "Fixed words.",
    }.items():
        catalogue.add(chinese, translation)
    folder = tmp_path_factory.mktemp("locale")
    with (folder / "en.po").open("wb") as file:
        write_po(file, catalogue)
    return Translations.load([folder])


@pytest.fixture
def in_english(translations: Translations) -> Iterator[None]:
    with translations.speaking(ENGLISH):
        yield


def again(words: Wording) -> str:
    """As it comes out of the store."""
    return retold(str(words), msgspec.json.decode(msgspec.json.encode(kept(words))))


def test_the_chinese_of_record_is_an_ordinary_string() -> None:
    words = worded("%(policy)s：已批准", policy="高龄津贴")
    assert words == "高龄津贴：已批准"
    assert again(words) == "高龄津贴：已批准"


@pytest.mark.usefixtures("in_english")
@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        (worded("%(policy)s：已批准", policy=worded("高龄津贴")), "高龄津贴：已批准", "Old age allowance: granted"),
        (worded("%(policy)s：已批准", policy="高龄津贴"), "高龄津贴：已批准", "高龄津贴: granted"),
        (worded("%(policy)s：已批准", policy=Named("护理补贴", "Nursing aid")), "护理补贴：已批准", "Nursing aid: granted"),
        (worded("%(policy)s：已批准", policy=Named("护理补贴")), "护理补贴：已批准", "护理补贴: granted"),
        (worded("自 %(since)s 起。", since=Month(2026, 3)), "自 2026年3月 起。", "From March 2026 on."),
        (worded("请于 %(due)s 前答复", due=date(2026, 3, 4)), "请于 2026年3月4日 前答复", "Please answer by March 4, 2026"),
        (worded("请于 %(due)s 前答复", due=None), "请于  前答复", "Please answer by "),
        (worded("固定的话。") + worded("自 %(since)s 起。", since=Month(2026, 12)),
         "固定的话。自 2026年12月 起。", "Fixed words. From December 2026 on."),
        ("甲：" + worded("固定的话。"), "甲：固定的话。", "甲：Fixed words."),
        (listed(["一", worded("高龄津贴")]), "一、高龄津贴", "一, Old age allowance"),
        (as_said("多发 100%"), "多发 100%", "多发 100%"),
        (worded("多发 100%"), "多发 100%", "100% too much"),
        (worded("没有译文的话"), "没有译文的话", "没有译文的话"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_words_in_another_language(words: Wording, chinese: str, english: str) -> None:
    assert words == chinese
    assert again(words) == english


@pytest.mark.usefixtures("in_english")
def test_of_older_letters_only_fixed_words_are_known() -> None:
    assert retold("固定的话。", None) == "Fixed words."
    assert retold("高龄津贴：已批准", None) == "高龄津贴：已批准"


@given(st.lists(st.text()))
def test_what_people_wrote_is_never_taken_for_a_pattern(texts: list[str]) -> None:
    """A reason with ``%(name)s`` or ``100%`` in it is told as it was written, in either language."""
    words = worded("理由：%(reason)s", reason="".join(texts))
    for text in texts:
        words = words + text
    assert words == "理由：" + "".join(texts) * 2
    with Translations.load().speaking(ENGLISH):
        assert again(words) == words


def test_joining_keeps_what_each_part_was_made_of() -> None:
    joined = as_said("甲") + worded("乙%(n)s", n=1) + "丙"
    assert kept(joined) == [["甲"], ["乙%(n)s", {"n": 1}], ["丙"]]


def test_a_name_is_said_in_the_readers_language(translations: Translations) -> None:
    named = Named("护理补贴", "Nursing subsidy")
    assert named.said == "护理补贴"
    with translations.speaking(ENGLISH):
        assert (named.said, Named("护理补贴").said) == ("Nursing subsidy", "护理补贴")
