"""Background work of delivery: orders to the treasury and their answers, and what falls due by the calendar.

Orders go out as they were given, one or hundreds in a message, and hundreds are booked in one transaction. An order is
sent at most once by us knowingly: whenever an earlier try may have arrived, the treasury is asked by the order's key
first. Every call outside happens between two transactions, never inside one.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import OutsideRefused, OutsideTimeout
from kernel.outbox import Handler, Message, Schedule, TryLater, enqueue
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
        "payment.instruct": jobs.send_orders,
        "payment.poll": jobs.look_at_orders,
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

    def send_orders(self, message: Message) -> None:
        """Send orders, asking first where an earlier try may have arrived; then keep looking until all have ended."""
        orders = _orders_of(message)
        prepared, asked_before = self._prepare(orders)
        if not prepared:
            return
        answers = dict(self._query(sorted(asked_before)))
        trouble: OutsideTimeout | None = None
        try:
            answers |= self._submit([one for key, one in prepared.items() if key not in answers])
        except OutsideTimeout as nobody_knows:
            answers |= self._query([one for one in prepared if one not in answers])
            trouble = nobody_knows if len(answers) < len(prepared) else None
        with self._database.write() as session:
            now = self._clock.now()
            locked = self._lock(session, orders, (PaymentState.INSTRUCTED,))
            self._apply(session, locked, answers, now=now)
            under_way = [
                (str(one.id), one.instruction_id)
                for one in locked
                if one.state in IN_FLIGHT and one.instruction_id in answers
            ]
            if under_way:
                later = now + FIRST_LOOK
                enqueue(
                    session, "payment.poll", message.key, {"orders": under_way}, now=now, available_at=later
                )
        if trouble is not None:
            raise trouble

    def look_at_orders(self, message: Message) -> None:
        """Ask by key what became of orders; comes back until each is paid or returned."""
        orders = _orders_of(message)
        with self._database.read_once() as session:
            under_way = repository.in_flight_among(session, list(orders.values()))
        if not under_way:
            return
        answers = self._query(under_way)
        if answers:
            with self._database.write() as session:
                locked = self._lock(session, orders, IN_FLIGHT)
                self._apply(session, locked, answers, now=self._clock.now())
                under_way = [one.instruction_id or "" for one in locked if one.state in IN_FLIGHT]
        if under_way:
            raise TryLater(BETWEEN_LOOKS, f"{len(under_way)} orders are under way")

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

    def _prepare(self, orders: Mapping[uuid.UUID, str]) -> tuple[dict[str, PaymentOrder], set[str]]:
        """The orders by key, and those that may have arrived before.

        A try is counted before it happens: after a crash the next one knows that this one may have arrived.
        """
        prepared: dict[str, PaymentOrder] = {}
        asked_before: set[str] = set()
        with self._database.write() as session:
            locked = [
                one
                for one in self._lock(session, orders, (PaymentState.INSTRUCTED,))
                if one.account_id is not None
            ]
            known = account_rows.accounts_among(session, {one.account_id for one in locked if one.account_id})
            appropriations = ledger_rows.appropriations(
                session, {one.budget_id for one in locked if one.budget_id}
            )
            terms = TermsInForce(session, self._ports)
            for payment in locked:
                account = known.get(payment.account_id) if payment.account_id else None
                appropriation = appropriations.get(payment.budget_id) if payment.budget_id else None
                if account is None or appropriation is None or payment.instruction_id is None:
                    raise LookupError(f"payment {payment.id} lost its account or budget")
                if payment.send_count > 0:
                    asked_before.add(payment.instruction_id)
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


def _orders_of(message: Message) -> dict[uuid.UUID, str]:
    """Instructions by payment; a message of before orders went out in batches names a single one."""
    payload = message.payload
    named = payload.get("orders") or [(payload["payment_id"], payload["instruction_id"])]
    return {uuid.UUID(payment_id): instruction_id for payment_id, instruction_id in named}


def _loss_day(message: Message) -> tuple[str, date]:
    return message.payload["policy_id"], date.fromisoformat(message.payload["day"])
