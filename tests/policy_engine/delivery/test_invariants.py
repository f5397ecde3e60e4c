"""Random and repeated commands in any order: what the design promises of money holds after every one of them."""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.clock import FixedClock
from kernel.errors import DongchuError
from kernel.house import open_house
from kernel.outbox import Worker
from kernel.settings import Settings
from kernel.web.principal import Principal
from policy_engine.delivery import service
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim, StageDecision, WrittenDecision
from policy_engine.delivery.ledger.models import Budget, LedgerTransaction
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import OPEN_CLAIM, PaymentState
from policy_engine.matching.effects import Verdict
from tests.conftest import NOON
from tests.policy_engine.delivery.city import (
    BABY,
    DECIDER,
    FATHER,
    FIRM,
    GRANDMOTHER,
    MOTHER,
    SECOND_DECIDER,
    THIRD_DECIDER,
    Ending,
    Office,
    Trouble,
    agent,
    clerk,
    decider,
    federation,
    finance,
    official,
    person,
)

#: policy, subject, unit: one by herself, two parents of one child, a firm with two hires.
RIGHTS = [
    ("nursing", GRANDMOTHER, GRANDMOTHER),
    ("childcare", MOTHER, BABY),
    ("childcare", FATHER, BABY),
    ("hiring", FIRM, 1001),
    ("hiring", FIRM, 1002),
]
OFFICIALS = [clerk(), federation(), decider(), decider(SECOND_DECIDER), decider(THIRD_DECIDER)]
ACTIONS: list[service.Action] = ["accept", "return_for_supplement", "recommend", "grant", "refuse"]
SPENT_OR_OUT = (
    "reserved",
    "account_missing",
    "instructed",
    "treasury_accepted",
    "bank_sent",
    "paid",
    "returned",
)

TROUBLES: list[Trouble | None] = [None, "lost", "answer_lost", "down", "died"]
FINANCE_SEAT = finance()
ENDINGS: list[Ending] = ["paid", "returned", "sent_to_bank"]
Row = TypeVar("Row", Offer, Claim, Award, Payment, Budget)

rights = st.sampled_from(RIGHTS)


