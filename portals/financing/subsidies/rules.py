"""Which policies subsidise interest, and what of the interest each lets count: data, read once."""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

Reach = Literal["days", "for_good"]


class SubsidyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a loan's interest counts under one policy: see ``rules.yaml``."""

    policy: str
    overdue: Reach
    extended: Reach


@cache
def rules() -> tuple[SubsidyRule, ...]:
    """In the order in which they are tried; the one that pays most is filed."""
    text = Path(__file__).with_name("rules.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[SubsidyRule, ...])
