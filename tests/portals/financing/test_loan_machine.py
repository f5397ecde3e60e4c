"""A loan under any order of events, on SQLite and on PostgreSQL: the books hold, and the city knows what the bank knows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from kernel.clock import FixedClock, business_date
from kernel.errors import Conflict, IllegalTransition, InvalidInput
from kernel.house import House
from policy_engine.profiles.repository import load_family
from portals.financing.loans import repository, service
from portals.financing.loans.models import Loan
from portals.financing.loans.reckoning import accrued_fen
from portals.financing.loans.schemas import Extension, NewRepayment, Overdue, Renewal
from portals.financing.loans.states import RUNNING, TABLE, LoanState
from tests.portals.financing import lending
from tests.portals.financing.lending import borrower, manager

EXPECTED = (InvalidInput, Conflict, IllegalTransition)


class LoanMachine(RuleBasedStateMachine):
    """Each step may be refused; what it left behind must hold whether it was or not."""

    house: ClassVar[House]
    firm_id: ClassVar[int]
    serial: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        clock = self.house.clock
        assert isinstance(clock, FixedClock)
        self.clock = clock
        self.began = clock.now()
        LoanMachine.serial += 1
        with self.house.database.write() as session:
            loan = lending.disbursed(session, self.house, self.firm_id, number=f"HT-{LoanMachine.serial}")
            self.loan_id = loan.id
        self.paid = 0
        self.count = 0

    def teardown(self) -> None:
        self.clock.move(timedelta(seconds=1))

    def act(self, step: Callable[[Session], Any]) -> Any:
        """One step in a transaction of its own; a refusal leaves nothing."""
        try:
            with self.house.database.write() as session:
                return step(session)
        except EXPECTED:
            return None

    def loan(self, session: Session) -> Loan:
        found = repository.lock(session, self.loan_id)
        assert found is not None
        return found

    @rule(days=st.integers(1, 45))
    def time_passes(self, days: int) -> None:
        self.clock.move(timedelta(days=days))

    @rule(share=st.sampled_from([0, 1, 10, 50, 100, 101]), interest=st.integers(-1, 200_000))
    def repay(self, share: int, interest: int) -> None:
        self.count += 1
        now = self.clock.now()

        def step(session: Session) -> NewRepayment:
            came = NewRepayment(
                on_day=business_date(now),
                reference=f"H{LoanMachine.serial}-{self.count}",
                principal_fen=self.loan(session).balance_fen * share // 100,
                interest_fen=interest,
            )
            service.repay(session, manager(), self.loan_id, came, vault=self.house.vault, now=now)
            return came

        came = self.act(step)
        if came is not None:
            self.paid += came.principal_fen
            again = self.act(
                lambda session: (
                    service.repay(
                        session, manager(), self.loan_id, came, vault=self.house.vault, now=now
                    ).principal_fen
                )
            )
            assert again == came.principal_fen  # said twice, booked once

    @rule()
    def pay_what_is_due(self) -> None:
        self.count += 1
        now = self.clock.now()

        def step(session: Session) -> int:
            standing = service.standing_of(self.loan(session))
            due = [one for one in standing.schedule.instalments if one.due_on <= business_date(now)]
            if not due:
                return 0
            came = NewRepayment(
                on_day=business_date(now),
                reference=f"D{LoanMachine.serial}-{self.count}",
                principal_fen=max(0, standing.balance_fen - due[-1].balance_fen),
                interest_fen=max(0, sum(one.interest_fen for one in due) - standing.settled_interest_fen),
            )
            service.repay(session, manager(), self.loan_id, came, vault=self.house.vault, now=now)
            return came.principal_fen

        self.paid += self.act(step) or 0

    @rule()
    def fall_overdue(self) -> None:
        now = self.clock.now()

        def step(session: Session) -> None:
            due = self.loan(session).next_due_on
            since = business_date(now) if due is None else lending.day_later(due, 1)
            service.report_overdue(
                session, manager(), self.loan_id, Overdue(since=since), vault=self.house.vault, now=now
            )

        self.act(step)

    @rule(months=st.integers(0, 14))
    def extend(self, months: int) -> None:
        now = self.clock.now()
        on = business_date(now)

        def step(session: Session) -> None:
            accrued = accrued_fen(service.standing_of(self.loan(session)), on)
            wanted = Extension(months=months, agreed_on=on, interest_fen=accrued)
            service.extend(session, manager(), self.loan_id, wanted, vault=self.house.vault, now=now)
            assert accrued_fen(service.standing_of(self.loan(session)), on) == 0

        self.act(step)

    @rule()
    def confirm(self) -> None:
        now = self.clock.now()
        self.act(
            lambda session: service.confirm_receipt(session, self.loan_id, by=borrower(self.firm_id), now=now)
        )

    @rule(share=st.integers(1, 100))
    def compensate(self, share: int) -> None:
        now = self.clock.now()

        def step(session: Session) -> int:
            part = self.loan(session).balance_fen * share // 100
            came = NewRepayment(
                on_day=business_date(now), reference=f"C{LoanMachine.serial}", principal_fen=part
            )
            service.compensate(session, self.loan_id, came, by="guarantor", now=now)
            return part

        self.paid += self.act(step) or 0

    @precondition(lambda self: self.count > 2)
    @rule()
    def renew(self) -> None:
        now = self.clock.now()

        def step(session: Session) -> int:
            owed, on = self.loan(session).balance_fen, business_date(now)
            wanted = Renewal(
                on_day=on,
                contract_number=f"XD-{LoanMachine.serial}",
                term_months=12,
                rate_bp=330,
                interest_fen=accrued_fen(service.standing_of(self.loan(session)), on),
            )
            fresh = service.renew(session, manager(), self.loan_id, wanted, vault=self.house.vault, now=now)
            assert fresh.principal_fen == owed
            return owed

        self.paid += self.act(step) or 0

    @rule()
    def close(self) -> None:
        now = self.clock.now()
        self.act(lambda session: service.close(session, manager(), self.loan_id, now=now))

    @invariant()
    def the_books_hold(self) -> None:
        with self.house.database.read() as session:
            found = session.get(Loan, self.loan_id)
            assert found is not None
            assert found.balance_fen == found.principal_fen - self.paid
            assert found.balance_fen >= 0
            booked = repository.repayments_of(session, found.id)
            assert found.settled_interest_fen == sum(
                one.interest_fen for one in booked if one.source == "firm"
            )
            planned = service.schedule_in(found).instalments
            assert planned[-1].balance_fen == 0
            assert sum(one.principal_fen for one in planned) == found.principal_fen
            state = LoanState(found.state)
            assert (state == LoanState.OVERDUE) <= (found.overdue_since is not None)
            assert (found.balance_fen == 0) or state not in (LoanState.REPAID, LoanState.RENEWED)
            assert (found.next_due_on is not None) == (state in RUNNING and found.balance_fen > 0)
            self._city_knows(session, found)
            steps = repository.events_of(session, found.id)
            for one in steps[1:]:
                assert LoanState(one.to_state) in TABLE[LoanState(one.from_state or ""), one.command]

    def _city_knows(self, session: Session, found: Loan) -> None:
        assert found.unit_id is not None
        facts = load_family(session, found.unit_id).subject(found.unit_id).facts
        assert facts["is_overdue"].value is (found.overdue_since is not None)
        assert facts["is_extended"].value is (found.extended_on is not None)


def test_a_loan_under_any_order_of_events(any_house: House) -> None:
    with any_house.database.write() as session:
        LoanMachine.firm_id = lending.registered_firm(session, any_house)
    LoanMachine.house = any_house
    LoanMachine.serial = 0
    run_state_machine_as_test(
        LoanMachine,
        settings=settings(
            max_examples=6 if settings().max_examples <= 50 else 60,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_table_leads_every_loan_to_its_end() -> None:
    """From wherever a loan stands there is a way to the end, and none leads on from there."""
    for state in LoanState:
        reached, front = {state}, {state}
        while front:
            front = {end for (start, _), ends in TABLE.items() if start in front for end in ends} - reached
            reached |= front
        assert LoanState.CLOSED in reached
    assert not any(start == LoanState.CLOSED for start, _ in TABLE)
