"""Rows for lists of any length, each line about another resident, in a place where no other test looks."""

import uuid
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from kernel.outbox.models import OutboxMessage
from policy_engine.catalogue import catalogue
from policy_engine.delivery import service as delivery
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim, Opinion, StageDecision
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.ports import People
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.terms import Stage
from policy_engine.policies.repository import live_versions
from policy_engine.profiles.models import Profile
from policy_engine.profiles.quality.models import QualityFinding
from tests.conftest import NOON

DAY = NOON.date()
STAGE = Stage(key="decide", title="审定", outcome="decide", duty="claim.decide", level=6)
Row = TypeVar("Row", bound=DeclarativeBase)


class Lines:
    """Rows for as many lines of every list as are wanted, each about another resident."""

    def __init__(self, session: Session, people: People, place: str, most: int) -> None:
        """``place`` is a county of no other test's, ``most`` how many lines there will ever be."""
        self._session, self.place, self.street = session, place, f"{place}001"
        self._numbers = count(1)
        self._policies = [one.policy_id for one in live_versions(session)[:3]]
        accounts = sa.select(PayeeAccount).where(PayeeAccount.retired_at.is_(None))
        residents = sa.select(Profile.subject_id).where(
            Profile.kind == "person", Profile.subject_id.not_in(sa.select(Offer.subject_id))
        )
        self._accounts = list(session.scalars(accounts.order_by(PayeeAccount.id).limit(most)))
        found = session.scalars(residents.order_by(Profile.subject_id).limit(most)).all()
        minors = people.minors_among(session, found, DAY)
        # Whoever acts for a child is asked about once for all children: one of them has the first line.
        self._people = iter(sorted(found, key=lambda one: one not in minors))
        self._attribute = next(iter(catalogue().attributes)).id
        self.batch = self._batch()

    def move_to(self, session: Session) -> None:
        """What comes next is written in another transaction."""
        self._session = session

    def grow(self, lines: int) -> None:
        for _ in range(lines):
            number = next(self._numbers)
            policy_id = self._policies[number % len(self._policies)]
            who = next(self._people)
            self._add(
                Offer, who, policy_id, mode="one_tap", state="offered", sequence=1, as_of=DAY, matched_on=DAY
            )
            claim = self._claim(who, policy_id, "review", number)
            self._add_act(claim)
            award = self._award(claim)
            for state in ("reserved", "returned", "paid", "awaiting_funds"):
                self._payment(award, f"2026-{state}"[:12], state, number)
            self._payment(award, "2026-held", "reserved", number, is_held=True)
            self._batch()
            self._budget(policy_id, number)
            self._finding(who)
            self._letter(number)
        self._session.flush()

    def forget(self, session: Session) -> None:
        """What the whole city would see: tasks that were given up, and findings."""
        session.execute(sa.delete(OutboxMessage).where(OutboxMessage.key.startswith(f"xt:{self.place}:")))
        session.execute(sa.delete(QualityFinding).where(QualityFinding.division == self.place))

    def numbers(self) -> dict[str, uuid.UUID]:
        """One of everything, by what addresses call it."""
        claim = self._one(Claim)
        award = self._one(Award)
        overpaid = Overpayment(
            award_id=award.id, claim_id=claim.id, policy_id=award.policy_id, policy_version=1,
            subject_id=award.subject_id, division=self.street, cause="other", is_official_error=False,
            reason="重复发放", amount_fen=100, state="owed", hearing_until_on=DAY, found_at=NOON, updated_at=NOON,
        )  # fmt: skip
        opinion = Opinion(
            claim_id=claim.id, round=1, visit=1, stage="decide", state="asked", question="是否属实？", asked_by_id=1,
            asked_by_seat="岗", asked_at=NOON, due_on=DAY, seat_id=1, seat_name="岗",
        )  # fmt: skip
        rating = Rating(
            claim_id=claim.id, rated_by_id=claim.subject_id, policy_id=claim.policy_id, department="某局",
            division=self.street, grade=1, words="", may_be_called=False, state="task", rated_at=NOON, due_on=DAY,
        )  # fmt: skip
        case = Finding(
            question="one_account", key=f"xt:{self.place}", weight=1, claim_id=claim.id, division=self.street,
            duty="payment.approve", detail={}, state="asked", found_on=DAY, last_found_on=DAY, is_standing=True,
            asked="请说明", due_on=DAY,
        )  # fmt: skip
        check = MeansCheck(
            number=f"XT{self.place}", claim_id=claim.id, household_id=claim.subject_id, division=self.street,
            state="done", opened_by_id=1, opened_by_seat="岗", opened_at=NOON, due_on=DAY,
        )  # fmt: skip
        self._session.add_all([overpaid, opinion, rating, case, check])
        self._session.flush()
        reserved = sa.select(Payment.id).where(Payment.division == self.street, Payment.state == "reserved")
        return {
            "claim_id": claim.id,
            "award_id": award.id,
            "payment_id": self._session.scalars(reserved.limit(1)).one(),
            "batch_id": self.batch.id,
            "budget_id": self._one(Budget).id,
            "offer_id": self._one(Offer).id,
            "finding_id": self._one(QualityFinding).id,
            "overpayment_id": overpaid.id,
            "opinion_id": opinion.id,
            "rating_id": rating.id,
            "oversight_id": case.id,
            "check_id": check.id,
        }

    def _one(self, model: type[Row]) -> Any:
        table = sa.inspect(model).local_table
        found = sa.select(model).where(table.c.division.startswith(self.place)).limit(1)
        return self._session.scalars(found).one()

    def _claim(self, who: int, policy_id: str, state: str, number: int) -> Claim:
        return self._add(
            Claim,
            who,
            policy_id,
            case_number=f"XT{self.place}{number:06d}",
            applicant_id=who,
            channel="app",
            mode="one_tap",
            stages=[msgspec.to_builtins(STAGE)],
            stage_index=0,
            state=state,
            stage_due_on=DAY + timedelta(days=number),
            facts={"facts": {}, "sha256": "", "as_of": DAY.isoformat(), "sequence": 1},
            facts_sequence=1,
            qualified_on=DAY,
            submitted_at=NOON,
        )

    def _add_act(self, claim: Claim) -> None:
        act = StageDecision(
            claim_id=claim.id, round=1, stage="accept", action="accept", official_id=1, official_name="某",
            seat_id=1, seat_title="岗", department="街道办事处", division=self.street, reason="", decided_at=NOON,
        )  # fmt: skip
        self._session.add(act)

    def _award(self, claim: Claim) -> Award:
        return self._add(
            Award,
            claim.subject_id,
            claim.policy_id,
            claim_id=claim.id,
            applicant_id=claim.subject_id,
            state="suspected",
            amount_fen=100,
            period="month",
            starts_on=DAY,
            facts={},
            sequence=1,
            recognised_at=NOON,
            account_id=self._accounts[0].id,
        )

    def _payment(self, award: Award, period: str, state: str, number: int, *, is_held: bool = False) -> None:
        self._add(
            Payment,
            award.subject_id,
            award.policy_id,
            award_id=award.id,
            claim_id=award.claim_id,
            period=period,
            period_starts_on=DAY,
            amount_fen=100,
            state=state,
            is_held=is_held,
            due_on=DAY,
            decided_at=NOON,
            account_id=self._accounts[number % len(self._accounts)].id,
            batch_id=self.batch.id if state in ("paid", "returned") else None,
        )

    def _batch(self) -> PaymentBatch:
        batch = PaymentBatch(
            number=f"XT{uuid.uuid4().hex[:12]}", division=self.place, approved_by_id=1, approved_by_name="某", seat_id=1,
            approved_at=NOON, payment_count=1, total_fen=100, held_count=0,
        )  # fmt: skip
        self._session.add(batch)
        self._session.flush()
        return batch

    def _budget(self, policy_id: str, number: int) -> None:
        delivery.open_budget(
            self._session,
            policy_id=policy_id,
            division=f"{self.place}{number:03d}",
            year=DAY.year,
            appropriation=f"XT{self.place}{number}",
            kind="entitlement",
            amount_fen=100,
            now=NOON,
        )

    def _finding(self, who: int) -> None:
        row = QualityFinding(
            id=uuid.uuid4(), rule="dibao-review", subject_id=who, attribute=self._attribute,
            source="civil_affairs", division=self.place, state="open", found_at=NOON, seen_at=NOON,
        )  # fmt: skip
        self._session.add(row)

    def _letter(self, number: int) -> None:
        row = OutboxMessage(
            message_id=uuid.uuid4(), topic="payment.poll", key=f"xt:{self.place}:{number}", payload={}, enqueued_at=NOON,
            available_at=NOON, dead_at=NOON, error="没有回答",
        )  # fmt: skip
        self._session.add(row)

    def _add(self, model: type[Row], who: int, policy_id: str, **columns: Any) -> Row:
        times = {"created_at": NOON, "updated_at": NOON - timedelta(days=30)}
        known = {name: at for name, at in times.items() if hasattr(model, name)}
        row = model(
            subject_id=who,
            unit_id=who,
            policy_id=policy_id,
            policy_version=1,
            division=self.street,
            **known,
            **columns,
        )
        self._session.add(row)
        self._session.flush()
        return row
