"""A small town for the tests of delivery: people, an engine's answers, seats, a bank and a treasury that misbehave."""
# ruff: noqa: ARG002  (a port names what it is given, used or not)

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import RLock
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

import identity.tables  # noqa: F401  seats refer to accounts
from kernel.clock import FixedClock
from kernel.database import Database
from kernel.errors import NotFound, OutsideTimeout, OutsideUnavailable
from kernel.house import House
from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.catalogue import Attribute
from policy_engine.decisions.models import DecisionRecord
from policy_engine.decisions.record import DecisionFile, Deed
from policy_engine.decisions.service import Matter
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import (
    ClauseLine,
    Facts,
    HeldSeat,
    Household,
    MeansAnswer,
    MeansInquiryOrder,
    PaymentOrder,
    Ports,
    Question,
    Recheck,
    TreasuryAnswer,
)
from policy_engine.delivery.reconciliation.comparing import BankLine
from policy_engine.delivery.terms import Accrual, Stage, Terms
from policy_engine.matching.effects import MatchEffect, Verdict

DISTRICT = "420203"
STREET = "420203007"
GRANDMOTHER, DAUGHTER, MOTHER, FATHER, BABY, STRANGER = 101, 102, 103, 104, 105, 199
FIRM, HIRE, OTHER_FIRM, AGENT = 301, 302, 303, 304
CLERK, FEDERATION, DECIDER, SECOND_DECIDER, FINANCE, THIRD_DECIDER = 901, 902, 903, 904, 905, 906

THREE_STAGES = (
    Stage(key="accept", title="街道受理", outcome="accept", duty="claim.accept", level=9, working_days=5),
    Stage(
        key="federation",
        title="残联审核",
        outcome="joint_review",
        duty="claim.joint_review",
        level=6,
        department="残联",
        working_days=5,
    ),
    Stage(key="decide", title="区级审定", outcome="decide", duty="claim.decide", level=6, working_days=10),
)

NURSING = Terms(
    policy_id="nursing",
    version=1,
    title="重度残疾人护理补贴",
    department="民政局",
    division="420200",
    mode="one_tap",
    period="month",
    accrual=Accrual(starts="application_month"),
    stages=THREE_STAGES,
    legal_basis="《国务院关于全面建立残疾人两项补贴制度的意见》",
)
CHILDCARE = msgspec.structs.replace(NURSING, policy_id="childcare", title="育儿补贴", period="year")
HIRING = msgspec.structs.replace(
    NURSING,
    policy_id="hiring",
    title="一次性吸纳就业补贴",
    period="once",
    funding="quota",
    is_audience_firm=True,
    stages=THREE_STAGES[2:],
)
RETENTION = msgspec.structs.replace(
    HIRING, policy_id="retention", title="稳岗返还", mode="automatic", funding="entitlement"
)


Trouble = Literal["lost", "answer_lost", "down", "died"]
Ending = Literal["sent_to_bank", "paid", "returned"]


