"""Orders on their way: sent to the treasury, asked after, and what is answered brought into the house.

Orders that are due together travel together, however they were given, and hundreds are booked in one transaction. An order is
sent at most once by us knowingly: whenever an earlier try may have arrived, the treasury is asked by the order's key
first. Every call outside happens between two transactions, never inside one.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import OutsideRefused, OutsideTimeout
from kernel.i18n import gettext as _
from kernel.outbox import Gathered, Message, Settled, TryLater, enqueue, enqueue_many, mark_done
from policy_engine.delivery.accounts import repository as account_rows
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.answers import apply_answers
from policy_engine.delivery.payments.locking import lock_awards_behind
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.reserving import TermsInForce
from policy_engine.delivery.ports import PaymentOrder, Ports, Treasury, TreasuryAnswer
from policy_engine.delivery.recovery import repository as recovery_rows
from policy_engine.delivery.states import IN_FLIGHT, PaymentState
from policy_engine.delivery.terms import Terms

POLL = "payment.poll"
FIRST_LOOK = timedelta(seconds=1)
#: Orders that leave within so long of one another are asked after at one time.
TOGETHER_MICROSECONDS = 250_000
BETWEEN_LOOKS = timedelta(seconds=5)


def handlers(
    database: Database, clock: Clock, vault: Vault, ports: Ports, treasury: Treasury
) -> Mapping[str, Gathered]:
    """What the worker calls, by topic."""
    orders = _Orders(database, clock, vault, ports, treasury)
    return {
        payments.INSTRUCT: Gathered(orders.send, most=payments.MOST_ORDERS, size_of=_count_of),
        POLL: Gathered(orders.look_at, most=payments.MOST_ORDERS, size_of=_count_of),
    }


def ask_soon(session: Session, instruction_ids: Collection[str], *, now: datetime) -> None:
    """A callback or the bank's statement hinted that something changed: look at the orders at once rather than at the
    next turn, at those that were paid too, which may have come back since."""
    orders = repository.by_instructions(session, instruction_ids)
    for first in range(0, len(orders), payments.MOST_ORDERS):
        part = [
            (str(number), instruction) for number, instruction in orders[first : first + payments.MOST_ORDERS]
        ]
        payload = {"orders": part, "ended_too": True}
        enqueue(session, POLL, f"payment-hint:{part[0][0]}", payload, now=now)


class _Orders:
    def __init__(
        self, database: Database, clock: Clock, vault: Vault, ports: Ports, treasury: Treasury
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._ports = ports
        self._treasury = treasury

    def send(self, messages: Sequence[Message]) -> Settled:
        """Send orders, asking first where an earlier try may have arrived; then keep looking until all have ended."""
        orders = _orders_of(messages)
        prepared, asked_before = self._prepare(orders, is_again=messages[0].attempts > 1)
        if not prepared:
            return Settled()
        answers = dict(self._query(sorted(asked_before)))
        trouble: OutsideTimeout | None = None
        try:
            answers |= self._submit([one for key, one in prepared.items() if key not in answers])
        except OutsideTimeout as nobody_knows:
            answers |= self._query([one for one in prepared if one not in answers])
            trouble = nobody_knows
        unknown = prepared.keys() - answers.keys()  # an answer to many may leave some out
        left = {
            one.number: trouble or OutsideTimeout(_("国库的回执里缺少部分指令，将先查询结果。"))
            for one in messages
            if unknown & set(_keys_of(one))
        }
        sent = [one for one in messages if one.number not in left]
        with self._database.write() as session:
            now = self._clock.now()
            locked = self._lock(session, orders, (PaymentState.INSTRUCTED,))
            for payment in locked:
                if payment.instruction_id in prepared:
                    payment.send_count = max(payment.send_count, 1)
            self._apply(session, locked, answers, now=now)
            under_way = {
                str(one.id): one.instruction_id
                for one in locked
                if one.state in IN_FLIGHT and one.instruction_id in answers
            }
            self._look_later(session, messages, under_way, now=now)
            mark_done(session, sent, now=now)
        return Settled(marked=frozenset(one.number for one in sent), left=left)

    def _look_later(
        self,
        session: Session,
        messages: Sequence[Message],
        under_way: Mapping[str, str | None],
        *,
        now: datetime,
    ) -> None:
        """Each message's orders stay together; those that leave within a moment are asked after at one time."""
        asked = [
            (message.key, {"orders": named})
            for message in messages
            if (named := [one for one in _named_in(message) if one[0] in under_way])
        ]
        if asked:
            enqueue_many(session, POLL, asked, now=now, available_at=first_look(now))

    def look_at(self, messages: Sequence[Message]) -> Settled:
        """Ask by key what became of orders; comes back until each is paid or returned."""
        orders = _orders_of(messages)
        is_hint = any(one.payload.get("ended_too") for one in messages)
        states = {*IN_FLIGHT, PaymentState.PAID} if is_hint else {*IN_FLIGHT}
        with self._database.read_once() as session:
            asked = repository.orders_among(session, list(orders.values()), states)
        if not asked:
            return Settled()
        answers = self._query(asked)
        if not answers and not is_hint:
            return _ended(messages, set(asked), marked=())
        with self._database.write() as session:
            now = self._clock.now()
            locked = self._lock(session, orders, states)
            self._apply(session, locked, answers, now=now)
            under_way = {one.instruction_id or "" for one in locked if one.state in IN_FLIGHT}
            over = [one for one in messages if not under_way & set(_keys_of(one))]
            mark_done(session, over, now=now)
        return _ended(messages, under_way, marked=over)

    def _prepare(
        self, orders: Mapping[uuid.UUID, str], *, is_again: bool
    ) -> tuple[dict[str, PaymentOrder], set[str]]:
        """The orders by key, and those that may have arrived before.

        Every try is counted before it happens, so that after a crash the next one knows that this one may have arrived:
        the first by the lease of its message, any other here.
        """
        with self._database.write() if is_again else self._database.read() as session:
            if is_again:
                found = self._lock(session, orders, (PaymentState.INSTRUCTED,))
            else:
                found = repository.orders_in(session, orders, (PaymentState.INSTRUCTED,))
            known = account_rows.accounts_among(session, {one.account_id for one in found if one.account_id})
            appropriations = ledger_rows.appropriations(
                session, {one.budget_id for one in found if one.budget_id}
            )
            terms = TermsInForce(session, self._ports)
            prepared: dict[str, PaymentOrder] = {}
            asked_before: set[str] = set()
            for payment in found:
                if payment.account_id is None:
                    continue
                account = known.get(payment.account_id)
                appropriation = appropriations.get(payment.budget_id) if payment.budget_id else None
                if account is None or appropriation is None or payment.instruction_id is None:
                    raise LookupError(f"payment {payment.id} lost its account or budget")
                if is_again or payment.send_count > 0:
                    asked_before.add(payment.instruction_id)
                if is_again:
                    payment.send_count += 1
                prepared[payment.instruction_id] = self._order(
                    payment, account, appropriation, terms.of(payment.policy_id, payment.policy_version)
                )
        return prepared, asked_before

    def _order(
        self, payment: Payment, account: PayeeAccount, appropriation: str, terms: Terms
    ) -> PaymentOrder:
        number, holder = accounts.opened(self._vault, account)
        return PaymentOrder(
            instruction_id=payment.instruction_id or "",
            amount_fen=payment.amount_fen,
            bank=account.bank,
            number=number,
            holder=holder,
            holder_id=account.subject_id,
            purpose=f"{terms.title} {payment.period}",
            appropriation=appropriation,
        )

    def _submit(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        """Send one by itself, many in a batch message. Raises ``OutsideTimeout`` when nobody knows."""
        if len(orders) > 1:
            try:
                return self._treasury.submit_many(orders)
            except OutsideRefused:
                pass  # not taken as a message: each by itself then, so that one bad order stops only itself
        answers: dict[str, TreasuryAnswer] = {}
        for order in orders:
            try:
                answers[order.instruction_id] = self._treasury.submit(order)
            except OutsideRefused as refusal:
                answers[order.instruction_id] = TreasuryAnswer(status="refused", reason=refusal.detail)
        return answers

    def _query(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        if len(instruction_ids) > 1:
            return self._treasury.query_many(instruction_ids)
        found = {one: self._treasury.query(one) for one in instruction_ids}
        return {one: answer for one, answer in found.items() if answer is not None}

    def _apply(
        self,
        session: Session,
        locked: Sequence[Payment],
        answers: Mapping[str, TreasuryAnswer],
        *,
        now: datetime,
    ) -> None:
        known = [(one, answers[one.instruction_id]) for one in locked if one.instruction_id in answers]
        # Came back after it had arrived while it is asked back: the statement's difference stays open until a person has
        # dropped that or set it aside, because nobody owes what they never had and nothing may be sent anew that was not due.
        paid = [one.id for one, _ in known if one.state == PaymentState.PAID]
        asked_back = recovery_rows.asked_back_among(session, paid)
        apply_answers(session, self._ports, [one for one in known if one[0].id not in asked_back], now=now)

    def _lock(
        self, session: Session, orders: Mapping[uuid.UUID, str], states: Collection[PaymentState]
    ) -> list[Payment]:
        """The payments of which these are still the present orders, their awards locked first."""
        lock_awards_behind(session, orders)
        return repository.lock_orders(session, orders, states)


def first_look(now: datetime) -> datetime:
    """About a second after an order has left: never later, and at the same moment for whatever leaves within a quarter."""
    latest = now + FIRST_LOOK
    return latest - timedelta(microseconds=latest.microsecond % TOGETHER_MICROSECONDS)


def _named_in(message: Message) -> Sequence[tuple[str, str]]:
    """(payment, instruction); a message of before orders went out in batches names a single one."""
    payload = message.payload
    return payload.get("orders") or [(payload["payment_id"], payload["instruction_id"])]


def _keys_of(message: Message) -> list[str]:
    return [instruction_id for _, instruction_id in _named_in(message)]


def _count_of(message: Message) -> int:
    return len(_named_in(message))


def _orders_of(messages: Sequence[Message]) -> dict[uuid.UUID, str]:
    """Instructions by payment."""
    return {
        uuid.UUID(payment_id): instruction_id
        for message in messages
        for payment_id, instruction_id in _named_in(message)
    }


def _ended(messages: Sequence[Message], under_way: Set[str], marked: Sequence[Message]) -> Settled:
    """What has orders under way comes back; the rest is over."""
    left: dict[int, Exception] = {}
    for message in messages:
        count = len(under_way & set(_keys_of(message)))
        if count:
            left[message.number] = TryLater(BETWEEN_LOOKS, f"{count} orders are under way")
    return Settled(marked=frozenset(one.number for one in marked), left=left)
