"""From an approved application to a loan that the city knows of: the way of the money, and every door that stays shut."""

import uuid
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy.orm import Session

from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.house import House
from policy_engine.profiles.repository import load_family
from portals.financing.banks import contracts, offers, work
from portals.financing.banks.repository import offers_of
from portals.financing.banks.schemas import Decline, NewContract, NewNote
from portals.financing.costs.statement import Charge
from portals.financing.demands import repository as demand_rows
from portals.financing.demands.states import ApplicationState as A
from portals.financing.loans import repository as loan_rows
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import Extension, NewRepayment, Overdue, Renewal
from tests.conftest import NOON
from tests.portals.financing import lending
from tests.portals.financing.lending import approver, borrower, manager

TODAY = date(2026, 11, 23)


@pytest.fixture
def firm_id(session: Session, house: House) -> int:
    return lending.registered_firm(session, house)


def facts(session: Session, loan: Loan) -> dict[str, object]:
    assert loan.unit_id is not None
    return {
        key: one.value for key, one in load_family(session, loan.unit_id).subject(loan.unit_id).facts.items()
    }


def paid(loan: Loan, principal: int, interest: int, reference: str, on: date) -> NewRepayment:
    return NewRepayment(on_day=on, reference=reference, principal_fen=principal, interest_fen=interest)


def test_a_loan_is_a_fact_from_the_hour_it_is_paid_out(session: Session, house: House, firm_id: int) -> None:
    loan = lending.disbursed(session, house, firm_id, is_startup_guaranteed=True)
    known = facts(session, loan)
    assert known["principal"] == 50_000_000
    assert (known["drawn_on"], known["is_startup_guaranteed"]) == ("2026-11-23", True)
    assert (known["is_overdue"], known["is_extended"]) == (False, False)
    assert load_family(session, loan.unit_id or 0).owner.subject_id == firm_id