class Town:
    """Every port of delivery, answered from plain dictionaries."""

    def __init__(self) -> None:
        self.policies = {terms.policy_id: terms for terms in (NURSING, CHILDCARE, HIRING, RETENTION)}
        self.parents = {BABY: frozenset({MOTHER, FATHER})}
        self.households: dict[str, frozenset[int]] = {}
        self.homes: dict[int, int] = {}
        self.divisions: dict[int, str] = {}
        self.rechecks: dict[tuple[str, int], Recheck] = {}
        self.deeds: list[Deed] = []
        self.officials: list[Principal] = []
        self.amounts = {"nursing": 10_000, "childcare": 360_000, "hiring": 100_000, "retention": 500_000}

    def terms(self, session: Session, policy_id: str, version: int | None = None) -> Terms:
        if policy_id not in self.policies:
            raise NotFound("没有这项政策。")
        terms = self.policies[policy_id]
        return msgspec.structs.replace(terms, version=version or terms.version)

    def facts(self, session: Session, subject_id: int, unit_id: int) -> Facts:
        return Facts(values={"person.disability_level": 1}, sequence=7)

    def reevaluate(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, on: date
    ) -> Recheck:
        known = self.rechecks.get((policy_id, unit_id))
        return known or Recheck(verdict="eligible", amount_fen=self.amounts[policy_id], sequence=8)

    def reevaluate_many(self, session: Session, questions: Sequence[Question]) -> list[Recheck]:
        return [
            self.reevaluate(session, one.policy_id, one.version, one.subject_id, one.unit_id, one.on)
            for one in questions
        ]

    def explain(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, reader_id: int
    ) -> tuple[ClauseLine, ...]:
        return (ClauseLine(text="残疾等级为一级或二级", truth="met", value="一级", source="残联"),)

    def lose(self, policy_id: str, unit_id: int, verdict: Verdict = "ineligible") -> None:
        self.rechecks[policy_id, unit_id] = Recheck(verdict=verdict, amount_fen=None, sequence=9)

    def issue(self, session: Session, matter: Matter, deed: Deed, reasons: str, *, now: datetime) -> object:
        self.deeds.append(deed)
        return None

    def file(
        self, session: Session, row: DecisionRecord, may_read: Callable[[int, int, Attribute], bool]
    ) -> DecisionFile:
        raise NotFound("本镇不存档。")

    # The people of the town.
    def held_seats(self, session: Session, now: datetime) -> list[HeldSeat]:
        return [HeldSeat(one.seat, (one.subject_id,)) for one in self.officials if one.seat is not None]

    def name_of(self, session: Session, subject_id: int) -> str:
        return f"某{subject_id}"

    def identifier_of(self, session: Session, subject_id: int) -> str:
        return f"99999919700101{subject_id:04d}"

    def names_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        return {one: self.name_of(session, one) for one in subject_ids}

    def division_of(self, session: Session, subject_id: int) -> str:
        return self.divisions.get(subject_id, STREET)

    def divisions_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        return {one: self.division_of(session, one) for one in subject_ids}

    def guardians_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return self.parents.get(subject_id, frozenset())

    def wards_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return frozenset(child for child, parents in self.parents.items() if subject_id in parents)

    def minors_among(self, session: Session, subject_ids: Collection[int], on: date) -> frozenset[int]:
        return frozenset(subject_ids) & frozenset(self.parents)

    def units_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return self.wards_of(session, subject_id, on) or frozenset({HIRE, 1001, 1002})

    def family_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return frozenset({DAUGHTER}) if subject_id == GRANDMOTHER else frozenset()

    def dead_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return frozenset({GRANDMOTHER}) if subject_id == DAUGHTER else frozenset()

    def household_of(self, session: Session, subject_id: int) -> Household:
        for members in self.households.values():
            if subject_id in members:
                return Household(self.homes.get(subject_id, min(members)), members)
        return Household(subject_id, frozenset({subject_id}))

    def recipients_of(
        self, session: Session, subject_ids: Collection[int], on: date
    ) -> Mapping[int, frozenset[int]]:
        return {one: self.guardians_of(session, one, on) or frozenset({one}) for one in subject_ids}


class Bank:
    """Knows who holds what; answers ``match`` unless told otherwise."""

    def __init__(self, answer: Literal["match", "mismatch", "closed"] = "match") -> None:
        self.answer: Literal["match", "mismatch", "closed"] = answer
        self.asked = 0

    def check(
        self, *, bank: str, number: str, holder: str, holder_id: int
    ) -> Literal["match", "mismatch", "closed"]:
        self.asked += 1
        return self.answer


