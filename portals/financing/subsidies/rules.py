"""Which policies subsidise interest, and what of the interest each lets count: data, read once."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from portals.financing.rates.schemas import Kind

#: Policies that name LPR name that of one year: no loan they subsidise runs longer than two.
LPR: Final[Kind] = "lpr_1y"
Reach = Literal["days", "for_good"]
Reference = Literal["none", "at_drawing", "last_year_end"]


class SubsidyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a loan's interest counts under one policy: see ``rules.yaml``."""

    policy: str
    overdue: Reach
    extended: Reach
    reference: Reference = "none"

    def reference_day(self, begun_on: date, quarter_starts_on: date) -> date | None:
        """On which day LPR is read for a quarter of a loan; none where the policy names no LPR."""
        match self.reference:
            case "at_drawing":
                return begun_on
            case "last_year_end":
                return date(quarter_starts_on.year - 1, 12, 31)
            case "none":
                return None


@cache
def rules() -> tuple[SubsidyRule, ...]:
    """In the order in which they are tried; the one that pays most is filed."""
    text = Path(__file__).with_name("rules.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[SubsidyRule, ...])
