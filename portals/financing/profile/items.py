"""The items of a data authorisation (``items.yaml``): what a firm sees when it is asked, and the facts behind each."""

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

import msgspec

from kernel.i18n import ENGLISH, current_locale
from policy_engine.catalogue import catalogue
from policy_engine.policies.dependencies import mentioned
from policy_engine.policies.document import PolicyDocument


class DataItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of an authorisation."""

    code: str
    needed: bool
    zh: str
    en: str
    why_zh: str
    why_en: str
    attributes: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.en if current_locale() == ENGLISH else self.zh

    @property
    def why(self) -> str:
        return self.why_en if current_locale() == ENGLISH else self.why_zh


@cache
def data_items() -> dict[str, DataItem]:
    """By code, in the order of the file. Raises ``KeyError`` for an attribute that the catalogue does not know."""
    text = Path(__file__).with_name("items.yaml").read_bytes()
    found = {one.code: one for one in msgspec.yaml.decode(text, type=list[DataItem])}
    for item in found.values():
        for attribute in item.attributes:
            catalogue().attribute(attribute)
    return found


def items_for(documents: Iterable[PolicyDocument]) -> tuple[str, ...]:
    """The items without which these products cannot be judged, and those always needed, in the order of the file."""
    words = frozenset[str]().union(*(mentioned(one) for one in documents))
    return tuple(
        item.code
        for item in data_items().values()
        if item.needed or any(_is_read(attribute, words) for attribute in item.attributes)
    )


def _is_read(attribute_id: str, words: Collection[str]) -> bool:
    attribute = catalogue().attribute(attribute_id)
    return attribute.name in words or (attribute.entity == "loan" and "贷款" in words)