@dataclass
class Treasury:
    """Pays each key once, and fails in the ways told by ``troubles``: one per message.

    Remembers who was sent an order again without being asked first what became of the try before (``sent_blindly``).
    """

    troubles: list[Trouble] = field(default_factory=list)
    orders: dict[str, PaymentOrder] = field(default_factory=dict)
    states: dict[str, Literal["accepted", "sent_to_bank", "paid", "returned", "refused"]] = field(
        default_factory=dict
    )
    submits: int = 0
    messages: int = 0
    sent_blindly: list[str] = field(default_factory=list)
    #: What came back after it had arrived.
    sent_back: set[str] = field(default_factory=set)
    _in_doubt: set[str] = field(default_factory=set)
    _mutex: RLock = field(default_factory=RLock)

    def submit(self, order: PaymentOrder) -> TreasuryAnswer:
        with self._mutex:
            return self._submit(order, self._trouble())

    def _trouble(self) -> Trouble | None:
        return self.troubles.pop(0) if self.troubles else None

    def _submit(self, order: PaymentOrder, trouble: Trouble | None) -> TreasuryAnswer:
        self.submits += 1
        if trouble == "down":
            raise OutsideUnavailable("down")
        self._note_try(order.instruction_id)
        if trouble == "lost":
            raise OutsideTimeout("nobody heard it")
        known = self.orders.setdefault(order.instruction_id, order)
        assert known == order, "one key, two orders"
        self.states.setdefault(order.instruction_id, "accepted")
        if trouble == "answer_lost":
            raise OutsideTimeout("the answer was lost")
        if trouble == "died":
            raise MemoryError("our own process died before it could note the answer")
        return TreasuryAnswer(status=self.states[order.instruction_id], reference="T1")

    def _note_try(self, instruction_id: str) -> None:
        if instruction_id in self._in_doubt:
            self.sent_blindly.append(instruction_id)
        self._in_doubt.add(instruction_id)

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        with self._mutex:
            self._in_doubt.discard(instruction_id)
            if instruction_id not in self.orders:
                return None
            return TreasuryAnswer(status=self.states[instruction_id], reference="B1", reason="账户已销户")

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        """One message: it is lost, or its answer, as a whole; dying on the way leaves half of it."""
        with self._mutex:
            self.messages += 1
            trouble = self._trouble()
            if trouble == "down":
                raise OutsideUnavailable("down")
            if trouble == "lost":
                for one in orders:
                    self._note_try(one.instruction_id)
                raise OutsideTimeout("nobody heard it")
            arrived = orders[: len(orders) // 2] if trouble == "died" else orders
            answers = {one.instruction_id: self._submit(one, None) for one in arrived}
            if trouble == "answer_lost":
                raise OutsideTimeout("the answer was lost")
            if trouble == "died":
                raise MemoryError("our own process died before it could note the answer")
            return answers

    def query_many(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        found = {one: self.query(one) for one in instruction_ids}
        return {one: answer for one, answer in found.items() if answer is not None}

    def settle(self, status: Ending = "paid") -> None:
        with self._mutex:
            for key in self.states:
                if self.states[key] in ("accepted", "sent_to_bank"):
                    self.states[key] = status

    def send_back(self, key: str) -> bool:
        """退票 days later; False where the order was not paid."""
        with self._mutex:
            if self.states.get(key) != "paid":
                return False
            self.states[key] = "returned"
            self.sent_back.add(key)
            return True

    def paid_fen(self) -> int:
        return sum(order.amount_fen for key, order in self.orders.items() if self.states[key] == "paid")


class MeansCentre:
    """Answers for a source only once it is told what to say."""

    def __init__(self) -> None:
        self.orders: dict[str, MeansInquiryOrder] = {}
        self.answers: dict[str, MeansAnswer] = {}
        self.submits = 0

    def submit(self, order: MeansInquiryOrder) -> MeansAnswer | None:
        self.submits += 1
        self.orders[order.number] = order
        return self.answers.get(order.source)

    def query(self, number: str) -> MeansAnswer | None:
        return self.answers.get(self.orders[number].source)


class Statements:
    """What the bank booked, by day."""

    def __init__(self) -> None:
        self.days: dict[date, list[BankLine]] = {}

    def of_day(self, day: date) -> list[BankLine]:
        return self.days.get(day, [])


def person(subject_id: int, *, acting_for: int | None = None) -> Principal:
    """Somebody for themselves, or as a proxy for another person."""
    return Principal(
        subject_id=subject_id,
        name=f"某{subject_id}",
        capacity="self" if acting_for is None else "person",
        acting_for=acting_for or subject_id,
        acting_for_name=f"某{acting_for or subject_id}",
        seat=None,
        scopes=frozenset({"claims"}),
        acr="2",
        client_id="tong",
        grant_id=uuid.uuid4(),
    )


def agent(subject_id: int, firm_id: int) -> Principal:
    return msgspec.structs.replace(person(subject_id, acting_for=firm_id), capacity="enterprise")


def official(
    subject_id: int, *duties: Duty, division: str = DISTRICT, department: str = "民政局"
) -> Principal:
    seat = SeatView(
        id=subject_id * 10,
        title="专责岗",
        division=division,
        department=department,
        duties=frozenset(duties),
    )
    return msgspec.structs.replace(person(subject_id), capacity="seat", seat=seat)


def clerk() -> Principal:
    return official(CLERK, "claim.accept", "counter.assist", division=STREET, department="街道办事处")


def federation() -> Principal:
    return official(FEDERATION, "claim.joint_review", department="残联")


def decider(subject_id: int = DECIDER) -> Principal:
    return official(subject_id, "claim.decide")


def finance() -> Principal:
    return official(FINANCE, "payment.approve", department="财政局")


class Office:
    """The town with its house: the steps of a story, each in its own transaction."""

    def __init__(self, house: House, clock: FixedClock) -> None:
        self.house = house
        self.clock = clock
        self.town = Town()
        self.bank = Bank()
        self.treasury = Treasury()
        self.means = MeansCentre()
        self.ports = Ports(
            terms=self.town.terms,
            people=self.town,
            facts=self.town.facts,
            reevaluate=self.town.reevaluate,
            reevaluate_many=self.town.reevaluate_many,
            explain=self.town.explain,
            records=self.town,
            vault=house.vault,
        )

    @property
    def database(self) -> Database:
        return self.house.database

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def effect(
        self,
        policy_id: str = "nursing",
        subject_id: int = GRANDMOTHER,
        unit_id: int | None = None,
        *,
        verdict: Verdict = "eligible",
        sequence: int = 10,
        version: int = 1,
        amount_fen: int | None = None,
    ) -> MatchEffect:
        amount = amount_fen or self.town.amounts[policy_id]
        return MatchEffect(
            policy_id=policy_id,
            version=version,
            subject_id=subject_id,
            unit_id=unit_id or subject_id,
            verdict=verdict,
            amount_fen=amount if verdict == "eligible" else None,
            missing=("person.has_long_term_care_need",) if verdict == "unknown" else (),
            sequence=sequence,
            as_of=self.clock.today(),
        )

    def reconcile(self, *effects: MatchEffect) -> service.Reconciled:
        with self.database.write() as session:
            return service.reconcile(session, self.ports, effects, now=self.now)

    def offer(
        self, policy_id: str = "nursing", subject_id: int = GRANDMOTHER, unit_id: int | None = None
    ) -> Offer:
        with self.database.read() as session:
            found = offers.find_offer(session, policy_id, subject_id, unit_id or subject_id)
        assert found is not None
        return found

    def account(
        self, subject_id: int = GRANDMOTHER, number: str = "6222020111222233334", *, is_verified: bool = True
    ) -> uuid.UUID:
        """An account of the register, checked with the bank or not."""
        with self.database.write() as session:
            account = service.add_account(
                session,
                self.house.vault,
                subject_id=subject_id,
                bank="黄石农商行",
                number=number,
                holder=f"某{subject_id}",
                source="social_card",
                now=self.now,
            )
            account_id = account.id
        if is_verified:
            self.verify(account_id)
        return account_id

    def verify(self, account_id: uuid.UUID) -> str:
        return service.verify_account(
            self.database, self.house.vault, self.bank, account_id, clock_now=self.clock.now
        )

    def confirm(
        self, offer: Offer, account_id: uuid.UUID | None, principal: Principal | None = None
    ) -> Claim:
        with self.database.write() as session:
            return service.confirm(
                session,
                self.ports,
                offer_id=offer.id,
                principal=principal or person(offer.subject_id),
                account_id=account_id,
                now=self.now,
            )

    def act(
        self,
        claim: Claim,
        principal: Principal,
        action: service.Action,
        reason: str = "",
        amount_fen: int | None = None,
    ) -> Claim:
        with self.database.write() as session:
            return service.act_on_claim(
                session,
                self.ports,
                claim_id=claim.id,
                principal=principal,
                action=action,
                reason=reason,
                now=self.now,
                amount_fen=amount_fen,
            )

    def grant(self, claim: Claim) -> Claim:
        """Through all three stages."""
        self.act(claim, clerk(), "accept")
        self.act(claim, federation(), "recommend")
        return self.act(claim, decider(), "grant")

    def claimed(self, policy_id: str = "nursing", subject_id: int = GRANDMOTHER) -> Claim:
        """A claim confirmed with a checked account."""
        self.reconcile(self.effect(policy_id, subject_id))
        number = f"62220201112222{subject_id:05d}"
        return self.confirm(self.offer(policy_id, subject_id), self.account(subject_id, number))

    def budget(
        self,
        amount_fen: int,
        policy_id: str = "nursing",
        kind: Literal["entitlement", "quota"] = "entitlement",
        year: int = 2026,
    ) -> Budget:
        with self.database.write() as session:
            return service.open_budget(
                session,
                policy_id=policy_id,
                division="420200",
                year=year,
                appropriation=f"2026-{policy_id}",
                kind=kind,
                amount_fen=amount_fen,
                now=self.now,
            )

    def approve(self, payment_ids: Iterable[uuid.UUID] | None = None) -> None:
        with self.database.write() as session:
            service.approve_batch(
                session,
                self.ports,
                principal=finance(),
                payment_ids=list(payment_ids) if payment_ids is not None else None,
                now=self.now,
            )

    def default_account(self, account_id: uuid.UUID) -> PayeeAccount:
        with self.database.read() as session:
            found = session.get(PayeeAccount, account_id)
        assert found is not None
        return found
