"""The life of a compensation as one table: what it does not name cannot happen.

requested → compensated (the guarantor stood in; a loan without one begins here) | refused
compensated → claimed → paid | compensated again (the pool refused, with its reason)
paid → recovery → shared (all came back) | written_off (the rest is lost)
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _

Side = Literal["bank", "guarantor", "pool"]


class CompensationState(StrEnum):
    REQUESTED = "requested"
    REFUSED = "refused"
    COMPENSATED = "compensated"
    CLAIMED = "claimed"
    PAID = "paid"
    RECOVERY = "recovery"
    SHARED = "shared"
    WRITTEN_OFF = "written_off"


S = CompensationState
_MOVES: Mapping[tuple[CompensationState, str], CompensationState] = {
    (S.REQUESTED, "compensate"): S.COMPENSATED,
    (S.REQUESTED, "refuse"): S.REFUSED,
    (S.COMPENSATED, "claim"): S.CLAIMED,
    (S.CLAIMED, "pay"): S.PAID,
    (S.CLAIMED, "refuse_claim"): S.COMPENSATED,
    (S.PAID, "recover"): S.RECOVERY,
    (S.RECOVERY, "recover"): S.RECOVERY,
    (S.RECOVERY, "share"): S.SHARED,
    (S.PAID, "write_off"): S.WRITTEN_OFF,
    (S.RECOVERY, "write_off"): S.WRITTEN_OFF,
}
#: Whose step each is; who recovers is whoever holds the claim on the debtor: the guarantor, without one the bank.
BY: Mapping[str, frozenset[Side]] = {
    "request": frozenset({"bank"}),
    "compensate": frozenset({"guarantor"}),
    "refuse": frozenset({"guarantor"}),
    "claim": frozenset({"bank", "guarantor"}),
    "pay": frozenset({"pool"}),
    "refuse_claim": frozenset({"pool"}),
    "recover": frozenset({"bank", "guarantor"}),
    "write_off": frozenset({"pool"}),
}
LABELS: Mapping[CompensationState, str] = {
    S.REQUESTED: N_("待担保机构代偿"),
    S.REFUSED: N_("担保机构未予代偿"),
    S.COMPENSATED: N_("已代偿，可申请资金池补偿"),
    S.CLAIMED: N_("待资金池审核"),
    S.PAID: N_("资金池已补偿"),
    S.RECOVERY: N_("追偿中"),
    S.SHARED: N_("已全部追回并分还"),
    S.WRITTEN_OFF: N_("已核销"),
}


def after(state: CompensationState, command: str) -> CompensationState:
    """The state after ``command``. Raises ``IllegalTransition``."""
    if (state, command) not in _MOVES:
        label = _(LABELS[state])
        raise IllegalTransition(_("“%(state)s”状态下不能这样办理，请刷新页面查看最新进展。", state=label))
    return _MOVES[state, command]


def may(state: CompensationState, command: str) -> bool:
    return (state, command) in _MOVES
