"""Money that comes back to a closed year leaves it again, the way the year was closed; register, report and books agree."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from kernel.clock import SHANGHAI
from kernel.outbox import Worker
from policy_engine.delivery import service
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.ports import TreasuryAnswer
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.register import repository as register
from tests.policy_engine.delivery.city import Office, finance, official, person
from tests.policy_engine.delivery.stories import award_of, pay, payments_of

YEAR_END = datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
NEXT_YEAR = datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)
CITY = "420200"


def work(office: Office) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(office.database, office.clock, handlers).run_until_idle()


def close(office: Office, surplus: str) -> None:
    office.clock.set(YEAR_END)
    seats = [official(number, "payment.approve", division=CITY, department="财政局") for number in (951, 952)]
    with office.database.write() as session:
        closing = service.propose_closing(
            session,
            principal=seats[0],
            division=CITY,
            fund_source="fiscal",
            year=2026,
            surplus=surplus,
            now=office.now,
        )
        service.decide_closing(
            session, closing_id=closing.id, principal=seats[1], outcome="carry_out", now=office.now
        )
    work(office)


def books(office: Office) -> dict[int, dict[str, int]]:
    with office.database.read() as session:
        assert service.defects(session) == []
        return {one.year: balances(session, one.id) for one in session.scalars(sa.select(Budget))}


def report(office: Office) -> tuple[int, int]:
    with office.database.read() as session:
        seen = service.preview_closing(
            session, division=CITY, fund_source="fiscal", year=2026, now=office.now
        )
    return seen.late_withdrawn_fen, seen.late_carried_fen


def registered(office: Office) -> int:
    with office.database.read() as session:
        return sum(cell.fen for cell in register.paid_cells(session))


def repaid_late(office: Office, surplus: str) -> None:
    """November was paid without a ground; 4,000 of it come back when the year is closed."""
    office.budget(30_000)
    claim = office.grant(office.claimed(subject_id=3_001))
    pay(office, claim)
    with office.database.write() as session:
        service.end_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=official(903, "claim.decide"),
            from_month=date(2026, 11, 1),
            reason="十一月起不再符合条件",
            now=office.now,
        )
    close(office, surplus)
    office.clock.set(NEXT_YEAR)
    with office.database.write() as session:
        found = session.scalars(sa.select(Overpayment)).one()
        service.record_repayment(
            session,
            overpayment_id=found.id,
            principal=finance(),
            amount_fen=4_000,
            receipt="HD-LATE",
            received_on=office.clock.today(),
            now=office.now,
        )


@pytest.mark.parametrize(
    ("surplus", "late", "next_year"), [("withdraw", (4_000, 0), 0), ("carry", (0, 4_000), 24_000)]
)
def test_what_is_repaid_late_goes_the_way_of_its_years_surplus(
    any_office: Office, surplus: str, late: tuple[int, int], next_year: int
) -> None:
    repaid_late(any_office, surplus)
    found = books(any_office)
    assert found[2026]["available"] == 0
    assert found[2026]["paid"] == 6_000
    assert found[2027]["available"] == next_year
    assert report(any_office) == late
    assert registered(any_office) == found[2026]["paid"] + found[2027]["paid"]


def test_what_a_bank_returns_late_stays_the_payees_in_the_next_year(any_office: Office) -> None:
    any_office.budget(10_000)
    claim = any_office.grant(any_office.claimed(subject_id=3_001))
    pay(any_office, claim)
    close(any_office, "withdraw")
    any_office.clock.set(NEXT_YEAR)
    (payment,) = payments_of(any_office, claim)
    with any_office.database.write() as session:
        row = payment_rows.lock_payment(session, payment.id)
        assert row is not None
        returned = TreasuryAnswer(status="returned", reference="B1", reason="账户已销户")
        apply_answer(session, any_office.ports, row, returned, now=any_office.now)
    found = books(any_office)
    assert (found[2026]["paid"], found[2026]["reserved"], found[2027]["reserved"]) == (0, 0, 10_000)
    assert report(any_office) == (0, 10_000)
    assert registered(any_office) == 0
    account = any_office.account(3_001, "6222020111222299999")
    with any_office.database.write() as session:
        service.name_account(
            session,
            any_office.ports,
            award_id=payment.award_id,
            principal=person(3_001),
            account_id=account,
            now=any_office.now,
        )
    pay(any_office, claim)
    assert books(any_office)[2027]["paid"] == registered(any_office) == 10_000