def test_settled_interest_overdue_and_cure_change_the_fact_at_once(
    session: Session, house: House, clock: FixedClock, firm_id: int
) -> None:
    loan, vault = lending.disbursed(session, house, firm_id), house.vault
    first, second = loans.schedule_in(loan).instalments[:2]
    clock.move(timedelta(days=31))
    on, now = first.due_on, clock.now()
    loans.repay(
        session,
        manager(),
        loan.id,
        paid(loan, first.principal_fen, first.interest_fen, "H1", on),
        vault=vault,
        now=now,
    )
    assert facts(session, loan)["interest_settled_this_quarter"] == first.interest_fen
    clock.move(timedelta(days=40))
    now, since = clock.now(), lending.day_later(second.due_on, 1)
    loans.report_overdue(session, manager(), loan.id, Overdue(since=since), vault=vault, now=now)
    assert (loan.state, facts(session, loan)["is_overdue"]) == ("overdue", True)
    part = paid(loan, second.principal_fen // 2, 0, "H2", lending.day_later(since, 1))
    loans.repay(session, manager(), loan.id, part, vault=vault, now=now)
    assert loan.state == "overdue"
    rest = paid(
        loan,
        second.principal_fen - part.principal_fen,
        second.interest_fen,
        "H3",
        lending.day_later(since, 2),
    )
    loans.repay(session, manager(), loan.id, rest, vault=vault, now=now)
    assert (loan.state, facts(session, loan)["is_overdue"]) == ("active", False)


def test_only_what_is_unpaid_can_be_overdue(session: Session, house: House, firm_id: int) -> None:
    loan = lending.disbursed(session, house, firm_id)
    with pytest.raises(Conflict):
        loans.report_overdue(
            session, manager(), loan.id, Overdue(since=TODAY), vault=house.vault, now=house.clock.now()
        )


def test_an_extension_shows_at_once_and_stays_after_arrears(
    session: Session, house: House, firm_id: int
) -> None:
    loan, now = lending.disbursed(session, house, firm_id), house.clock.now()
    loans.extend(
        session, manager(), loan.id, Extension(months=6, agreed_on=TODAY), vault=house.vault, now=now
    )
    assert (loan.state, loan.maturity_on) == ("extended", date(2028, 5, 23))
    assert facts(session, loan)["is_extended"] is True
    with pytest.raises(InvalidInput):  # more than the law allows
        loans.extend(
            session, manager(), loan.id, Extension(months=90, agreed_on=TODAY), vault=house.vault, now=now
        )


def test_a_renewal_is_a_new_loan_over_what_is_owed(session: Session, house: House, firm_id: int) -> None:
    loan, now = lending.disbursed(session, house, firm_id), house.clock.now()
    wanted = Renewal(on_day=TODAY, contract_number="HT-002", term_months=24, rate_bp=330)
    fresh = loans.renew(session, manager(), loan.id, wanted, vault=house.vault, now=now)
    assert (loan.state, fresh.state, fresh.renews_id) == ("closed", "active", loan.id)
    assert (fresh.principal_fen, fresh.rate_bp) == (50_000_000, 330)
    assert fresh.unit_id not in (None, loan.unit_id)
    with pytest.raises(IllegalTransition):
        loans.renew(
            session,
            manager(),
            loan.id,
            Renewal(on_day=TODAY, contract_number="HT-003", term_months=24, rate_bp=330),
            vault=house.vault,
            now=now,
        )


def test_interest_that_has_run_is_paid_before_a_loan_is_renewed(
    session: Session, house: House, clock: FixedClock, firm_id: int
) -> None:
    """Ten days into the second month: the old loan ends with its interest paid, the new one owes the principal alone."""
    loan, vault = lending.disbursed(session, house, firm_id, method="interest_first"), house.vault
    (first, *_) = loans.schedule_in(loan).instalments
    clock.move(timedelta(days=40))
    on, now = first.due_on + timedelta(days=10), clock.now()
    came = paid(loan, 0, first.interest_fen, "H1", first.due_on)
    loans.repay(session, manager(), loan.id, came, vault=vault, now=now)
    wanted = Renewal(on_day=on, contract_number="HT-002", term_months=12, rate_bp=330)
    # 500,000 yuan at 3.45 % for 10 days of 360.
    with pytest.raises(InvalidInput, match=r"应结利息为479\.17元"):
        loans.renew(session, manager(), loan.id, wanted, vault=vault, now=now)
    assert loan.state == "active"
    fresh = loans.renew(
        session,
        manager(),
        loan.id,
        msgspec.structs.replace(wanted, interest_fen=47_917),
        vault=vault,
        now=now,
    )
    booked = loan_rows.repayments_of(session, loan.id)
    assert [(one.on_day, one.interest_fen) for one in booked] == [
        (first.due_on, first.interest_fen),
        (on, 47_917),
    ]
    assert loan.settled_interest_fen == first.interest_fen + 47_917
    assert (fresh.principal_fen, loans.schedule_in(fresh).terms.disbursed_on) == (50_000_000, on)
    assert (on.year, facts(session, loan)["interest_settled_this_quarter"]) == (2027, 47_917)


def test_an_extension_cuts_the_interest_on_its_day(
    session: Session, house: House, clock: FixedClock, firm_id: int
) -> None:
    loan, vault = lending.disbursed(session, house, firm_id, method="interest_first"), house.vault
    former = loans.schedule_in(loan)
    clock.move(timedelta(days=10))
    wanted = Extension(months=6, agreed_on=TODAY + timedelta(days=10))
    with pytest.raises(InvalidInput, match=r"479\.17") as refused:
        loans.extend(session, manager(), loan.id, wanted, vault=vault, now=clock.now())
    assert [one.where for one in refused.value.errors] == ["interest_fen"]
    loans.extend(
        session,
        manager(),
        loan.id,
        msgspec.structs.replace(wanted, interest_fen=47_917),
        vault=vault,
        now=clock.now(),
    )
    cut, following, *_ = loans.schedule_in(loan).instalments
    assert (cut.due_on, cut.days, cut.principal_fen, cut.interest_fen) == (wanted.agreed_on, 10, 0, 47_917)
    assert following.due_on == former.instalments[0].due_on == loan.next_due_on
    assert following.days == 20
    assert loan.settled_interest_fen == 47_917


def test_a_loan_in_arrears_is_neither_extended_nor_renewed(
    session: Session, house: House, clock: FixedClock, firm_id: int
) -> None:
    loan = lending.disbursed(session, house, firm_id)
    clock.move(timedelta(days=40))
    on, now = TODAY + timedelta(days=40), clock.now()
    with pytest.raises(Conflict, match="不能展期"):
        loans.extend(
            session, manager(), loan.id, Extension(months=6, agreed_on=on), vault=house.vault, now=now
        )
    wanted = Renewal(on_day=on, contract_number="HT-002", term_months=12, rate_bp=330)
    with pytest.raises(Conflict, match="不能续贷"):
        loans.renew(session, manager(), loan.id, wanted, vault=house.vault, now=now)


def test_the_same_report_is_the_same_repayment(session: Session, house: House, firm_id: int) -> None:
    loan, now = lending.disbursed(session, house, firm_id), house.clock.now()
    one = paid(loan, 1_000_000, 0, "H1", TODAY)
    first = loans.repay(session, manager(), loan.id, one, vault=house.vault, now=now)
    assert loans.repay(session, manager(), loan.id, one, vault=house.vault, now=now).id == first.id
    assert len(loan_rows.repayments_of(session, loan.id)) == 1
    with pytest.raises(Conflict):
        loans.repay(
            session, manager(), loan.id, paid(loan, 2_000_000, 0, "H1", TODAY), vault=house.vault, now=now
        )


def test_an_absurd_repayment_is_refused(session: Session, house: House, firm_id: int) -> None:
    loan = lending.disbursed(session, house, firm_id)
    cases: list[tuple[dict[str, object], str]] = [
        ({"principal_fen": -1}, "principal_fen"),
        ({"principal_fen": 60_000_000}, "principal_fen"),
        ({"interest_fen": -5}, "interest_fen"),
        ({"principal_fen": 0}, "principal_fen"),
        ({"on_day": date(2026, 11, 24)}, "on_day"),
        ({"on_day": date(2020, 1, 1)}, "on_day"),
    ]
    for change, where in cases:
        given: dict[str, object] = {"on_day": TODAY, "reference": "H9", "principal_fen": 100, **change}
        with pytest.raises(InvalidInput) as refused:
            loans.repay(
                session,
                manager(),
                loan.id,
                NewRepayment(**given),  # type: ignore[bad-argument-type]
                vault=house.vault,
                now=house.clock.now(),
            )
        assert where in [one.where for one in refused.value.errors]
    assert not loan_rows.repayments_of(session, loan.id)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"amount_fen": -1}, "amount_fen"),
        ({"amount_fen": 50_000_001}, "amount_fen"),
        ({"rate_bp": 40_000}, "rate_bp"),
        ({"rate_bp": 0}, "rate_bp"),
        ({"term_months": 0}, "term_months"),
        ({"valid_days": 400}, "valid_days"),
        ({"charges": (Charge(name="评估费", amount_fen=-5),)}, "charges[0].amount_fen"),
        ({"charges": (Charge(name="补贴", kind="subsidy", amount_fen=5),)}, "charges[0]"),
    ],
)
def test_an_absurd_offer_is_refused_by_field(change: dict[str, object], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        offers.check(lending.an_offer(**change), 50_000_000, NOON)
    assert where in [one.where for one in refused.value.errors]


def test_nobody_approves_what_they_worked_on(session: Session, house: House, firm_id: int) -> None:
    (application,) = lending.posted(session, firm_id, house.clock.now())
    now, vault = house.clock.now(), house.vault
    both = approver(person=501)
    for command in ("accept", "contact"):
        work.take_step(session, manager(), application.id, command, vault=vault, now=now)
    with pytest.raises(Forbidden):
        work.approve(session, both, application.id, "", vault=vault, now=now)
    with pytest.raises(Forbidden):  # without the duty at all
        work.approve(session, manager(person=777), application.id, "", vault=vault, now=now)
    note = work.write_note(
        session,
        manager(person=503),
        application.id,
        NewNote(kind="visit", text="厂房属实"),
        vault=vault,
        now=now,
    )
    assert "厂房".encode() not in note.text_sealed
    with pytest.raises(Forbidden):
        work.approve(session, approver(person=503), application.id, "", vault=vault, now=now)
    assert work.approve(session, approver(), application.id, "", vault=vault, now=now).state == A.APPROVED


def test_one_accepted_offer_ends_the_others_and_says_no_more(
    session: Session, house: House, firm_id: int
) -> None:
    now = house.clock.now()
    first, second = lending.posted(session, firm_id, now, "dongchu-bank", "cihu-rural")
    chosen = lending.offered(session, house, first)
    other = lending.offered(session, house, second, rate_bp=360)
    offers.accept(session, chosen, by=borrower(firm_id), now=now)
    shown = {one.id: one.state for one in offers.offers_for(session, first.demand_id, firm_id, now)}
    assert shown == {chosen: "accepted", other: "withdrawn"}
    session.refresh(second)
    assert (second.state, second.reason_code, second.reason_note) == (A.NOT_CHOSEN, None, None)
    with pytest.raises(Conflict):
        offers.accept(session, other, by=borrower(firm_id), now=now)
    with pytest.raises(Conflict):
        offers.accept(session, chosen, by=borrower(firm_id), now=now)


def test_an_offer_is_answered_by_its_firm_in_time(
    session: Session, house: House, clock: FixedClock, firm_id: int
) -> None:
    (application,) = lending.posted(session, firm_id, house.clock.now())
    offer_id = lending.offered(session, house, application, valid_days=3)
    with pytest.raises(NotFound):
        offers.accept(session, offer_id, by=borrower(firm_id + 1), now=clock.now())
    clock.move(timedelta(days=4))
    with pytest.raises(Conflict):
        offers.accept(session, offer_id, by=borrower(firm_id), now=clock.now())
    assert offers.lapse_over(session, now=clock.now()) == 1
    assert demand_rows.application(session, application.id).state == A.LAPSED  # type: ignore[missing-attribute]
    assert offers.lapse_over(session, now=clock.now()) == 0


def test_a_new_offer_takes_the_place_of_the_former(session: Session, house: House, firm_id: int) -> None:
    (application,) = lending.posted(session, firm_id, house.clock.now())
    former = lending.offered(session, house, application)
    now = house.clock.now()
    fresh = offers.make(session, manager(), application.id, lending.an_offer(rate_bp=330), now=now)
    assert [(one.number, one.state) for one in offers_of(session, application.id)] == [
        (2, "open"),
        (1, "replaced"),
    ]
    with pytest.raises(Conflict):
        offers.accept(session, former, by=borrower(firm_id), now=now)
    offers.accept(session, fresh.id, by=borrower(firm_id), now=now)


def test_an_offer_that_wants_a_guarantee_is_not_signed_before_there_is_one(
    session: Session, house: House, firm_id: int
) -> None:
    now = house.clock.now()
    (application,) = lending.posted(session, firm_id, now)
    offer_id = lending.offered(session, house, application, needs_guarantee=True)
    offers.accept(session, offer_id, by=borrower(firm_id), now=now)
    with pytest.raises(Conflict):
        lending.contracted(session, house, application)


def test_a_contract_has_a_document_a_day_and_a_number_of_its_own(
    session: Session, house: House, firm_id: int
) -> None:
    now = house.clock.now()
    lending.disbursed(session, house, firm_id, number="HT-001")
    (application,) = lending.posted(session, firm_id, now)
    offers.accept(session, lending.offered(session, house, application), by=borrower(firm_id), now=now)
    for wanted, where in (
        (NewContract(number="HT-009", signed_on=TODAY, document_id=uuid.uuid4()), "document_id"),
        (NewContract(number="HT-009", signed_on=date(2026, 12, 1), document_id=uuid.uuid4()), "signed_on"),
        (NewContract(number="HT-001", signed_on=TODAY, document_id=uuid.uuid4()), "number"),
    ):
        with pytest.raises(InvalidInput) as refused:
            contracts.sign(session, manager(), application.id, wanted, now=now)
        assert where in [one.where for one in refused.value.errors]


def test_another_banks_officer_finds_nothing_by_any_number(
    session: Session, house: House, firm_id: int
) -> None:
    loan, now, vault = lending.disbursed(session, house, firm_id), house.clock.now(), house.vault
    stranger, boss = manager("cihu-rural", 601), approver("cihu-rural", 602)
    number = loan.application_id
    for attempt in (
        lambda: work.take_step(session, stranger, number, "accept", vault=vault, now=now),
        lambda: work.write_note(
            session, stranger, number, NewNote(kind="call", text="x"), vault=vault, now=now
        ),
        lambda: work.decline(session, stranger, number, Decline(reason_code="quota"), now=now),
        lambda: work.approve(session, boss, number, "", vault=vault, now=now),
        lambda: offers.make(session, stranger, number, lending.an_offer(), now=now),
        lambda: contracts.require_waiting(session, stranger, number),
        lambda: loans.own_loan(session, stranger, loan.id),
        lambda: loans.extend(
            session, stranger, loan.id, Extension(months=6, agreed_on=TODAY), vault=vault, now=now
        ),
    ):
        with pytest.raises(NotFound):
            attempt()
