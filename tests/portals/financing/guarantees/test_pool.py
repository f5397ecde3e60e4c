"""A default through compensation and pool: who may do what, how often, up to where."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import msgspec
import pytest
from sqlalchemy.orm import Session

import portals.tables
from identity.accounts.models import Account
from identity.registry import service as registry
from identity.seats import service as seats
from identity.seats.models import SeatHolding
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.house import House
from kernel.notices import inbox
from portals.financing.guarantees.pool import books, caps, compensation, repository
from portals.financing.guarantees.pool.schemas import Paper
from portals.financing.institutions import institutions
from tests.portals.financing.guarantees.stories import (
    BANK,
    GUARANTEE,
    GUARANTOR,
    NOW,
    OFFICER,
    PAPERS,
    compensated,
    hand,
    overdue,
    paid,
    pool_with,
)

assert portals.tables.METADATA is not None


@pytest.fixture
def session(house: House) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def test_a_loss_is_shared_by_rule_and_what_comes_back_is_shared_back(session: Session) -> None:
    pool = pool_with(session, 1_000_000_00)
    one = paid(session, overdue(1_000_000_01))
    assert one.shares == {"bank": 200_000_00, "guarantor": 400_000_01, "pool": 200_000_00, "city": 200_000_00}
    assert repository.balances(session, pool.id) == {
        **dict.fromkeys(books.ACCOUNTS, 0),
        "funding": -1_000_000_00,
        "available": 800_000_00,
        "paid": 200_000_00,
        "losses": -1_000_000_01,
        "borne_bank": 200_000_00,
        "borne_guarantor": 400_000_01,
        "borne_pool": 200_000_00,
        "borne_city": 200_000_00,
    }
    back = compensation.recover(session, one.id, 500_000_00, "HK-1", by=GUARANTEE, now=NOW)
    assert back == {"bank": 100_000_00, "guarantor": 200_000_00, "pool": 100_000_00, "city": 100_000_00}
    assert one.state == "recovery"
    compensation.recover(session, one.id, 500_000_01, "HK-2", by=GUARANTEE, now=NOW)
    assert (one.state, one.recovered_fen, set(one.borne.values())) == ("shared", 1_000_000_01, {0})
    balances = repository.balances(session, pool.id)
    assert (balances["available"], balances["paid"], balances["losses"]) == (1_000_000_00, 0, 0)
    assert repository.caps(session)[0].used_fen == 0
    assert books.defects(session) == []


def test_what_is_written_off_stays_with_those_who_bear_it(session: Session) -> None:
    pool = pool_with(session, 1_000_000_00)
    one = paid(session, overdue(900_000_00, guarantor=None))
    compensation.recover(session, one.id, 300_000_00, "HK-1", by=BANK, now=NOW)
    compensation.write_off(session, one.id, "企业已破产清算完毕", by=OFFICER, now=NOW)
    balances = repository.balances(session, pool.id)
    assert (balances["spent"], balances["paid"], balances["written_off"]) == (240_000_00, 0, 600_000_00)
    assert repository.caps(session)[0].used_fen == 240_000_00
    assert books.defects(session) == []
    with pytest.raises(IllegalTransition):
        compensation.recover(session, one.id, 1, "HK-2", by=BANK, now=NOW)


def test_a_loan_is_compensated_once(session: Session) -> None:
    pool_with(session, 1_000_000_00)
    loan = overdue()
    one = paid(session, loan)
    with pytest.raises(Conflict, match="已经申请过代偿"):
        compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
    for again in (
        lambda: compensation.claim(session, one.id, by=GUARANTEE, now=NOW),
        lambda: compensation.pay(session, one.id, by=OFFICER, now=NOW),
        lambda: compensation.compensate(session, one.id, by=GUARANTEE, now=NOW),
    ):
        with pytest.raises(IllegalTransition):
            again()


def test_one_receipt_is_booked_once(session: Session) -> None:
    pool_with(session, 1_000_000_00)
    one = paid(session, overdue())
    compensation.recover(session, one.id, 100, "HK-1", by=GUARANTEE, now=NOW)
    with pytest.raises(Conflict, match="已经登记过"):
        compensation.recover(session, one.id, 100, " HK-1 ", by=GUARANTEE, now=NOW)
    assert one.recovered_fen == 100


def test_a_refused_request_can_be_made_again_with_better_papers(session: Session) -> None:
    pool_with(session, 1_000_000_00)
    loan = overdue()
    first = compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
    compensation.refuse(session, first.id, "缺少催收函回执", by=GUARANTEE, now=NOW)
    second = compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
    assert (first.state, second.state) == ("refused", "requested")


def test_a_refused_claim_gives_back_what_was_set_aside(session: Session) -> None:
    pool = pool_with(session, 1_000_000_00)
    one = compensated(session, overdue())
    compensation.claim(session, one.id, by=GUARANTEE, now=NOW)
    compensation.refuse_claim(session, one.id, "证据不足", by=OFFICER, now=NOW)
    assert repository.balances(session, pool.id)["available"] == 1_000_000_00
    assert repository.caps(session)[0].used_fen == 0
    assert compensation.claim(session, one.id, by=GUARANTEE, now=NOW) == "claimed"
    assert books.defects(session) == []


class TestTheCap:
    def test_reached_stops_further_claims_and_nothing_half_done_stays(self, session: Session) -> None:
        # 5 % of 4,000,000 yuan: 200,000 yuan, the pool's part of exactly one loan of a million.
        pool = pool_with(session, 10_000_000_00, covered_fen=4_000_000_00)
        first, second = compensated(session, overdue(1_000_000_00)), compensated(session, overdue(1_000_00))
        assert compensation.claim(session, first.id, by=GUARANTEE, now=NOW) == "claimed"
        assert compensation.claim(session, second.id, by=GUARANTEE, now=NOW) == "cap_reached"
        (cap,) = repository.caps(session)
        assert (cap.used_fen, cap.cap_fen, cap.stopped_at) == (200_000_00, 200_000_00, NOW)
        assert (second.state, second.shares) == ("compensated", {})
        assert repository.balances(session, pool.id)["claimed"] == 200_000_00

    def test_stays_reached_until_the_officer_approves_anew(self, session: Session) -> None:
        pool = pool_with(session, 10_000_000_00, covered_fen=4_000_000_00)
        one = paid(session, overdue(1_000_000_00))
        other = compensated(session, overdue(1_000_00))
        compensation.recover(session, one.id, 1_000_000_00, "HK-1", by=GUARANTEE, now=NOW)
        assert compensation.claim(session, other.id, by=GUARANTEE, now=NOW) == "cap_reached"
        caps.approve(session, pool, "dongchu-bank", 2026, 4_000_000_00, by=OFFICER, now=NOW)
        assert compensation.claim(session, other.id, by=GUARANTEE, now=NOW) == "claimed"

    def test_cannot_be_lowered_below_what_is_used(self, session: Session) -> None:
        pool = pool_with(session, 10_000_000_00)
        paid(session, overdue(1_000_000_00))
        with pytest.raises(InvalidInput, match="低于已经补偿"):
            caps.approve(session, pool, "dongchu-bank", 2026, 1_000_00, by=OFFICER, now=NOW)

    def test_of_a_bank_without_one_nothing_is_paid(self, session: Session) -> None:
        books.open_pool(session, "sme-pool", now=NOW)
        one = compensated(session, overdue())
        with pytest.raises(Conflict, match="尚未核定"):
            compensation.claim(session, one.id, by=GUARANTEE, now=NOW)


def test_a_pool_without_money_pays_nothing(session: Session) -> None:
    pool_with(session, 100)
    one = compensated(session, overdue())
    with pytest.raises(books.ShortOfPool):
        compensation.claim(session, one.id, by=GUARANTEE, now=NOW)
    assert (one.state, repository.caps(session)[0].used_fen) == ("compensated", 0)


class TestWhoMay:
    def test_nobody_sees_or_moves_anothers(self, session: Session) -> None:
        pool_with(session, 1_000_000_00)
        loan = overdue()
        stranger, other_guarantor = hand("bank", "cihu-rural", 7), hand("guarantor", "another", 8)
        with pytest.raises(NotFound):
            compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=stranger, now=NOW)
        one = compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
        with pytest.raises(NotFound):
            compensation.compensate(session, one.id, by=other_guarantor, now=NOW)
        with pytest.raises(Forbidden):
            compensation.compensate(session, one.id, by=BANK, now=NOW)
        with pytest.raises(Forbidden):
            compensation.pay(session, one.id, by=GUARANTEE, now=NOW)

    def test_the_bank_does_not_claim_what_the_guarantor_paid(self, session: Session) -> None:
        pool_with(session, 1_000_000_00)
        one = compensated(session, overdue())
        with pytest.raises(Forbidden):
            compensation.claim(session, one.id, by=BANK, now=NOW)

    def test_who_claimed_does_not_pay(self, session: Session) -> None:
        pool_with(session, 1_000_000_00)
        one = compensated(session, overdue())
        compensation.claim(session, one.id, by=hand("guarantor", GUARANTOR, OFFICER.subject_id), now=NOW)
        with pytest.raises(Forbidden, match="同一个人"):
            compensation.pay(session, one.id, by=OFFICER, now=NOW)


class TestRefusals:
    def test_before_the_days_of_the_rule_have_passed(self, session: Session) -> None:
        pool_with(session, 1_000_000_00)
        for since in (date(2026, 9, 25), None):
            loan = msgspec.structs.replace(overdue(), overdue_since=since)
            with pytest.raises(Conflict):
                compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)

    @pytest.mark.parametrize("papers", [(), (Paper(title=" ", reference="1"),), PAPERS * 21])
    def test_without_papers(self, session: Session, papers: tuple[Paper, ...]) -> None:
        pool_with(session, 1_000_000_00)
        with pytest.raises(InvalidInput):
            compensation.request(session, overdue(), papers, pool_code="sme-pool", by=BANK, now=NOW)

    @pytest.mark.parametrize("amount", [0, -1, 1_000_000_02])
    def test_recoveries_that_cannot_be(self, session: Session, amount: int) -> None:
        pool_with(session, 1_000_000_00)
        one = paid(session, overdue(1_000_000_01))
        with pytest.raises(InvalidInput):
            compensation.recover(session, one.id, amount, "HK-1", by=GUARANTEE, now=NOW)

    @pytest.mark.parametrize("amount", [0, -1, 10**13])
    def test_absurd_money_put_in(self, session: Session, amount: int) -> None:
        pool = books.open_pool(session, "sme-pool", now=NOW)
        with pytest.raises(InvalidInput):
            caps.put_in(session, pool, amount, "PZ-1", by=OFFICER, now=NOW)
        assert not any(repository.balances(session, pool.id).values())


def seated_officer(session: Session, house: House) -> int:
    """Somebody on a seat of the city that oversees the pool."""
    seats.ensure_division(session, code="420200", name="黄石市")
    seat_id = seats.create_seat(
        session,
        division_code="420200",
        department="金融办",
        title="监督",
        duties=["financing.oversee", "financing.pool"],
    )
    officer = _subject(session, house, "person", "监督员")
    session.add(Account(subject_id=officer, state="active", created_at=NOW))
    session.flush()
    session.add(SeatHolding(seat_id=seat_id, subject_id=officer, is_acting=False, from_at=NOW))
    return officer


def desk_of(session: Session, house: House, code: str) -> int:
    """An institution with a department of its own at the city; in whose inbox its people read."""
    number = _subject(session, house, "institution", institutions()[code].name)
    seats.create_seat(
        session,
        division_code="420200",
        department=institutions()[code].name,
        title="经办席",
        duties=["financing.work"],
        institution_id=number,
    )
    return number


def _subject(session: Session, house: House, kind: Literal["person", "institution"], name: str) -> int:
    return registry.ensure(
        session,
        kind=kind,
        name=name,
        identifier_kind=None,
        identifier=None,
        vault=house.vault,
        now=NOW,
    )


def test_of_a_recovery_bank_guarantor_and_the_pools_officer_are_told(session: Session, house: House) -> None:
    officer = seated_officer(session, house)
    bank, guarantor = (desk_of(session, house, code) for code in ("dongchu-bank", GUARANTOR))
    pool_with(session, 10_000_000_00)
    one = paid(session, overdue(1_000_00))
    compensation.recover(session, one.id, 400_00, "HK-1", by=GUARANTEE, now=NOW)
    for reader, link in (
        (bank, "/rongtong/bank"),
        (guarantor, "/rongtong/bank"),
        (officer, "/zhengtong/financing"),
    ):
        (told,) = [row for row in inbox(session, reader) if row.kind == "financing.compensation_recover"]
        assert told.link == f"{link}/compensations/{one.id}"
        assert "400" not in told.title + told.body  # amounts are read inside


def test_oversight_is_told_once_that_a_cap_is_reached(session: Session, house: House) -> None:
    officer = seated_officer(session, house)
    pool = pool_with(session, 10_000_000_00)
    paid(session, overdue(1_000_00))
    caps.approve(session, pool, "dongchu-bank", 2026, 5_000_00, by=OFFICER, now=NOW)
    one = compensated(session, overdue())
    for _ in range(2):
        assert compensation.claim(session, one.id, by=GUARANTEE, now=NOW) == "cap_reached"
    assert [row.kind for row in inbox(session, officer)] == [
        "financing.cap_reached",
        "financing.compensation_claim",
    ]
