"""Background work of delivery: orders to the treasury and their answers, and what falls due by the calendar.

An order is sent at most once by us knowingly: whenever an earlier try may have arrived, the treasury is asked by the
order's key first. Every call outside happens between two transactions, never inside one.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import OutsideRefused, OutsideTimeout
from kernel.outbox import Handler, Message, Schedule, TryLater, enqueue, once
from policy_engine.delivery.accounts import repository as account_rows
from policy_engine.delivery.accounts import service as accounts
from policy_engine.delivery.awards import deaths, losses
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.awards import service as awards
from policy_engine.delivery.claims import opinions, review
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.offers import reach as offers
from policy_engine.delivery.payments import repository, runs
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import PaymentOrder, Ports, Treasury, TreasuryAnswer
from policy_engine.delivery.states import IN_FLIGHT, PaymentState
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
        "payment.instruct": jobs.send_order,
        "payment.poll": jobs.look_at_order,
        "payment.serve_waiting": jobs.serve_waiting,
        "payment.due": jobs.create_due,
        "claim.close_notices": jobs.close_notices,
        "offer.lapse": jobs.lapse_offers,
        runs.TOPIC: jobs.advance_run,
        "award.confirm_deaths": jobs.confirm_deaths,
        "claim.remind": jobs.remind,
        FACTS_CORROBORATED: jobs.second_source,
        losses.LIFT: jobs.lift_losses,
        losses.HEAR: jobs.hear_losses,
    }


def ask_soon(session: Session, instruction_id: str, *, now: datetime) -> None:
    """A callback hinted that something changed: look at the order at once rather than at the next turn."""
    payment = repository.find_by_instruction(session, instruction_id)
    if payment is not None:
        payload = {"payment_id": str(payment.id), "instruction_id": instruction_id}
        enqueue(session, "payment.poll", f"payment-hint:{payment.id}", payload, now=now)


class _Jobs:
    def __init__(
        self, database: Database, clock: Clock, vault: Vault, ports: Ports, treasury: Treasury
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._ports = ports
        self._treasury = treasury

    def send_order(self, message: Message) -> None:
        """Send one order, asking first where an earlier try may have arrived; then keep looking until it ends."""
        prepared = self._prepare(message)
        if prepared is None:
            return
        order, may_have_arrived = prepared
        answer = self._treasury.query(order.instruction_id) if may_have_arrived else None
        if answer is None:
            answer = self._submit(order)
        with self._database.write() as session:
            if not once(session, "payment.instruct", message.message_id):
                return
            payment = self._lock(session, message)
            if payment is None:
                return
            now = self._clock.now()
            payments.apply_answer(session, self._ports, payment, answer, now=now)
            if payment.state in IN_FLIGHT:
                key = f"payment:{payment.id}"
                enqueue(session, "payment.poll", key, message.payload, now=now, available_at=now + FIRST_LOOK)

    def look_at_order(self, message: Message) -> None:
        """Ask by key what became of an order; comes back until it is paid or returned."""
        with self._database.read() as session:
            payment = repository.get_payment(session, uuid.UUID(message.payload["payment_id"]))
            is_open = (
                payment is not None
                and payment.instruction_id == message.payload["instruction_id"]
                and payment.state in IN_FLIGHT
            )
        if not is_open:
            return
        answer = self._treasury.query(message.payload["instruction_id"])
        if answer is None:
            raise TryLater(BETWEEN_LOOKS, "the treasury does not know the order yet")
        with self._database.write() as session:
            payment = self._lock(session, message)
            if payment is None:
                return
            payments.apply_answer(session, self._ports, payment, answer, now=self._clock.now())
            is_open = payment.state in IN_FLIGHT
        if is_open:
            raise TryLater(BETWEEN_LOOKS, f"still {answer.status}")

    def advance_run(self, message: Message) -> None:
        """A run of payments goes on, a few orders in each transaction, until it has to wait for answers."""
        batch_id = uuid.UUID(message.payload["batch_id"])
        step: runs.Step = "more"
        while step == "more":
            with self._database.write(timeout=30) as session:
                step = runs.advance(session, self._ports, batch_id, now=self._clock.now())
        if step == "wait":
            raise TryLater(BETWEEN_LOOKS, "orders are under way")

    def serve_waiting(self, message: Message) -> None:
        def serve(session: Session) -> int:
            budget = ledger_rows.get_budget(session, uuid.UUID(message.payload["budget_id"]))
            if budget is None:
                return 0
            return payments.reserve_waiting(session, self._ports, budget, now=self._clock.now(), limit=200)

        self._until_done(serve)

    def create_due(self, _message: Message) -> None:
        """Monthly, quarterly and yearly payments whose period has begun: no tap, no human, once each."""

        def create(session: Session) -> int:
            return awards.create_due_payments(
                session, self._ports, until=self._clock.today(), now=self._clock.now(), limit=100
            )

        self._until_done(create)

    def close_notices(self, _message: Message) -> None:
        self._until_done(lambda session: review.close_notices(session, self._ports, now=self._clock.now()))

    def lapse_offers(self, _message: Message) -> None:
        self._until_done(lambda session: offers.lapse_offers(session, now=self._clock.now()))

    def remind(self, _message: Message) -> None:
        """Seats that let a day pass for which somebody waits are told so, once."""
        self._until_done(
            lambda session: opinions.remind_of_opinions(session, self._ports, now=self._clock.now())
        )

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

    def _prepare(self, message: Message) -> tuple[PaymentOrder, bool] | None:
        """Count the try before it happens: after a crash the next one knows that this one may have arrived."""
        with self._database.write() as session:
            payment = self._lock(session, message)
            if payment is None or payment.state != PaymentState.INSTRUCTED or payment.account_id is None:
                return None
            may_have_arrived = payment.send_count > 0
            payment.send_count += 1
            account = account_rows.get_account(session, payment.account_id)
            budget = None
            if payment.budget_id is not None:
                budget = ledger_rows.get_budget(session, payment.budget_id)
            if account is None or budget is None:
                raise LookupError(f"payment {payment.id} lost its account or budget")
            terms = self._ports.terms(session, payment.policy_id, payment.policy_version)
            number, holder = accounts.opened(self._vault, account)
            order = PaymentOrder(
                instruction_id=payment.instruction_id or "",
                amount_fen=payment.amount_fen,
                bank=account.bank,
                number=number,
                holder=holder,
                holder_id=account.subject_id,
                purpose=f"{terms.title} {payment.period}",
                appropriation=budget.appropriation,
            )
            return order, may_have_arrived

    def _submit(self, order: PaymentOrder) -> TreasuryAnswer:
        """Send; after a time-out ask by key at once. Raises when nobody knows yet: the worker comes back and asks."""
        try:
            return self._treasury.submit(order)
        except OutsideRefused as refusal:
            return TreasuryAnswer(status="refused", reason=refusal.detail)
        except OutsideTimeout:
            answer = self._treasury.query(order.instruction_id)
            if answer is None:
                raise
            return answer

    def _lock(self, session: Session, message: Message) -> Payment | None:
        """The payment of a message, its award locked first; none when the order is no longer the present one."""
        payment = repository.get_payment(session, uuid.UUID(message.payload["payment_id"]))
        if payment is None:
            return None
        award_rows.lock_award(session, payment.award_id)
        locked = repository.lock_payment(session, payment.id)
        is_present = locked is not None and locked.instruction_id == message.payload["instruction_id"]
        return locked if is_present else None


def _loss_day(message: Message) -> tuple[str, date]:
    return message.payload["policy_id"], date.fromisoformat(message.payload["day"])
