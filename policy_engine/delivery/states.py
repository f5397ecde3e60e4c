"""Offer, claim, award, payment and overpayment: lives, each one explicit table of what may follow what.

Pure: a service asks the table before it changes anything, the tests walk the same tables, and what a table does not
name cannot happen. Practice and law behind the moves: 低保审核确认办法 (accept, joint review, decide, public notice),
行政许可法 Art. 32 (supplement once, all at once), 行政复议法 Art. 20.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from kernel.errors import IllegalTransition
from kernel.i18n import N_
from kernel.i18n import gettext as _


class OfferState(StrEnum):
    MATCHED = "matched"  # eligible, but outside the share the publication has reached so far
    OFFERED = "offered"
    UNKNOWN = "unknown"  # a fact it hangs on is no longer known
    INELIGIBLE = "ineligible"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class ClaimState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for the street to accept
    SUPPLEMENT = "supplement"  # waits for the applicant
    JOINT_REVIEW = "joint_review"
    REVIEW = "review"  # waits for the decision
    NOTICE = "notice"  # 公示
    OBJECTION = "objection"
    GRANTED = "granted"
    REFUSED = "refused"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"


class AwardState(StrEnum):
    RECOGNISED = "recognised"
    ACTIVE = "active"
    SUSPECTED = "suspected"  # a feed says the right was lost; being heard
    SUSPENDED = "suspended"
    ENDED = "ended"


class PaymentState(StrEnum):
    DUE = "due"
    AWAITING_FUNDS = "awaiting_funds"  # an entitlement: the money will come, never a refusal
    WAITLISTED = "waitlisted"  # a quota: in order of decision
    ACCOUNT_MISSING = "account_missing"  # reserved, but nowhere to send it
    RESERVED = "reserved"
    INSTRUCTED = "instructed"
    TREASURY_ACCEPTED = "treasury_accepted"
    BANK_SENT = "bank_sent"
    PAID = "paid"
    RETURNED = "returned"  # 退票: the money is back in the reservation
    CANCELLED = "cancelled"


class OverpaymentState(StrEnum):
    NOTICED = "noticed"  # told, and being heard: nothing is owed yet
    OWED = "owed"  # a named official decided that it is to be paid back
    INSTALMENT = "instalment"
    REPAID = "repaid"
    WRITTEN_OFF = "written_off"
    DROPPED = "dropped"  # it was no overpayment after all


State = TypeVar("State", bound=StrEnum)
Table = Mapping[tuple[State, str], frozenset[State]]


class Machine(Generic[State]):
    """One life: which command leads from which state to which."""

    def __init__(self, name: str, table: dict[tuple[State, str], frozenset[State]]) -> None:
        self.name = name
        self.table: Table[State] = MappingProxyType(table)

    def may(self, state: State, command: str) -> bool:
        return (state, command) in self.table

    def move(self, state: State, command: str, to: State | None = None) -> State:
        """The state after ``command``; ``to`` chooses where the table allows several. Raises ``IllegalTransition``."""
        targets = self.table.get((state, command), frozenset())
        if to is None and len(targets) == 1:
            return next(iter(targets))
        if to is not None and to in targets:
            return to
        raise IllegalTransition(
            _("“%(state)s”状态下不能这样办理，请刷新页面查看最新进展。", state=_(LABELS[state]))
        )

    def sources(self, command: str) -> frozenset[State]:
        """The states in which ``command`` is possible."""
        return frozenset(state for state, known in self.table if known == command)


def _table(
    *rows: tuple[str, tuple[State, ...], tuple[State, ...]],
) -> dict[tuple[State, str], frozenset[State]]:
    return {(source, command): frozenset(targets) for command, sources, targets in rows for source in sources}


Of, C, A, P, V = OfferState, ClaimState, AwardState, PaymentState, OverpaymentState

OFFER: Machine[OfferState] = Machine(
    "offer",
    _table(
        ("offer", (Of.MATCHED,), (Of.OFFERED,)),
        ("doubt", (Of.MATCHED, Of.OFFERED, Of.INELIGIBLE), (Of.UNKNOWN,)),
        ("exclude", (Of.MATCHED, Of.OFFERED, Of.UNKNOWN), (Of.INELIGIBLE,)),
        (
            "rematch",
            (Of.UNKNOWN, Of.INELIGIBLE, Of.DECLINED, Of.LAPSED, Of.WITHDRAWN),
            (Of.MATCHED, Of.OFFERED),
        ),
        ("reopen", (Of.CONFIRMED,), (Of.MATCHED, Of.OFFERED)),
        ("confirm", (Of.OFFERED,), (Of.CONFIRMED,)),
        ("decline", (Of.OFFERED,), (Of.DECLINED,)),
        ("lapse", (Of.OFFERED,), (Of.LAPSED,)),
        ("withdraw", (Of.MATCHED, Of.OFFERED, Of.UNKNOWN), (Of.WITHDRAWN,)),
    ),
)

CLAIM: Machine[ClaimState] = Machine(
    "claim",
    _table(
        ("submit", (C.DRAFT,), (C.SUBMITTED, C.JOINT_REVIEW, C.REVIEW)),
        ("accept", (C.SUBMITTED,), (C.JOINT_REVIEW, C.REVIEW)),
        ("return_for_supplement", (C.SUBMITTED, C.JOINT_REVIEW, C.REVIEW), (C.SUPPLEMENT,)),
        ("supplement", (C.SUPPLEMENT,), (C.SUBMITTED, C.JOINT_REVIEW, C.REVIEW)),
        # 会签: a signature that is not the last one leaves the claim where it is.
        ("countersign", (C.JOINT_REVIEW,), (C.JOINT_REVIEW,)),
        ("countersign", (C.REVIEW,), (C.REVIEW,)),
        # 退回: to an earlier stage; 撤回: the last hand takes its own act back.
        ("send_back", (C.JOINT_REVIEW, C.REVIEW), (C.SUBMITTED, C.JOINT_REVIEW)),
        (
            "take_back",
            (C.SUBMITTED, C.SUPPLEMENT, C.JOINT_REVIEW, C.REVIEW),
            (C.SUBMITTED, C.JOINT_REVIEW, C.REVIEW),
        ),
        ("recommend", (C.JOINT_REVIEW,), (C.JOINT_REVIEW, C.REVIEW)),
        ("advise_against", (C.JOINT_REVIEW,), (C.JOINT_REVIEW, C.REVIEW)),
        ("grant", (C.REVIEW,), (C.NOTICE, C.GRANTED)),
        ("refuse", (C.REVIEW,), (C.REFUSED,)),
        ("close_notice", (C.NOTICE,), (C.GRANTED,)),
        ("object", (C.NOTICE,), (C.OBJECTION,)),
        ("dismiss_objection", (C.OBJECTION,), (C.NOTICE,)),
        ("sustain_objection", (C.OBJECTION,), (C.REVIEW,)),
        ("appeal", (C.REFUSED,), (C.APPEALED,)),
        ("uphold", (C.APPEALED,), (C.REFUSED,)),
        ("overturn", (C.APPEALED,), (C.REVIEW,)),
        ("withdraw", (C.DRAFT, C.SUBMITTED, C.SUPPLEMENT, C.JOINT_REVIEW, C.REVIEW), (C.WITHDRAWN,)),
    ),
)

AWARD: Machine[AwardState] = Machine(
    "award",
    _table(
        ("activate", (A.RECOGNISED,), (A.ACTIVE,)),
        ("suspect", (A.RECOGNISED, A.ACTIVE), (A.SUSPECTED,)),
        ("suspend", (A.RECOGNISED, A.ACTIVE, A.SUSPECTED), (A.SUSPENDED,)),
        ("restore", (A.SUSPECTED, A.SUSPENDED), (A.ACTIVE,)),
        ("end", (A.RECOGNISED, A.ACTIVE, A.SUSPECTED, A.SUSPENDED), (A.ENDED,)),
        # Only of a right that ended by a death which was none (awards.deaths).
        ("revive", (A.ENDED,), (A.ACTIVE,)),
    ),
)

_WAITING = (P.DUE, P.AWAITING_FUNDS, P.WAITLISTED)
_OUTSIDE = (P.INSTRUCTED, P.TREASURY_ACCEPTED, P.BANK_SENT)

PAYMENT: Machine[PaymentState] = Machine(
    "payment",
    _table(
        ("reserve", _WAITING, (P.RESERVED, P.ACCOUNT_MISSING)),
        ("await_funds", _WAITING, (P.AWAITING_FUNDS,)),
        ("waitlist", _WAITING, (P.WAITLISTED,)),
        ("name_account", (P.ACCOUNT_MISSING, P.RETURNED), (P.RESERVED,)),
        ("instruct", (P.RESERVED,), (P.INSTRUCTED,)),
        ("treasury_accept", (P.INSTRUCTED,), (P.TREASURY_ACCEPTED,)),
        ("bank_send", (P.INSTRUCTED, P.TREASURY_ACCEPTED), (P.BANK_SENT,)),
        ("pay", _OUTSIDE, (P.PAID,)),
        ("return", (*_OUTSIDE, P.PAID), (P.RETURNED,)),
        ("cancel", (*_WAITING, P.ACCOUNT_MISSING, P.RESERVED, P.RETURNED), (P.CANCELLED,)),
    ),
)

OVERPAYMENT: Machine[OverpaymentState] = Machine(
    "overpayment",
    _table(
        ("demand", (V.NOTICED,), (V.OWED,)),
        ("drop", (V.NOTICED,), (V.DROPPED,)),
        ("agree_instalments", (V.OWED,), (V.INSTALMENT,)),
        ("repay", (V.NOTICED,), (V.NOTICED, V.REPAID)),
        ("repay", (V.OWED,), (V.OWED, V.REPAID)),
        ("repay", (V.INSTALMENT,), (V.INSTALMENT, V.REPAID)),
        ("write_off", (V.NOTICED, V.OWED, V.INSTALMENT), (V.WRITTEN_OFF,)),
        # A decision that did not stand: on reconsideration, by judgment, or corrected by the authority itself.
        ("undo", (V.OWED, V.INSTALMENT, V.REPAID, V.WRITTEN_OFF), (V.DROPPED,)),
    ),
)

#: A claim in one of these still may lead to a decision: the same right cannot be claimed a second time.
OPEN_CLAIM = frozenset(
    {C.SUBMITTED, C.SUPPLEMENT, C.JOINT_REVIEW, C.REVIEW, C.NOTICE, C.OBJECTION, C.APPEALED}
)
#: The ledger holds money for a payment in these states, and has not spent it.
HOLDS_RESERVATION = frozenset({P.ACCOUNT_MISSING, P.RESERVED, P.RETURNED})
#: An order is or may be with the treasury or the bank: only their answer moves it on.
IN_FLIGHT = frozenset(_OUTSIDE)
NOT_YET_INSTRUCTED = frozenset({*_WAITING, P.ACCOUNT_MISSING, P.RESERVED, P.RETURNED})

#: What may still be paid back.
OPEN_OVERPAYMENT = frozenset({V.NOTICED, V.OWED, V.INSTALMENT})

LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        Of.MATCHED: N_("已匹配"),
        Of.OFFERED: N_("待您确认"),
        Of.UNKNOWN: N_("还差信息"),
        Of.INELIGIBLE: N_("暂不符合"),
        Of.CONFIRMED: N_("已确认"),
        Of.DECLINED: N_("您已谢绝"),
        Of.LAPSED: N_("已过期"),
        Of.WITHDRAWN: N_("已撤回办理"),
        C.DRAFT: N_("草稿"),
        C.SUBMITTED: N_("待受理"),
        C.SUPPLEMENT: N_("待补正"),
        C.JOINT_REVIEW: N_("联合审核"),
        C.REVIEW: N_("待审定"),
        C.NOTICE: N_("公示中"),
        C.OBJECTION: N_("异议核查"),
        C.GRANTED: N_("已批准"),
        C.REFUSED: N_("不予批准"),
        C.APPEALED: N_("申诉处理中"),
        C.WITHDRAWN: N_("已撤回办理"),
        A.RECOGNISED: N_("资格已认定"),
        A.ACTIVE: N_("享受中"),
        A.SUSPECTED: N_("资格待核实"),
        A.SUSPENDED: N_("暂停"),
        A.ENDED: N_("已终止"),
        P.DUE: N_("应发放"),
        P.AWAITING_FUNDS: N_("等待资金"),
        P.WAITLISTED: N_("排队等候"),
        P.ACCOUNT_MISSING: N_("缺少收款账户"),
        P.RESERVED: N_("资金已预留"),
        P.INSTRUCTED: N_("已发出支付指令"),
        P.TREASURY_ACCEPTED: N_("国库已受理"),
        P.BANK_SENT: N_("银行处理中"),
        P.PAID: N_("已到账"),
        P.RETURNED: N_("银行退回"),
        P.CANCELLED: N_("已取消"),
        V.NOTICED: N_("多发待核实"),
        V.OWED: N_("待退回"),
        V.INSTALMENT: N_("分期退回中"),
        V.REPAID: N_("已退回"),
        V.WRITTEN_OFF: N_("已核销"),
        V.DROPPED: N_("不属多发"),
    }
)
