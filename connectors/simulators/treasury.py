"""The simulated treasury: keeps each order once, hands it to the bank, and calls back when it is settled."""

from datetime import datetime

import msgspec

from connectors.banks.messages import PayoutOrder
from connectors.simulators.bank import Bank
from connectors.simulators.desk import Desk
from connectors.simulators.faults import use_fault
from connectors.simulators.refusals import Refused
from connectors.simulators.store import Row, Store
from connectors.treasury.callbacks import EVENT_TYPE
from connectors.treasury.messages import OrderState, OrderStatusChanged, PaymentOrder
from connectors.wire import read_fen, write_yuan


class Treasury:
    def __init__(self, store: Store, desk: Desk, bank: Bank) -> None:
        self._store = store
        self._desk = desk
        self._bank = bank

    def submit(self, order: PaymentOrder) -> OrderState:
        """Keep an order, or say how the one with this id stands. Raises ``Refused``, which is kept too."""
        if read_fen(order.amount) == 0:
            raise Refused("amount_zero", "支付金额必须大于零")
        content = msgspec.json.encode(order).decode()
        with self._store.transaction():
            known = self._row(order.instruction_id)
            if known is None:
                fault = use_fault(self._store, "treasury", "refuse")
                self._keep(order, content, "refused" if fault else "accepted", fault.code if fault else None)
                known = self._row(order.instruction_id)
        if known is None:
            raise LookupError(order.instruction_id)
        if known["content"] != content:
            raise Refused("key_reused", "同一指令编号已用于另一笔支付", status=409)
        if known["status"] == "refused":
            raise Refused(known["reason"], "国库未受理这笔支付")
        return _state(known)

    def query(self, instruction_id: str) -> OrderState:
        row = self._row(instruction_id)
        if row is None:
            raise Refused("order_unknown", "没有这笔支付指令", status=404)
        return _state(row)

    def latest(self, limit: int = 100) -> list[OrderState]:
        rows = self._store.rows("SELECT * FROM treasury_order ORDER BY accepted_at DESC LIMIT ?", limit)
        return [_state(row) for row in rows]

    def advance(self) -> None:
        """Hand accepted orders to the bank; take over what the bank has settled and call back."""
        for row in self._store.rows("SELECT * FROM treasury_order WHERE status = 'accepted'"):
            self._hand_over(row)
        settled = (
            "SELECT o.instruction_id, o.amount_fen, p.status, p.reason, p.reference, p.booked_at "
            "FROM treasury_order o JOIN payout p USING (instruction_id) "
            "WHERE o.status = 'sent_to_bank' AND p.status IN ('paid', 'returned')"
        )
        for row in self._store.rows(settled):
            self._take_over(row)

    def _hand_over(self, row: Row) -> None:
        order = msgspec.json.decode(row["content"], type=PaymentOrder)
        with self._store.transaction():
            payout = self._bank.accept(
                PayoutOrder(
                    instruction_id=order.instruction_id,
                    amount=order.amount,
                    payee_bank=order.payee_bank,
                    payee_account=order.payee_account,
                    payee_name=order.payee_name,
                    purpose=order.purpose,
                )
            )
            self._store.run(
                "UPDATE treasury_order SET status = 'sent_to_bank', bank_reference = ? WHERE instruction_id = ?",
                payout.bank_reference,
                order.instruction_id,
            )

    def _take_over(self, row: Row) -> None:
        fault = use_fault(self._store, "treasury", "duplicate_callbacks")
        with self._store.transaction():
            self._store.run(
                "UPDATE treasury_order SET status = ?, reason = ?, settled_at = ? WHERE instruction_id = ?",
                row["status"],
                row["reason"],
                row["booked_at"],
                row["instruction_id"],
            )
            callback = OrderStatusChanged(
                instruction_id=row["instruction_id"],
                status=row["status"],
                amount=write_yuan(row["amount_fen"]),
                reason=row["reason"],
                bank_reference=row["reference"],
            )
            self._desk.send(
                "treasury", EVENT_TYPE, callback, row["instruction_id"], deliveries=3 if fault else 1
            )

    def _row(self, instruction_id: str) -> Row | None:
        return self._store.row("SELECT * FROM treasury_order WHERE instruction_id = ?", instruction_id)

    def _keep(self, order: PaymentOrder, content: str, status: str, reason: str | None) -> None:
        self._store.run(
            "INSERT INTO treasury_order (instruction_id, content, amount_fen, status, reason, accepted_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            order.instruction_id,
            content,
            read_fen(order.amount),
            status,
            reason,
            self._desk.clock.now().isoformat(),
        )


def _state(row: Row) -> OrderState:
    return OrderState(
        instruction_id=row["instruction_id"],
        status=row["status"],
        amount=write_yuan(row["amount_fen"]),
        reason=row["reason"],
        bank_reference=row["bank_reference"],
        settled_at=datetime.fromisoformat(row["settled_at"]) if row["settled_at"] else None,
    )
