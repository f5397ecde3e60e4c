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


class OrderState(msgspec.Struct, frozen=True):
    """Where an order stands; ``reason`` is a code when it is refused or returned."""

    instruction_id: str
    status: OrderStatus
    amount: Yuan
    reason: str | None = None
    bank_reference: str | None = None
    settled_at: datetime | None = None


class OrderStatusChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """支付回单: a callback. It is a hint to ask again by key, never by itself a proof that money moved."""

    instruction_id: InstructionId
    status: OrderStatus
    amount: Yuan
    reason: str | None
    bank_reference: str | None
