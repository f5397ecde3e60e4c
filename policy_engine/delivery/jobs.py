"""Background work of delivery: what falls due by the calendar, and what goes through many in small transactions."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.outbox import Handler, Message, Schedule, TryLater
from policy_engine.delivery.awards import deaths, losses
from policy_engine.delivery.awards import service as awards
from policy_engine.delivery.claims import opinions, review
from policy_engine.delivery.ledger import closing
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.offers import reach as offers
from policy_engine.delivery.oversight import service as oversight
from policy_engine.delivery.payments import line, orders, runs
from policy_engine.delivery.payments.orders import BETWEEN_LOOKS
from policy_engine.delivery.payments.reserving import reserve_waiting
from policy_engine.delivery.ports import Ports, Treasury
from policy_engine.delivery.ratings import service as ratings
from policy_engine.profiles.service import FACTS_CORROBORATED

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
    jobs = _Jobs(database, clock, ports)
    return {
        **orders.handlers(database, clock, vault, ports, treasury),
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


class _Jobs:
    def __init__(self, database: Database, clock: Clock, ports: Ports) -> None:
        self._database = database
        self._clock = clock
        self._ports = ports

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


def _loss_day(message: Message) -> tuple[str, date]:
    return message.payload["policy_id"], date.fromisoformat(message.payload["day"])
