"""What goes to the treasury (国库) and comes back: payment orders, their state by key, callbacks."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from connectors.wire import Yuan

InstructionId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z\-]{8,64}\Z")]
OrderStatus = Literal["accepted", "sent_to_bank", "paid", "returned", "refused"]


class PaymentOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """支付指令. The same ``instruction_id`` is the same order, however often it is sent."""

    instruction_id: InstructionId
    appropriation: str
    amount: Yuan
    payee_bank: str
    payee_account: str
    payee_name: str
    purpose: str


#: Orders in one batch message at most.
MOST_ORDERS = 500


class OrderBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """批量支付指令: orders that travel together; each keeps its own key and gets its own answer."""

    orders: Annotated[tuple[PaymentOrder, ...], msgspec.Meta(min_length=1, max_length=MOST_ORDERS)]


class OrderQuestions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of these orders?"""

    instruction_ids: Annotated[tuple[InstructionId, ...], msgspec.Meta(min_length=1, max_length=MOST_ORDERS)]


class OrderState(msgspec.Struct, frozen=True):
    """Where an order stands; ``reason`` is a code when it is refused or returned."""

    instruction_id: str
    status: OrderStatus
    amount: Yuan
    reason: str | None = None
    bank_reference: str | None = None
    settled_at: datetime | None = None


class OrderStates(msgspec.Struct, frozen=True):
    """One for each order; of those asked after, without those that the treasury never saw."""

    orders: tuple[OrderState, ...]


class OrderStatusChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """支付回单: a callback. It is a hint to ask again by key, never by itself a proof that money moved."""

    instruction_id: InstructionId
    status: OrderStatus
    amount: Yuan
    reason: str | None
    bank_reference: str | None


class OrdersSettled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """批量回单: orders of a batch message that were paid or came back. A hint to ask by their keys, like a single one."""

    instruction_ids: Annotated[tuple[InstructionId, ...], msgspec.Meta(min_length=1, max_length=MOST_ORDERS)]
