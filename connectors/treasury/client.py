"""Payment orders to the treasury: sent once per instruction id, and asked after by it."""

import hashlib
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from connectors.treasury.messages import (
    OrderBatch,
    OrderQuestions,
    OrderState,
    OrderStates,
    OrderStatus,
    PaymentOrder,
)
from connectors.wire import write_yuan
from kernel.errors import OutsideRefused
from kernel.i18n import N_
from kernel.i18n import gettext as _

AnswerStatus = Literal["accepted", "sent", "paid", "returned", "refused"]
_STATUS: dict[OrderStatus, AnswerStatus] = {
    "accepted": "accepted",
    "sent_to_bank": "sent",
    "paid": "paid",
    "returned": "returned",
    "refused": "refused",
}


class Instruction(Protocol):
    """What an order must say; ``instruction_id`` is its idempotency key."""

    @property
    def instruction_id(self) -> str: ...
    @property
    def amount_fen(self) -> int: ...
    @property
    def bank(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def holder(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def appropriation(self) -> str: ...


class TreasuryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order stands. ``returned`` is 退票: the money came back; ``reason`` says why in a code."""

    status: AnswerStatus
    reference: str = ""
    reason: str = ""


class TreasuryClient:
    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._caller = Caller(N_("国库"), system, name="treasury", watch=watch, first_pause=first_pause)

    def submit(self, order: Instruction) -> TreasuryAnswer:
        """Send an order. Raises ``OutsideTimeout`` (query before sending again), ``OutsideUnavailable`` (not done),
        ``OutsideRefused`` (final, with the treasury's code)."""
        answer = _answer(self._caller.change("/orders", OrderState, _wire(order), key=order.instruction_id))
        if answer.status == "refused":
            raise OutsideRefused(_("国库退回了支付指令，请核对后重新生成。"), code=answer.reason or "refused")
        return answer

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        """What became of an order; None when the treasury never saw it, so that sending it is safe."""
        try:
            return _answer(self._caller.read(f"/orders/{instruction_id}", OrderState))
        except OutsideRefused as refused:
            if refused.code == "order_unknown":
                return None
            raise

    def submit_many(self, orders: Sequence[Instruction]) -> dict[str, TreasuryAnswer]:
        """Send orders in one message; an answer for each by its instruction id, refusals among them.

        Raises as ``submit`` does when there is no answer for any; ``OutsideRefused``: the message was not taken.
        """
        batch = OrderBatch(tuple(map(_wire, orders)))
        states = self._caller.change("/orders/batch", OrderStates, batch, key=_key_of(orders))
        return _answers(states)

    def query_many(self, instruction_ids: Sequence[str]) -> dict[str, TreasuryAnswer]:
        """What became of orders, without those that the treasury never saw."""
        questions = OrderQuestions(tuple(instruction_ids))
        return _answers(self._caller.read("/orders/query", OrderStates, question=questions))

    def close(self) -> None:
        self._caller.close()


def _wire(order: Instruction) -> PaymentOrder:
    return PaymentOrder(
        instruction_id=order.instruction_id,
        appropriation=order.appropriation,
        amount=write_yuan(order.amount_fen),
        payee_bank=order.bank,
        payee_account=order.number,
        payee_name=order.holder,
        purpose=order.purpose,
    )


def _key_of(orders: Sequence[Instruction]) -> str:
    """The same orders are the same message."""
    return hashlib.sha256("\n".join(one.instruction_id for one in orders).encode()).hexdigest()


def _answers(states: OrderStates) -> dict[str, TreasuryAnswer]:
    return {one.instruction_id: _answer(one) for one in states.orders}


def _answer(state: OrderState) -> TreasuryAnswer:
    return TreasuryAnswer(
        status=_STATUS[state.status], reference=state.bank_reference or "", reason=state.reason or ""
    )
