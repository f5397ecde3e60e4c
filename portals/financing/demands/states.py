"""The lives of a demand and of an application, as two tables: what a table does not name cannot happen.

Demand       draft → data_authorised → posted → routed → agreed → met, or unmet, or withdrawn
Application  routed → accepted (≤ 1 working day) → contacted (≤ 3) → due_diligence → approved | declined (→ another bank)
             → offered → offer_accepted | offer_refused | lapsed → [guarantee_requested → guarantee_issued | guarantee_refused]
             → contracted → disbursed (≤ 5). What follows is the loan's life.

``BY`` says whose step each is; whether that somebody may act here is asked where they come in.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _

Side = Literal["firm", "bank", "guarantor", "clock"]


class DemandState(StrEnum):
    DRAFT = "draft"
    DATA_AUTHORISED = "data_authorised"
    POSTED = "posted"  # no bank is asked at the moment
    ROUTED = "routed"
    AGREED = "agreed"  # an offer was accepted
    MET = "met"  # the money was disbursed
    UNMET = "unmet"  # nobody is left to ask
    WITHDRAWN = "withdrawn"


class ApplicationState(StrEnum):
    ROUTED = "routed"
    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    DUE_DILIGENCE = "due_diligence"
    APPROVED = "approved"
    DECLINED = "declined"
    OFFERED = "offered"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_REFUSED = "offer_refused"
    LAPSED = "lapsed"
    GUARANTEE_REQUESTED = "guarantee_requested"
    GUARANTEE_ISSUED = "guarantee_issued"
    GUARANTEE_REFUSED = "guarantee_refused"
    CONTRACTED = "contracted"
    DISBURSED = "disbursed"
    UNANSWERED = "unanswered"  # the bank let its time pass: on its record, and others are asked
    WITHDRAWN = "withdrawn"
    NOT_CHOSEN = "not_chosen"  # another bank's offer was accepted


D, A = DemandState, ApplicationState

#: Before a contract either side may still step back.
BEFORE_OFFER = (A.ROUTED, A.ACCEPTED, A.CONTACTED, A.DUE_DILIGENCE, A.APPROVED)
_AGREED = (A.OFFER_ACCEPTED, A.GUARANTEE_REQUESTED, A.GUARANTEE_ISSUED, A.GUARANTEE_REFUSED)
#: A bank works on it, or waits for the firm's word.
OPEN = frozenset({*BEFORE_OFFER, A.OFFERED, *_AGREED, A.CONTRACTED})

_APPLICATION: tuple[tuple[Side, str, tuple[ApplicationState, ...], ApplicationState], ...] = (
    ("bank", "accept", (A.ROUTED,), A.ACCEPTED),
    ("bank", "contact", (A.ACCEPTED,), A.CONTACTED),
    ("bank", "begin_due_diligence", (A.CONTACTED,), A.DUE_DILIGENCE),
    ("bank", "approve", (A.CONTACTED, A.DUE_DILIGENCE), A.APPROVED),
    ("bank", "decline", (*BEFORE_OFFER, A.GUARANTEE_REFUSED), A.DECLINED),
    ("bank", "offer", (A.APPROVED, A.OFFERED), A.OFFERED),
    ("firm", "accept_offer", (A.OFFERED,), A.OFFER_ACCEPTED),
    ("firm", "refuse_offer", (A.OFFERED,), A.OFFER_REFUSED),
    ("clock", "lapse", (A.OFFERED,), A.LAPSED),
    ("firm", "request_guarantee", (A.OFFER_ACCEPTED, A.GUARANTEE_REFUSED), A.GUARANTEE_REQUESTED),
    ("guarantor", "issue_guarantee", (A.GUARANTEE_REQUESTED,), A.GUARANTEE_ISSUED),
    ("guarantor", "refuse_guarantee", (A.GUARANTEE_REQUESTED,), A.GUARANTEE_REFUSED),
    ("bank", "contract", (A.OFFER_ACCEPTED, A.GUARANTEE_ISSUED), A.CONTRACTED),
    ("bank", "disburse", (A.CONTRACTED,), A.DISBURSED),
    ("clock", "pass_by", (A.ROUTED,), A.UNANSWERED),
    ("firm", "withdraw", (*BEFORE_OFFER, A.OFFERED, *_AGREED), A.WITHDRAWN),
    ("clock", "not_choose", (*BEFORE_OFFER, A.OFFERED), A.NOT_CHOSEN),
)
_DEMAND: tuple[tuple[str, tuple[DemandState, ...], DemandState], ...] = (
    ("authorise", (D.DRAFT, D.DATA_AUTHORISED), D.DATA_AUTHORISED),
    ("post", (D.DATA_AUTHORISED,), D.POSTED),
    ("route", (D.POSTED, D.ROUTED, D.UNMET), D.ROUTED),
    ("agree", (D.ROUTED,), D.AGREED),
    ("meet", (D.AGREED,), D.MET),
    ("reopen", (D.AGREED,), D.ROUTED),  # the bank stepped back, or the guarantee was refused
    ("exhaust", (D.POSTED, D.ROUTED, D.AGREED), D.UNMET),
    ("withdraw", (D.DRAFT, D.DATA_AUTHORISED, D.POSTED, D.ROUTED, D.AGREED, D.UNMET), D.WITHDRAWN),
)
_APPLICATION_MOVES = {
    (start, command): end for _side, command, starts, end in _APPLICATION for start in starts
}
_DEMAND_MOVES = {(start, command): end for command, starts, end in _DEMAND for start in starts}
BY: Mapping[str, Side] = {command: side for side, command, _starts, _end in _APPLICATION}

#: Whoever is asked instead, after one of these.
LOST = frozenset({A.DECLINED, A.UNANSWERED, A.LAPSED, A.OFFER_REFUSED})

DEMAND_LABELS: Mapping[DemandState, str] = {
    D.DRAFT: N_("草稿"),
    D.DATA_AUTHORISED: N_("已授权数据，待提交"),
    D.POSTED: N_("已提交，待送银行"),
    D.ROUTED: N_("银行办理中"),
    D.AGREED: N_("已选定银行方案"),
    D.MET: N_("已放款"),
    D.UNMET: N_("暂无银行承接"),
    D.WITHDRAWN: N_("已撤回需求"),
}
APPLICATION_LABELS: Mapping[ApplicationState, str] = {
    A.ROUTED: N_("待银行受理"),
    A.ACCEPTED: N_("银行已受理"),
    A.CONTACTED: N_("银行已联系"),
    A.DUE_DILIGENCE: N_("尽职调查中"),
    A.APPROVED: N_("银行已批准，待出方案"),
    A.DECLINED: N_("银行未批准"),
    A.OFFERED: N_("银行已出方案，待您选择"),
    A.OFFER_ACCEPTED: N_("您已接受方案"),
    A.OFFER_REFUSED: N_("您未接受方案"),
    A.LAPSED: N_("方案已过期"),
    A.GUARANTEE_REQUESTED: N_("担保办理中"),
    A.GUARANTEE_ISSUED: N_("担保已出具"),
    A.GUARANTEE_REFUSED: N_("担保未通过"),
    A.CONTRACTED: N_("已签约，待放款"),
    A.DISBURSED: N_("贷款已发放"),
    A.UNANSWERED: N_("银行超时未受理"),
    A.WITHDRAWN: N_("您已撤回申请"),
    A.NOT_CHOSEN: N_("您选择了其他银行"),
}


def application_after(state: ApplicationState, command: str) -> ApplicationState:
    """The state after ``command``. Raises ``IllegalTransition``."""
    if (state, command) not in _APPLICATION_MOVES:
        label = _(APPLICATION_LABELS[state])
        raise IllegalTransition(_("“%(state)s”状态下不能这样办理，请刷新页面查看最新进展。", state=label))
    return _APPLICATION_MOVES[state, command]


def demand_after(state: DemandState, command: str) -> DemandState:
    """The state after ``command``. Raises ``IllegalTransition``."""
    if (state, command) not in _DEMAND_MOVES:
        label = _(DEMAND_LABELS[state])
        raise IllegalTransition(_("“%(state)s”状态下不能这样办理，请刷新页面查看最新进展。", state=label))
    return _DEMAND_MOVES[state, command]


def demand_may(state: DemandState, command: str) -> bool:
    return (state, command) in _DEMAND_MOVES


def commands_from(state: ApplicationState, side: Side) -> tuple[str, ...]:
    """What one side may do now."""
    return tuple(command for start, command in _APPLICATION_MOVES if start == state and BY[command] == side)
