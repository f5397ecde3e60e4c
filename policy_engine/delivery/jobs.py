"""Background work of delivery: orders to the treasury and their answers, and what falls due by the calendar.

Orders that are due together travel together, however they were given, and hundreds are booked in one transaction. An order is
sent at most once by us knowingly: whenever an earlier try may have arrived, the treasury is asked by the order's key
first. Every call outside happens between two transactions, never inside one.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import OutsideRefused, OutsideTimeout
from kernel.outbox import (
    Gathered,
    Handler,
    Message,
    Schedule,
    Settled,
    TryLater,
    enqueue,
    enqueue_many,
    mark_done,
)
from policy_engine.delivery.accounts import repository as account_rows
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards import deaths, losses
from policy_engine.delivery.awards import service as awards
from policy_engine.delivery.claims import opinions, review
from policy_engine.delivery.ledger import closing
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.offers import reach as offers
from policy_engine.delivery.oversight import service as oversight
from policy_engine.delivery.payments import line, repository, runs
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.answers import apply_answers
from policy_engine.delivery.payments.locking import lock_awards_behind
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.reserving import TermsInForce, reserve_waiting
from policy_engine.delivery.ports import PaymentOrder, Ports, Treasury, TreasuryAnswer
from policy_engine.delivery.ratings import service as ratings
from policy_engine.delivery.states import IN_FLIGHT, PaymentState
from policy_engine.delivery.terms import Terms
from policy_engine.profiles.service import FACTS_CORROBORATED

FIRST_LOOK = timedelta(seconds=1)
LOOKED_AT_ONCE_MICROSECONDS = 250_000
BETWEEN_LOOKS = timedelta(seconds=5)

SCHEDULES = (
    Schedule("payment.due", timedelta(minutes=10)),
    Schedule("claim.close_notices", timedelta(minutes=30)),
    Schedule("offer.lapse", timedelta(hours=6)),
    Schedule("award.confirm_deaths", timedelta(minutes=10)),
    Schedule("claim.remind", timedelta(hours=1)),
)


def build_handlers(
    database: Database, clock: Clock, vault: Vault, ports: Ports, treasury: Treasury
) -> Mapping[str, Handler]:
    """The handlers by topic, for the worker."""
    jobs = _Jobs(database, clock, vault, ports, treasury)
    return {
        "payment.instruct": Gathered(jobs.send_orders, most=payments.MOST_ORDERS, size_of=_count_of),
        "payment.poll": Gathered(jobs.look_at_orders, most=payments.MOST_ORDERS, size_of=_count_of),
        "payment.serve_waiting": jobs.serve_waiting,
        "payment.due": jobs.create_due,
        "claim.close_notices": jobs.close_notices,
        "offer.lapse": jobs.lapse_offers,
        runs.TOPIC: jobs.advance_run,
        closing.TOPIC: jobs.close_year,
        "award.confirm_deaths": jobs.confirm_deaths,
        "claim.remind": jobs.remind,
        FACTS_CORROBORATED: jobs.second_source,
        losses.LIFT: jobs.lift_losses,
        losses.HEAR: jobs.hear_losses,
    }


def ask_soon(session: Session, instruction_ids: Collection[str], *, now: datetime) -> None:
    """A callback hinted that something changed: look at the orders at once rather than at the next turn."""
    orders = repository.by_instructions(session, instruction_ids)
    for first in range(0, len(orders), payments.MOST_ORDERS):
        part = [
            (str(number), instruction) for number, instruction in orders[first : first + payments.MOST_ORDERS]
        ]
        enqueue(session, "payment.poll", f"payment-hint:{part[0][0]}", {"orders": part}, now=now)


class _Jobs:
    def __init__(
        self, database: Database, clock: Clock, vault: Vault, ports: Ports, treasury: Treasury
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._ports = ports
        self._treasury = treasury

    def send_orders(self, messages: Sequence[Message]) -> Settled:
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
        unknown = prepared.keys() - answers.keys()
        left = {
            one.number: trouble for one in messages if trouble is not None and unknown & set(_keys_of(one))
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
            enqueue_many(session, "payment.poll", asked, now=now, available_at=first_look(now))

    def look_at_orders(self, messages: Sequence[Message]) -> Settled:
        """Ask by key what became of orders; comes back until each is paid or returned."""
        orders = _orders_of(messages)
        with self._database.read_once() as session:
            under_way = set(repository.in_flight_among(session, list(orders.values())))
        if not under_way:
            return Settled()
        answers = self._query(sorted(under_way))
        if not answers:
            return _ended(messages, under_way, marked=())
        with self._database.write() as session:
            now = self._clock.now()
            locked = self._lock(session, orders, IN_FLIGHT)
            self._apply(session, locked, answers, now=now)
            under_way = {one.instruction_id or "" for one in locked if one.state in IN_FLIGHT}
            over = [one for one in messages if not under_way & set(_keys_of(one))]
            mark_done(session, over, now=now)
        return _ended(messages, under_way, marked=over)

    def advance_run(self, message: Message) -> None:
        """A run of payments goes on, a few orders in each transaction, until it has to wait for answers."""
        batch_id = uuid.UUID(message.payload["batch_id"])
        step: runs.Step = "more"
        while step == "more":
            with self._database.write(timeout=30) as session:
                step = runs.advance(session, self._ports, batch_id, now=self._clock.now())
        if step == "wait":
            raise TryLater(BETWEEN_LOOKS, "orders are under way")

    def close_year(self, message: Message) -> None:
        """Payment by payment into the next year's books, a few in each transaction."""
        closing_id = uuid.UUID(message.payload["closing_id"])
        self._until_done(lambda session: closing.advance(session, closing_id, now=self._clock.now()))

    def serve_waiting(self, message: Message) -> None:
        self._serve(uuid.UUID(message.payload["budget_id"]))

    def _serve(self, budget_id: uuid.UUID) -> None:
        """Whoever waits for a budget, until its money ends."""

        def serve(session: Session) -> int:
            budget = ledger_rows.get_budget(session, budget_id)
            if budget is None:
                return 0
            return reserve_waiting(session, self._ports, budget, now=self._clock.now(), limit=200)

        self._until_done(serve)

    def create_due(self, _message: Message) -> None:
        """Monthly, quarterly and yearly payments whose period has begun: no tap, no human, once each.

        First those who still wait since an earlier year get of this year's money what is theirs.
        """
        with self._database.read() as session:
            begun = line.budgets_begun_with_a_line(session, self._clock.today().year)
        for budget_id in begun:
            self._serve(budget_id)

        def create(session: Session) -> int:
            return awards.create_due_payments(
                session, self._ports, until=self._clock.today(), now=self._clock.now(), limit=200
            )

        self._until_done(create)

    def close_notices(self, _message: Message) -> None:
        self._until_done(lambda session: review.close_notices(session, self._ports, now=self._clock.now()))

    def lapse_offers(self, _message: Message) -> None:
        self._until_done(lambda session: offers.lapse_offers(session, now=self._clock.now()))

    def remind(self, _message: Message) -> None:
        """Seats that let a day pass for which somebody waits are told so, once."""
        for remind in (
            opinions.remind_of_opinions,
            ratings.remind_of_ratings,
            oversight.remind_of_findings,
        ):
            self._until_done(partial(remind, ports=self._ports, now=self._clock.now()))

    def confirm_deaths(self, _message: Message) -> None:
        """A second source may have spoken meanwhile without changing the fact itself."""
        after: int | None = 0
        while after is not None:
            with self._database.write() as session:
                after = deaths.confirm_deaths(session, self._ports, now=self._clock.now(), after=after)

    def second_source(self, message: Message) -> None:
        """Another department said what was known already: of a death that is what its ending waits for."""
        if message.payload["attribute"] == deaths.IS_DECEASED:
            with self._database.write() as session:
                deaths.confirm_death(
                    session, self._ports, subject_id=message.payload["subject_id"], now=self._clock.now()
                )

    def lift_losses(self, message: Message) -> None:
        """Too many rights were put in doubt on one day: nobody stays stopped until a person has looked."""
        policy_id, day = _loss_day(message)
        self._one_by_one(
            lambda session, after: losses.lift_next(session, policy_id, day, after, now=self._clock.now())
        )

    def hear_losses(self, message: Message) -> None:
        policy_id, day = _loss_day(message)
        self._one_by_one(
            lambda session, after: losses.hear_next(
                session, self._ports, policy_id, day, after, now=self._clock.now()
            )
        )

    def _one_by_one(self, step: Callable[[Session, uuid.UUID | None], uuid.UUID | None]) -> None:
        """A transaction for each; safe to repeat from the start."""
        done: uuid.UUID | None = None
        while True:
            with self._database.write() as session:
                done = step(session, done)
            if done is None:
                return

    def _until_done(self, step: Callable[[Session], int]) -> None:
        """Small transactions one after another, so that nobody waits long for the gate."""
        while True:
            with self._database.write() as session:
                if step(session) == 0:
                    return

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
        apply_answers(session, self._ports, known, now=now)

    def _lock(
        self, session: Session, orders: Mapping[uuid.UUID, str], states: Collection[PaymentState]
    ) -> list[Payment]:
        """The payments of which these are still the present orders, their awards locked first."""
        lock_awards_behind(session, orders)
        return repository.lock_orders(session, orders, states)


def first_look(now: datetime) -> datetime:
    """About a second after an order has left: never later, and at the same moment for whatever leaves within a quarter."""
    latest = now + FIRST_LOOK
    return latest - timedelta(microseconds=latest.microsecond % LOOKED_AT_ONCE_MICROSECONDS)


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


def _loss_day(message: Message) -> tuple[str, date]:
    return message.payload["policy_id"], date.fromisoformat(message.payload["day"])
