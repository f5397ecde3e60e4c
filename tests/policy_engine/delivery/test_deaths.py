"""One register's word stops money, two end a right, and a death that was none is undone in one action."""

import uuid
from datetime import date
from typing import Literal

import pytest

from kernel import notices
from kernel.errors import Conflict, NotFound
from kernel.web.principal import Principal
from policy_engine.delivery import service
from policy_engine.delivery.awards.deaths import words_about
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.recovery.models import Overpayment
from tests.policy_engine.delivery.city import (
    DAUGHTER,
    GRANDMOTHER,
    STRANGER,
    Office,
    decider,
    finance,
    person,
)
from tests.policy_engine.delivery.stories import (
    award_of,
    known_person,
    next_month,
    paid,
    pay,
    payments_of,
    tell_death,
)

DIED_ON = date(2026, 11, 20)


@pytest.fixture
def claim(office: Office) -> Claim:
    """November was paid, December stands reserved."""
    known_person(office, GRANDMOTHER)
    claim = paid(office)
    next_month(office)
    return claim


def test_one_source_stops_and_ends_nothing(office: Office, claim: Claim) -> None:
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    assert award_of(office, claim).state == "suspended"
    assert [one.is_held for one in payments_of(office, claim)] == [False, True]
    assert next_month(office) == 0


@pytest.mark.parametrize("first", ["public_security", "civil_affairs"])
def test_a_second_source_ends_the_right_from_the_month_after(
    office: Office, claim: Claim, first: str
) -> None:
    second = {"public_security": "civil_affairs", "civil_affairs": "public_security"}[first]
    tell_death(office, GRANDMOTHER, first, DIED_ON)
    tell_death(office, GRANDMOTHER, second, DIED_ON)
    award = award_of(office, claim)
    assert (award.state, award.end_reason, award.ends_on) == ("ended", "death", date(2026, 11, 1))
    assert [one.state for one in payments_of(office, claim)] == ["paid", "cancelled"]
    with office.database.read() as session:
        [letter, _earlier] = notices.inbox(session, DAUGHTER)
    assert letter.kind == "award.ended"


def test_the_same_source_twice_is_one_source(office: Office, claim: Claim) -> None:
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    assert award_of(office, claim).state == "suspended"


def test_a_second_source_that_changes_no_fact_is_found_by_the_round(office: Office, claim: Claim) -> None:
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    with office.database.write() as session:
        assert service.confirm_deaths(session, office.ports, now=office.now) == GRANDMOTHER
        assert service.confirm_deaths(session, office.ports, now=office.now, after=GRANDMOTHER) is None
    assert award_of(office, claim).state == "suspended"


def test_the_family_hears_what_is_due_before_what_was_paid_too_much(office: Office, claim: Claim) -> None:
    pay(office, claim)  # December went out
    tell_death(office, GRANDMOTHER, "civil_affairs", DIED_ON)
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    with office.database.read() as session:
        [found] = session.query(Overpayment).all()
        [letter] = [one for one in notices.inbox(session, DAUGHTER) if one.kind == "overpayment.noticed"]
    assert (found.cause, found.amount_fen, found.state) == ("death", 10_000, "noticed")
    assert "2026-12" in letter.body
    assert "不会自动扣款" in letter.body


def test_what_was_still_due_goes_to_the_family(office: Office) -> None:
    known_person(office, GRANDMOTHER)
    office.budget(1_000_000)
    claim = office.grant(office.claimed())  # November reserved, not paid
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    tell_death(office, GRANDMOTHER, "civil_affairs", DIED_ON)
    [november] = payments_of(office, claim)
    assert (november.state, november.is_held) == ("reserved", True)  # never to the account of the dead
    with office.database.read() as session:
        letters = [one.body for one in notices.inbox(session, DAUGHTER) if one.kind == "award.ended"]
    assert "2026-11 应发未发的 100元" in letters[0]


def test_a_wrong_death_is_undone_with_every_period(office: Office, claim: Claim) -> None:
    pay(office, claim)
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    tell_death(office, GRANDMOTHER, "civil_affairs", DIED_ON)
    next_month(office)
    with office.database.write() as session:
        service.undo_death(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            reason="本人到场核实",
            now=office.now,
        )
    award = award_of(office, claim)
    assert (award.state, award.ends_on, award.end_reason) == ("active", None, None)
    assert [(one.period, one.state) for one in payments_of(office, claim)] == [
        ("2026-11", "paid"),
        ("2026-12", "paid"),
        ("2027-01", "reserved"),
    ]
    with office.database.read() as session:
        assert [one.state for one in session.query(Overpayment)] == ["dropped"]


