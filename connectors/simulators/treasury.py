"""The simulated treasury: keeps each order once, hands it to the bank, and calls back when it is settled."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors.banks.messages import PayoutOrder
from connectors.simulators.bank import Bank
from connectors.simulators.desk import Desk
from connectors.simulators.faults import use_fault
from connectors.simulators.refusals import Refused
from connectors.simulators.store import Row, Store
from connectors.treasury.callbacks import BATCH_EVENT_TYPE, EVENT_TYPE
from connectors.treasury.messages import OrdersSettled, OrderState, OrderStatusChanged, PaymentOrder
from connectors.wire import read_fen, write_yuan

#: Orders handed over, settled and called back in one step.
STEP = 500


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

    def submit_many(self, orders: Sequence[PaymentOrder]) -> list[OrderState]:
        """Orders that came in one message; what would be refused alone is answered as refused."""
        message = uuid.uuid4().hex
        states = []
        with self._store.transaction():
            for order in orders:
                try:
                    states.append(self.submit(order))
                except Refused as refused:
                    states.append(OrderState(order.instruction_id, "refused", order.amount, refused.code))
            self._store.run_many(
                "UPDATE treasury_order SET message = ? WHERE instruction_id = ? AND message IS NULL",
                [(message, order.instruction_id) for order in orders],
            )
        return states

    def query_many(self, instruction_ids: Sequence[str]) -> list[OrderState]:
        marks = ", ".join("?" * len(instruction_ids))
        rows = self._store.rows(
            f"SELECT * FROM treasury_order WHERE instruction_id IN ({marks})",  # noqa: S608 (question marks only)
            *instruction_ids,
        )
        return [_state(row) for row in rows]

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
        accepted = "SELECT * FROM treasury_order WHERE status = 'accepted' LIMIT ?"
        while rows := self._store.rows(accepted, STEP):
            self._hand_over(rows)
        settled = (
            "SELECT o.instruction_id, o.amount_fen, o.message, p.status, p.reason, p.reference, p.booked_at "
            "FROM treasury_order o JOIN payout p USING (instruction_id) "
            "WHERE o.status = 'sent_to_bank' AND p.status IN ('paid', 'returned') LIMIT ?"
        )
        while rows := self._store.rows(settled, STEP):
            self._take_over(rows)

    def _hand_over(self, rows: Sequence[Row]) -> None:
        with self._store.transaction():
            references = self._bank.accept_many(
                [_payout_order(msgspec.json.decode(row["content"], type=PaymentOrder)) for row in rows]
            )
            self._store.run_many(
                "UPDATE treasury_order SET status = 'sent_to_bank', bank_reference = ? WHERE instruction_id = ?",
                [(reference, instruction_id) for instruction_id, reference in references.items()],
            )

    def _take_over(self, rows: Sequence[Row]) -> None:
        """What came alone is called back alone, what came in a message in one for as many as are settled."""
        together: defaultdict[str, list[str]] = defaultdict(list)
        with self._store.transaction():
            self._store.run_many(
                "UPDATE treasury_order SET status = ?, reason = ?, settled_at = ? WHERE instruction_id = ?",
                [(row["status"], row["reason"], row["booked_at"], row["instruction_id"]) for row in rows],
            )
            for row in rows:
                if row["message"] is None:
                    self._call_back(_changed(row), EVENT_TYPE, row["instruction_id"])
                else:
                    together[row["message"]].append(row["instruction_id"])
            for message, settled in together.items():
                self._call_back(OrdersSettled(tuple(settled)), BATCH_EVENT_TYPE, message)

    def _call_back(self, callback: msgspec.Struct, event_type: str, identifier: str) -> None:
        fault = use_fault(self._store, "treasury", "duplicate_callbacks")
        self._desk.send("treasury", event_type, callback, identifier, deliveries=3 if fault else 1)

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


def _payout_order(order: PaymentOrder) -> PayoutOrder:
    return PayoutOrder(
        instruction_id=order.instruction_id,
        amount=order.amount,
        payee_bank=order.payee_bank,
        payee_account=order.payee_account,
        payee_name=order.payee_name,
        purpose=order.purpose,
    )


def _changed(row: Row) -> OrderStatusChanged:
    return OrderStatusChanged(
        instruction_id=row["instruction_id"],
        status=row["status"],
        amount=write_yuan(row["amount_fen"]),
        reason=row["reason"],
        bank_reference=row["reference"],
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
