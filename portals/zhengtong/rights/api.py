"""Rights in question and overpayments for programs."""

import uuid
from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from policy_engine.delivery.awards.adjusting import Adjusted
from policy_engine.delivery.recovery.schemas import OverpaymentView
from policy_engine.delivery.recovery.undoing import Ground
from portals.zhengtong.access import needs
from portals.zhengtong.rights import acts
from portals.zhengtong.visit import Given, Said

MAY_DECIDE = needs("claim.decide")
MAY_PAY = needs("payment.approve")
MAY_SEE = needs("claim.decide", "payment.approve", "audit.read")

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class RightAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``from_month`` (its first day) only to end a right."""

    act: Literal["restore", "end", "undo_death", "adjust", "agree_heir", "refuse_heir"]
    reason: Reason
    from_month: date | None = None


class RaisedAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy_id: Annotated[str, msgspec.Meta(max_length=80)]
    reason: Reason


class LossesAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy_id: Annotated[str, msgspec.Meta(max_length=80)]
    day: date
    outcome: Literal["carried_out", "dismissed"]
    reason: Reason


class OverpaymentDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Literal["demand", "drop", "write_off"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    is_known_to_payee: bool = False


class Undoing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``reference``: the number of the reconsideration decision or judgment; none for a correction of one's own."""

    ground: Ground
    reference: Annotated[str, msgspec.Meta(max_length=60)] = ""
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class InstalmentPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=2, le=60)]
    first_due_on: date


class NewRepayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``receipt``: the number of the bank's receipt; booked once per number."""

    amount_fen: Annotated[int, msgspec.Meta(gt=0, lt=10**14)]
    receipt: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    received_on: date


class WriteOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


@get(
    "/rights",
    sync_to_thread=True,
    tags=["rights"],
    summary="Rights in question: suspected, death, died, heirs, amount; or days of too many losses",
    guards=[MAY_DECIDE],
)
def list_rights(services: Given, principal: Said, question: FromQuery[str] = "suspected") -> acts.Questions:
    return acts.questions(services, principal, question)


@post(
    "/rights/{award_id:uuid}/acts",
    status_code=204,
    sync_to_thread=True,
    tags=["rights"],
    summary="Restore, end, undo a death, adjust, or decide on who receives what was due",
    guards=[MAY_DECIDE],
)
def add_right_act(
    services: Given, principal: Said, award_id: FromPath[uuid.UUID], data: JSONBody[RightAct]
) -> None:
    acts.act_on_right(services, principal, award_id, data.act, data.reason, data.from_month)


@post(
    "/rights/adjustments",
    status_code=200,
    sync_to_thread=True,
    tags=["rights"],
    summary="Adjust all awards of a policy that today's standards raise",
    guards=[MAY_DECIDE],
)
def add_adjustments(services: Given, principal: Said, data: JSONBody[RaisedAct]) -> list[Adjusted]:
    return acts.adjust_raised(services, principal, data.policy_id, data.reason)


@post(
    "/rights/losses",
    status_code=204,
    sync_to_thread=True,
    tags=["rights"],
    summary="Say whether a feed that put too many rights in doubt is right",
    guards=[MAY_DECIDE],
)
def add_losses_decision(services: Given, principal: Said, data: JSONBody[LossesAct]) -> None:
    acts.decide_losses(services, principal, data.policy_id, data.day, data.outcome, data.reason)


@get(
    "/overpayments",
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Overpayments of the seat's division",
    guards=[MAY_SEE],
)
def list_overpayments(
    services: Given, principal: Said, is_open: FromQuery[bool] = True
) -> list[OverpaymentView]:
    return acts.overpayments(services, principal, is_open=is_open)


@get(
    "/overpayments/{overpayment_id:uuid}",
    sync_to_thread=True,
    tags=["overpayments"],
    summary="One overpayment",
    guards=[MAY_SEE],
)
def read_overpayment(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID]
) -> OverpaymentView:
    return acts.overpayment(services, principal, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Demand, drop or write off, after the hearing",
    guards=[MAY_DECIDE],
)
def add_overpayment_decision(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID], data: JSONBody[OverpaymentDecision]
) -> OverpaymentView:
    acts.decide(
        services,
        principal,
        overpayment_id,
        data.outcome,
        data.reason,
        is_known_to_payee=data.is_known_to_payee,
    )
    return acts.overpayment(services, principal, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/undoing",
    status_code=200,
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Set a decision to recover aside; what was repaid is paid out again",
    guards=[MAY_DECIDE],
)
def add_undoing(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID], data: JSONBody[Undoing]
) -> OverpaymentView:
    acts.undo(services, principal, overpayment_id, data.ground, data.reference, data.reason)
    return acts.overpayment(services, principal, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/instalments",
    status_code=200,
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Agree on instalments",
    guards=[MAY_DECIDE],
)
def add_instalments(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID], data: JSONBody[InstalmentPlan]
) -> OverpaymentView:
    acts.agree_instalments(services, principal, overpayment_id, data.count, data.first_due_on)
    return acts.overpayment(services, principal, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/repayments",
    status_code=200,
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Enter a bank receipt",
    guards=[MAY_PAY],
)
def add_repayment(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID], data: JSONBody[NewRepayment]
) -> OverpaymentView:
    acts.record_repayment(
        services, principal, overpayment_id, data.amount_fen, data.receipt, data.received_on
    )
    return acts.overpayment(services, principal, overpayment_id)


@post(
    "/overpayments/{overpayment_id:uuid}/write-off",
    status_code=200,
    sync_to_thread=True,
    tags=["overpayments"],
    summary="Give up what is left of a demand",
    guards=[MAY_PAY],
)
def add_write_off(
    services: Given, principal: Said, overpayment_id: FromPath[uuid.UUID], data: JSONBody[WriteOff]
) -> OverpaymentView:
    acts.write_off(services, principal, overpayment_id, data.reason)
    return acts.overpayment(services, principal, overpayment_id)


HANDLERS = [
    list_rights,
    add_right_act,
    add_adjustments,
    add_losses_decision,
    list_overpayments,
    read_overpayment,
    add_overpayment_decision,
    add_undoing,
    add_instalments,
    add_repayment,
    add_write_off,
]