def test_what_ended_for_another_reason_is_not_revived(office: Office, claim: Claim) -> None:
    with office.database.write() as session:
        service.end_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            from_month=date(2027, 1, 1),
            reason="迁出",
            now=office.now,
        )
    with pytest.raises(Conflict, match="不是因死亡"), office.database.write() as session:
        service.undo_death(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            reason="x",
            now=office.now,
        )


def test_a_register_that_takes_it_back_is_no_second_source(office: Office, claim: Claim) -> None:
    tell_death(office, GRANDMOTHER, "civil_affairs", DIED_ON)
    tell_death(office, GRANDMOTHER, "public_security", None)
    with office.database.read() as session:
        said = {word.source: word.is_dead for word in words_about(session, GRANDMOTHER)}
    assert said == {"civil_affairs": True, "public_security": False}
    assert award_of(office, claim).state == "suspended"


def died_with_money_due(office: Office) -> Claim:
    """Two registers say the same while the month of the death is still unpaid."""
    known_person(office, GRANDMOTHER)
    office.budget(10_000_000)
    claim = office.grant(office.claimed())
    tell_death(office, GRANDMOTHER, "civil_affairs", DIED_ON)
    tell_death(office, GRANDMOTHER, "public_security", DIED_ON)
    return claim


def ask_as_heir(
    office: Office, claim: Claim, principal: Principal, account_id: uuid.UUID, ground: str = "declared"
) -> None:
    with office.database.write() as session:
        service.name_heir(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=principal,
            heir_id=principal.subject_id,
            account_id=account_id,
            ground=ground,
            reference="",
            now=office.now,
        )


def decide_on_heir(office: Office, claim: Claim, outcome: Literal["agree", "refuse"]) -> None:
    with office.database.write() as session:
        service.decide_heir(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            outcome=outcome,
            reason="亲属关系已核对",
            now=office.now,
        )


def due_of(office: Office, claim: Claim) -> list[Payment]:
    return [one for one in payments_of(office, claim) if one.state != "cancelled"]


def test_what_was_due_waits_for_the_family_and_goes_to_whom_an_official_agrees(any_office: Office) -> None:
    office = any_office
    claim = died_with_money_due(office)
    due = due_of(office, claim)
    assert due
    assert all(one.is_held and one.state == "reserved" for one in due)
    with pytest.raises(Conflict):
        office.approve()  # nothing leaves for the dead's account
    account_id = office.account(DAUGHTER, "6222020333344445555")
    ask_as_heir(office, claim, person(DAUGHTER), account_id)
    with pytest.raises(Conflict):
        ask_as_heir(office, claim, person(DAUGHTER), account_id)
    decide_on_heir(office, claim, "agree")
    assert {(one.is_held, one.account_id, one.payee_id) for one in due_of(office, claim)} == {
        (False, account_id, DAUGHTER)
    }
    office.approve()
    assert {one.state for one in due_of(office, claim)} == {"instructed"}


def test_neither_a_stranger_nor_another_s_account_receives_what_was_due(office: Office) -> None:
    claim = died_with_money_due(office)
    strangers = office.account(STRANGER, "6222020999988887777")
    with pytest.raises(NotFound):
        ask_as_heir(office, claim, person(STRANGER), strangers)
    with pytest.raises(NotFound):
        ask_as_heir(office, claim, person(DAUGHTER), strangers)
    assert all(one.is_held for one in due_of(office, claim))


def test_a_refused_heir_may_ask_again_and_an_undone_death_pays_the_living(office: Office) -> None:
    claim = died_with_money_due(office)
    account_id = office.account(DAUGHTER, "6222020333344445555")
    ask_as_heir(office, claim, person(DAUGHTER), account_id)
    decide_on_heir(office, claim, "refuse")
    assert all(one.is_held for one in due_of(office, claim))
    ask_as_heir(office, claim, person(DAUGHTER), account_id)
    with office.database.write() as session:
        service.undo_death(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            reason="本人到场",
            now=office.now,
        )
    with pytest.raises(NotFound):
        ask_as_heir(office, claim, person(DAUGHTER), account_id)
    assert {one.payee_id for one in due_of(office, claim)} == {GRANDMOTHER}


@pytest.mark.parametrize("sources", [1, 2])
def test_no_finance_seat_lets_money_go_to_the_account_of_the_dead(office: Office, sources: int) -> None:
    known_person(office, GRANDMOTHER)
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    for source in ("public_security", "civil_affairs")[:sources]:
        tell_death(office, GRANDMOTHER, source, DIED_ON)
    [november] = payments_of(office, claim)
    with pytest.raises(Conflict, match="死亡信息"), office.database.write() as session:
        service.release_payment(
            session, payment_id=november.id, principal=finance(), reason="已核实", now=office.now
        )
    assert [(one.state, one.is_held) for one in payments_of(office, claim)] == [("reserved", True)]
