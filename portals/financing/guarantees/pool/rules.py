"""Rules of the pools as data: from which day on, who bears how much, and where it stops."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from kernel.errors import NotFound
from kernel.i18n import ENGLISH, N_, current_locale
from kernel.i18n import gettext as _

Party: TypeAlias = Literal["bank", "guarantor", "pool", "city"]
#: In the order in which what is left of a fen goes round.
PARTIES: Final[tuple[Party, ...]] = ("bank", "guarantor", "pool", "city")
PARTY_LABELS: Final[Mapping[Party, str]] = {
    "bank": N_("贷款银行"),
    "guarantor": N_("担保机构"),
    "pool": N_("风险补偿资金池"),
    "city": N_("市级财政"),
}


class PoolRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one pool's rule; shares are thousandths of a loss and add up to all of it."""

    id: str
    version: int
    title: str
    title_en: str
    division: str
    legal_basis: str
    is_demonstration: bool
    overdue_days: int
    with_guarantor: dict[Party, int]
    without_guarantor: dict[Party, int]
    bank_cap_permille: int

    def __post_init__(self) -> None:
        for shares in (self.with_guarantor, self.without_guarantor):
            if sum(shares.values()) != 1000 or min(shares.values()) < 0:
                raise ValueError(f"{self.id}: the shares of a loss must add up to 1000")

    @property
    def name(self) -> str:
        return self.title_en if current_locale() == ENGLISH else self.title

    def shares(self, *, has_guarantor: bool) -> dict[Party, int]:
        return self.with_guarantor if has_guarantor else self.without_guarantor


@cache
def rules() -> dict[tuple[str, int], PoolRule]:
    text = Path(__file__).with_name("rules.yaml").read_bytes()
    return {(one.id, one.version): one for one in msgspec.yaml.decode(text, type=list[PoolRule])}


def rule_of(code: str, version: int | None = None) -> PoolRule:
    """The newest version of a pool's rule, or the one named. Raises ``NotFound``."""
    found = [one for one in rules().values() if one.id == code and version in (None, one.version)]
    if not found:
        raise NotFound(_("没有找到这个资金池的办法。"))
    return max(found, key=lambda one: one.version)
