"""What is proposed as a reference rate, and what is shown of one."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec

from kernel.i18n import N_

Kind = Literal["lpr_1y", "lpr_5y"]
Outcome = Literal["confirm", "refuse"]
KINDS: Mapping[Kind, str] = {"lpr_1y": N_("1年期LPR"), "lpr_5y": N_("5年期以上LPR")}
STATES: Mapping[str, str] = {
    "proposed": N_("待另一人复核"),
    "in_force": N_("有效"),
    "refused": N_("复核未通过"),
    "replaced": N_("已更正"),
}


class NewRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rate_bp`` is in 万分之一 a year (3.00 % is 300), as announced on ``since``."""

    kind: Kind
    since: date
    rate_bp: int
    source_title: str
    source_url: str


class RateView(msgspec.Struct, frozen=True, kw_only=True):
    """``may_decide``: the reader may be the second hand."""

    id: uuid.UUID
    kind: str
    kind_label: str
    since: date
    rate_bp: int
    source_title: str
    source_url: str
    state: str
    state_label: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    may_decide: bool