class Delivery(RuleBasedStateMachine):
    """Every rule may be refused by the system; nothing may break a promise."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        home = Path(self.folder.name)
        clock = FixedClock(NOON)
        self.house = open_house(
            Settings(home=home, database_url=f"sqlite:///{home / 'd.db'}", is_demo=True), clock
        )
        self.house.database.create_all()
        self.office = Office(self.house, clock)
        self.accounts = {
            subject: self.office.account(subject, f"62220201112{subject:08d}")
            for subject in (GRANDMOTHER, MOTHER, FATHER, FIRM)
        }
        self.office.budget(25_000)
        self.office.budget(40_000, year=2027)
        self.office.budget(720_000, "childcare")
        self.office.budget(150_000, "hiring", "quota")
        self.sequence = 10
        self.paid_before: dict[str, int] = {}
        self.confirmed_before: dict[str, tuple[str, int]] = {}

    def teardown(self) -> None:
        self.house.database.close()
        self.house.ephemeral.close()
        self.folder.cleanup()

    def attempt(self, command: Callable[..., object], /, **arguments: Any) -> None:
        """Give a command its own transaction; a refusal is a fine answer."""
        try:
            with self.office.database.write() as session:
                command(session, **arguments)
        except DongchuError:
            return

    @rule(
        right=rights, verdict=st.sampled_from(["eligible", "unknown", "ineligible"]), age=st.integers(-2, 3)
    )
    def match(self, right: tuple[str, int, int], verdict: Verdict, age: int) -> None:
        self.sequence += max(age, 0)
        self.office.reconcile(
            self.office.effect(*right, verdict=verdict, sequence=self.sequence + min(age, 0))
        )

    @rule(right=rights, has_account=st.booleans(), times=st.integers(1, 2))
    def confirm(self, right: tuple[str, int, int], has_account: bool, times: int) -> None:
        offer = self.find_offer(right)
        if offer is None:
            return
        _, subject_id, _ = right
        principal = agent(304, FIRM) if subject_id == FIRM else person(subject_id)
        for _ in range(times):
            self.attempt(
                service.confirm,
                ports=self.office.ports,
                offer_id=offer.id,
                principal=principal,
                account_id=self.accounts[subject_id] if has_account else None,
                now=self.office.now,
            )

    @rule(right=rights)
    def decline(self, right: tuple[str, int, int]) -> None:
        offer = self.find_offer(right)
        if offer is not None and right[1] != FIRM:
            self.attempt(
                service.decline,
                ports=self.office.ports,
                offer_id=offer.id,
                principal=person(right[1]),
                reason="",
                now=self.office.now,
            )

    @rule(right=rights)
    def apply(self, right: tuple[str, int, int]) -> None:
        policy_id, subject_id, unit_id = right
        principal = agent(304, FIRM) if subject_id == FIRM else person(subject_id)
        self.attempt(
            service.apply_anyway,
            ports=self.office.ports,
            policy_id=policy_id,
            subject_id=subject_id,
            unit_id=unit_id,
            principal=principal,
            declared={},
            evidence=[],
            account_id=self.accounts[subject_id],
            now=self.office.now,
        )

    @rule(who=st.sampled_from(OFFICIALS), action=st.sampled_from(ACTIONS), place=st.integers(0, 4))
    def act(self, who: Principal, action: service.Action, place: int) -> None:
        claim = self.pick(Claim, place)
        if claim is not None:
            self.attempt(
                service.act_on_claim,
                ports=self.office.ports,
                claim_id=claim.id,
                principal=who,
                action=action,
                reason="理由",
                now=self.office.now,
            )

    @rule(place=st.integers(0, 4))
    def go_through(self, place: int) -> None:
        """The happy way, so that runs reach the money."""
        for who, action in ((clerk(), "accept"), (federation(), "recommend"), (decider(), "grant")):
            self.act(who, action, place)

    @initialize(granted=st.lists(rights, unique=True, min_size=1), is_paid=st.booleans())
    def begin_in_the_middle(self, granted: list[tuple[str, int, int]], is_paid: bool) -> None:
        """Most runs start where rights are in force already, and many with money on its way."""
        for right in granted:
            self.match(right, "eligible", 1)
            self.confirm(right, has_account=True, times=1)
        for place in range(len(granted)):
            self.go_through(place)
        if is_paid:
            self.approve(FINANCE_SEAT)
            self.work(None, "paid")

    @rule(place=st.integers(0, 4), outcome=st.sampled_from(["uphold", "overturn"]))
    def appeal(self, place: int, outcome: str) -> None:
        claim = self.pick(Claim, place)
        if claim is None or claim.subject_id == FIRM:
            return
        arguments: dict[str, Any] = {"ports": self.office.ports, "claim_id": claim.id, "now": self.office.now}
        self.attempt(service.appeal, principal=person(claim.subject_id), grounds="请复核", **arguments)
        self.attempt(
            service.decide_appeal,
            principal=decider(SECOND_DECIDER),
            outcome=outcome,
            reason="理由",
            **arguments,
        )

    @rule(who=st.sampled_from([FINANCE_SEAT, official(DECIDER, "payment.approve")]))
    def approve(self, who: Principal) -> None:
        self.attempt(service.approve_batch, ports=self.office.ports, principal=who, now=self.office.now)

    @rule(place=st.integers(0, 4), ends=st.booleans())
    def settle_award(self, place: int, ends: bool) -> None:
        award = self.pick(Award, place)
        if award is None:
            return
        arguments: dict[str, Any] = {
            "ports": self.office.ports,
            "award_id": award.id,
            "principal": decider(),
            "reason": "理由",
            "now": self.office.now,
        }
        if ends:
            self.attempt(service.end_award, from_month=self.office.clock.today(), **arguments)
        else:
            self.attempt(service.restore_award, **arguments)

    @rule(subject_id=st.sampled_from([GRANDMOTHER, MOTHER]))
    def die(self, subject_id: int) -> None:
        self.attempt(
            service.suspend_for_death,
            ports=self.office.ports,
            subject_id=subject_id,
            source="公安",
            now=self.office.now,
        )

    @rule(right=rights, is_lost=st.booleans())
    def change_facts(self, right: tuple[str, int, int], is_lost: bool) -> None:
        policy_id, _, unit_id = right
        self.office.town.rechecks.pop((policy_id, unit_id), None)
        if is_lost:
            self.office.town.lose(policy_id, unit_id)

    @rule(days=st.sampled_from([1, 12, 31, 370]))
    def let_time_pass(self, days: int) -> None:
        self.office.clock.move(timedelta(days=days))
        self.attempt(
            service.create_due_payments,
            ports=self.office.ports,
            until=self.office.clock.today(),
            now=self.office.now,
        )

    @rule(amount=st.integers(1, 200_000), place=st.integers(0, 2))
    def appropriate(self, amount: int, place: int) -> None:
        budget = self.pick(Budget, place)
        if budget is not None:
            self.attempt(
                service.appropriate,
                budget_id=budget.id,
                amount_fen=amount,
                reference=f"more-{self.sequence}",
                now=self.office.now,
            )

    @rule(
        trouble=st.sampled_from(TROUBLES),
        status=st.sampled_from(ENDINGS),
    )
    def work(self, trouble: Trouble | None, status: Ending) -> None:
        if trouble is not None:
            self.office.treasury.troubles.append(trouble)
        self.approve(FINANCE_SEAT)
        handlers = service.build_handlers(
            self.office.database,
            self.office.clock,
            self.house.vault,
            self.office.ports,
            self.office.treasury,
        )
        worker = Worker(self.office.database, self.office.clock, handlers)
        worker.run_until_idle()
        self.office.treasury.settle(status)
        self.office.clock.move(timedelta(seconds=10))
        worker.run_until_idle()

    @precondition(lambda self: self.paid_before)
    @rule()
    def a_return_after_payment_is_named_anew(self) -> None:
        award = self.pick(Award, 0)
        if award is not None and award.subject_id in self.accounts and award.subject_id != FIRM:
            self.attempt(
                service.name_account,
                ports=self.office.ports,
                award_id=award.id,
                principal=person(award.subject_id),
                account_id=self.accounts[award.subject_id],
                now=self.office.now,
            )

    @invariant()
    def the_books_balance(self) -> None:
        with self.office.database.read() as session:
            assert service.defects(session) == []
            for budget in session.query(Budget):
                pockets = balances(session, budget.id)
                held = pockets["reserved"] + pockets["instructed"] + pockets["paid"]
                assert held <= -pockets["appropriation"]
                out = [
                    one.amount_fen
                    for one in session.query(Payment).filter_by(budget_id=budget.id)
                    if one.state in SPENT_OR_OUT
                ]
                assert held == sum(out)

    @invariant()
    def no_payment_leaves_without_a_reservation(self) -> None:
        with self.office.database.read() as session:
            reserved = {row.payment_id for row in session.query(LedgerTransaction).filter_by(kind="reserve")}
            assert all(one.id in reserved for one in session.query(Payment) if one.state in SPENT_OR_OUT)

    @invariant()
    def one_payment_per_unit_and_period(self) -> None:
        with self.office.database.read() as session:
            keys = [
                (one.policy_id, one.unit_id, one.period)
                for one in session.query(Payment)
                if one.state != PaymentState.CANCELLED
            ]
        assert len(keys) == len(set(keys))

    @invariant()
    def the_treasury_and_we_agree_on_what_was_paid(self) -> None:
        with self.office.database.read() as session:
            ours = {
                one.instruction_id: one.amount_fen
                for one in session.query(Payment)
                if one.state == PaymentState.PAID
            }
        theirs = {
            key: order.amount_fen
            for key, order in self.office.treasury.orders.items()
            if self.office.treasury.states[key] == "paid"
        }
        assert ours.items() <= theirs.items()
        payments = [key.rsplit("-", 1)[0] for key in theirs]
        assert len(payments) == len(set(payments)), "one payment went out twice"

    @invariant()
    def what_was_paid_stays_paid(self) -> None:
        with self.office.database.read() as session:
            paid = {
                str(one.id): one.amount_fen
                for one in session.query(Payment)
                if one.state == PaymentState.PAID
            }
        assert self.paid_before.items() <= paid.items()
        self.paid_before = paid

    @invariant()
    def one_right_is_claimed_and_awarded_once_at_a_time(self) -> None:
        with self.office.database.read() as session:
            claims = [(one.policy_id, one.unit_id) for one in session.query(Claim) if one.state in OPEN_CLAIM]
            awards = [(one.policy_id, one.unit_id) for one in session.query(Award) if one.state != "ended"]
        assert len(claims) == len(set(claims))
        assert len(awards) == len(set(awards))

    @invariant()
    def an_entitlement_never_stands_in_a_line(self) -> None:
        with self.office.database.read() as session:
            waiting = {one.policy_id for one in session.query(Payment).filter_by(state="waitlisted")}
        assert waiting <= {"hiring"}

    @invariant()
    def every_refusal_is_written_and_nobody_acts_twice(self) -> None:
        with self.office.database.read() as session:
            refused = {one.id for one in session.query(Claim).filter_by(state="refused")}
            papers = {one.claim_id for one in session.query(WrittenDecision).filter_by(outcome="refused")}
            assert refused <= papers
            forward = [
                (act.claim_id, act.round, act.official_id, act.stage)
                for act in session.query(StageDecision)
                if act.action != "return_for_supplement"
            ]
        stages_by_hand = {key[:3]: {one[3] for one in forward if one[:3] == key[:3]} for key in forward}
        assert all(len(stages) == 1 for stages in stages_by_hand.values())

    @invariant()
    def a_confirmed_offer_keeps_its_version_and_amount(self) -> None:
        with self.office.database.read() as session:
            claims = {str(one.id): (one.facts["sha256"], one.policy_version) for one in session.query(Claim)}
        assert self.confirmed_before.items() <= claims.items()
        self.confirmed_before = claims

    def find_offer(self, right: tuple[str, int, int]) -> Offer | None:
        policy_id, subject_id, unit_id = right
        with self.office.database.read() as session:
            return (
                session.query(Offer)
                .filter_by(policy_id=policy_id, subject_id=subject_id, unit_id=unit_id)
                .first()
            )

    def pick(self, table: type[Row], place: int) -> Row | None:
        with self.office.database.read() as session:
            rows = session.query(table).order_by(table.id).all()
        return rows[place % len(rows)] if rows else None


Delivery.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDelivery = pytest.mark.timeout(600)(Delivery.TestCase)
