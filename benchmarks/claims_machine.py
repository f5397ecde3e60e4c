"""The house with its officials and its people, who do what they have to do: what ``claims_through`` measures and what
``made_claims`` multiplies."""

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks.made_rights import AMOUNT, DISTRICT, POLICY, STREET, official, person
from kernel.clock import business_date
from kernel.house import House
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from policy_engine.matching.effects import MatchEffect
from policy_engine.policies.document import PolicyDocument
from policy_engine.profiles.layout import FIRST_ID
from portals.joining import open_services

CHUNK = 200
CLERK = official(901, "claim.accept", division=STREET, department="街道办事处")
DECIDER = official(903, "claim.decide", division=DISTRICT, department="民政局")
FINANCE = official(905, "payment.approve")


class Machine:
    """The house with its officials and its people, who do what they have to do."""

    def __init__(self, house: House, policy: PolicyDocument = POLICY) -> None:
        self.house, self.policy = house, policy
        self.ports = open_services(house).ports
        settled = sa.select(PayeeAccount.subject_id, PayeeAccount.id).where(
            PayeeAccount.subject_id < FIRST_ID["person"]
        )
        with house.database.read() as session:
            self._accounts = {row.subject_id: row.id for row in session.execute(settled)}
        self._spent: dict[str, float] = {}

    def step_by_step(self, people: Sequence[int]) -> dict[str, float]:
        self._spent = {}
        for one in people:
            self._timed("offer", lambda one=one: self.offer([one]))
            payment = self._claim(one)
            self._timed("instruct", lambda payment=payment: self.approve([payment]))
        self._timed("order, answer, book", lambda: self.until_paid(people))
        return {step: round(1000 * spent / len(people), 2) for step, spent in self._spent.items()}

    def batched(self, people: Sequence[int], *, is_run_planned: bool = True) -> dict[str, float]:
        """``is_run_planned``: all that can be paid goes in a run; else only theirs is approved, as many as go at once."""
        self._spent = {}
        for first in range(0, len(people), CHUNK):
            self._timed("offer", lambda first=first: self.offer(people[first : first + CHUNK]))
        payments = [self._claim(one) for one in people]
        if is_run_planned:
            self._timed("instruct", self._run)
        else:
            for first in range(0, len(payments), CHUNK):
                part = payments[first : first + CHUNK]
                self._timed("instruct", lambda part=part: self.approve(part))
        self._timed("order, answer, book", lambda: self.until_paid(people))
        return {step: round(1000 * spent / len(people), 2) for step, spent in self._spent.items()}

    def _timed(self, step: str, work: Any) -> Any:
        start = time.process_time()
        found = work()
        self._spent[step] = self._spent.get(step, 0.0) + time.process_time() - start
        return found

    def offer(self, people: Sequence[int]) -> None:
        today = self.house.clock.today()
        effects = [
            MatchEffect(
                policy_id=self.policy.id,
                version=1,
                subject_id=one,
                unit_id=one,
                verdict="eligible",
                amount_fen=AMOUNT,
                missing=(),
                sequence=1,
                as_of=today,
            )
            for one in people
        ]
        with self.house.database.write(timeout=60) as session:
            service.reconcile(session, self.ports, effects, now=self.house.clock.now())

    def _claim(self, one: int) -> uuid.UUID:
        """Confirmed, accepted, granted; the payment that was reserved for it."""
        claim = self._timed("confirm", lambda: self.confirm(one))
        self._timed("accept", lambda: self.act(claim, "accept"))
        return self._timed("grant, award, reserve", lambda: self.act(claim, "grant"))

    def confirm(self, one: int) -> uuid.UUID:
        with self.house.database.write(timeout=60) as session:
            offer = offers.find_offer(session, self.policy.id, one, one)
            assert offer is not None
            claim = service.confirm(
                session,
                self.ports,
                offer_id=offer.id,
                principal=person(one),
                account_id=self._accounts[one],
                now=self.house.clock.now(),
            )
            return claim.id

    def act(self, claim_id: uuid.UUID, action: service.Action) -> uuid.UUID:
        with self.house.database.write(timeout=60) as session:
            service.act_on_claim(
                session,
                self.ports,
                claim_id=claim_id,
                principal=CLERK if action == "accept" else DECIDER,
                action=action,
                reason="符合条件",
                now=self.house.clock.now(),
            )
            if action != "grant":
                return claim_id
            found = session.scalar(sa.select(Payment.id).where(Payment.claim_id == claim_id))
            assert found is not None
            return found

    def approve(self, payment_ids: Sequence[uuid.UUID]) -> None:
        with self.house.database.write(timeout=60) as session:
            service.approve_batch(
                session,
                self.ports,
                principal=FINANCE,
                payment_ids=payment_ids,
                now=self.house.clock.now(),
            )

    def _run(self) -> None:
        with self.house.database.write(timeout=60) as session:
            service.plan_run(
                session,
                self.ports,
                principal=FINANCE,
                policy_id=self.policy.id,
                period=f"{business_date(self.house.clock.now()):%Y-%m}",
                window=timedelta(),
                now=self.house.clock.now(),
            )

    def until_paid(self, people: Sequence[int]) -> None:
        # By the people, whose payments are few, and not by the state, in which there may be a million.
        theirs = sa.select(Payment.policy_id, Payment.state).where(
            Payment.subject_id >= people[0], Payment.subject_id <= people[-1]
        )
        for _ in range(14_400):
            with self.house.database.read() as session:
                found = session.execute(theirs).all()
            if found.count((self.policy.id, "paid")) == len(people):
                return
            time.sleep(0.25)
        raise AssertionError("not all were paid")
