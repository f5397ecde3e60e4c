"""The ready questions find what is there and nothing else; every finding is one case with an owner and an end."""

from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from kernel import notices
from kernel.errors import Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.oversight import service
from policy_engine.delivery.oversight.jobs import look
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.views.oversight import findings
from policy_engine.profiles.schemas import FactChange, RawValue
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.delivery.city import (
    DECIDER,
    GRANDMOTHER,
    MOTHER,
    NURSING,
    SECOND_DECIDER,
    Office,
    decider,
    official,
)
from tests.policy_engine.delivery.stories import known_person, next_month, paid, pay

AUDITOR = 931


def auditor(division: str = "420200") -> Principal:
    return official(AUDITOR, "audit.read", division=division, department="审计局")


def night(office: Office) -> int:
    return look(office.database, office.clock, office.ports)


def cases(office: Office) -> dict[str, Finding]:
    with office.database.read() as session:
        return {one.question: one for one in session.scalars(sa.select(Finding))}


def test_clean_books_raise_no_question(any_office: Office) -> None:
    any_office.town.officials = [decider(), decider(SECOND_DECIDER)]
    paid(any_office)
    assert night(any_office) == 0
    assert cases(any_office) == {}


def test_money_after_death_is_one_case_that_grows(any_office: Office) -> None:
    known_person(any_office, GRANDMOTHER)
    paid(any_office)
    registered(any_office, GRANDMOTHER, "person.death_date", "2026-10-05")
    assert night(any_office) == 1
    assert night(any_office) == 0, "the same night again finds the same case"
    found = cases(any_office)["paid_after_death"]
    assert (found.weight, found.detail["died_on"], found.state) == (1, "2026-10-05", "asked")
    with any_office.database.read() as session:
        (view,) = findings(
            session, any_office.ports, auditor(), question="", state="asked", now=any_office.now
        )
    assert (view.who, view.total_fen, view.working_days_left, view.may_answer) == ("某101", 10_000, 10, False)


def registered(office: Office, subject_id: int, attribute: str, value: RawValue) -> None:
    """A register says so, and nobody acted upon it, as in the years before."""
    told = FactChange(
        subject_id=subject_id,
        attribute=attribute,
        value=value,
        source="civil_affairs",
        event_id=f"{attribute}/{subject_id}",
        observed_at=office.now,
    )
    with office.database.write() as session:
        apply_changes(session, [told], now=office.now)


def test_one_account_for_more_than_three_people(office: Office) -> None:
    office.budget(1_000_000)
    for number in range(4):
        subject = 2001 + number
        office.reconcile(office.effect("nursing", subject))
        account = office.account(subject, "6222020111222299999")
        office.grant(office.confirm(office.offer("nursing", subject), account))
        assert night(office) == (1 if number == 3 else 0)
    assert cases(office)["one_account"].weight == 4
    with office.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PayeeAccount)) == 4


def test_officials_on_relief_and_relatives_of_who_approved(office: Office) -> None:
    office.town.officials = [decider(), decider(SECOND_DECIDER)]
    office.town.households = {"home": frozenset({DECIDER, GRANDMOTHER})}
    paid(office)
    night(office)
    found = cases(office)
    assert set(found) == {"relatives"}
    assert (found["relatives"].official_id, found["relatives"].subject_id) == (DECIDER, GRANDMOTHER)
    known_person(office, SECOND_DECIDER)
    office.town.households = {"home": frozenset({SECOND_DECIDER})}
    registered(office, SECOND_DECIDER, "person.is_tekun", True)
    night(office)
    assert cases(office)["officials_on_relief"].official_id == SECOND_DECIDER


def test_two_counties_that_pay_for_one_thing(office: Office) -> None:
    paid(office)
    twin = msgspec.structs.replace(NURSING, policy_id="childcare", period="month")
    office.town.policies["childcare"] = twin
    claim = paid(office, "childcare", MOTHER)
    with office.database.write() as session:
        other = session.scalars(sa.select(Payment).where(Payment.claim_id == claim.id)).one()
        other.unit_id, other.division = GRANDMOTHER, "420281001"
    assert night(office) == 0, "two different things may be paid by two counties"
    office.town.policies["childcare"] = msgspec.structs.replace(twin, excludes=frozenset({"nursing"}))
    assert night(office) == 1
    assert cases(office)["two_counties"].detail["counties"] == ["420203", "420281"]


def test_an_account_changed_shortly_before_the_money_left(office: Office) -> None:
    claim = paid(office)
    office.clock.move(timedelta(days=35))
    account = office.account(GRANDMOTHER, "6222020111299990000")
    with office.database.write() as session:
        award = session.scalars(sa.select(Award)).one()
        award.account_id = account
        new = session.get(PayeeAccount, account)
        assert new is not None
        new.usable_from_at = office.now

    office.clock.move(timedelta(days=1))
    next_month(office)
    pay(office, claim)
    night(office)
    found = cases(office)["changed_account"]
    assert found.detail["days"] <= 7
    assert found.duty == "payment.approve"


def test_a_case_is_answered_by_its_owner_and_closed_by_the_auditor_alone(office: Office) -> None:
    office.town.officials = [decider(), decider(SECOND_DECIDER)]
    office.town.households = {"home": frozenset({DECIDER, GRANDMOTHER})}
    paid(office)
    night(office)
    case = cases(office)["relatives"]

    def answer(principal: Principal, words: str = "已由他人复核") -> None:
        with office.database.write() as session:
            service.answer_finding(
                session, finding_id=case.id, principal=principal, answer=words, now=office.now
            )

    def close(principal: Principal, outcome: str = "explained") -> None:
        with office.database.write() as session:
            service.close_finding(
                session,
                finding_id=case.id,
                principal=principal,
                outcome=outcome,
                words="情况属实",
                now=office.now,
            )

    with pytest.raises(IllegalTransition):
        close(auditor())
    for other in (decider(), auditor(), official(940, "claim.decide", division="429000")):
        with pytest.raises(NotFound):
            answer(other)
    with pytest.raises(InvalidInput):
        answer(decider(SECOND_DECIDER), " ")
    office.clock.move(timedelta(days=30))
    with office.database.write() as session:
        assert service.remind_of_findings(session, office.ports, now=office.now) == 1
        assert service.remind_of_findings(session, office.ports, now=office.now) == 0
    with office.database.read() as session:
        assert "oversight.asked" in {one.kind for one in notices.inbox(session, SECOND_DECIDER)}
        assert "oversight.asked" not in {one.kind for one in notices.inbox(session, DECIDER)}
    answer(decider(SECOND_DECIDER))
    with office.database.write() as session:
        service.ask_again(
            session, office.ports, finding_id=case.id, principal=auditor(), words="谁复核的", now=office.now
        )
    answer(decider(SECOND_DECIDER), "王某复核")
    with pytest.raises(Forbidden):
        close(decider(SECOND_DECIDER))
    with pytest.raises(InvalidInput):
        close(auditor(), "nothing")
    close(auditor())
    with pytest.raises(IllegalTransition):
        close(auditor())
    assert night(office) == 0, "closed stays closed while it does not grow"
    assert cases(office)["relatives"].state == "closed"
