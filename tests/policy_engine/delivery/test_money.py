"""Awards, payments, batches and the books."""

from typing import Literal

import msgspec
import pytest

from kernel import notices
from kernel.errors import Conflict, Forbidden, NotFound
from policy_engine.delivery import service, views
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.repository import open_holds
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.repository import balances, open_alarms
from policy_engine.delivery.payments import line
from policy_engine.delivery.payments.reserving import reserve_waiting
from policy_engine.delivery.ports import Recheck
from policy_engine.delivery.states import AwardState, PaymentState
from tests.policy_engine.delivery.city import (
    DECIDER,
    FIRM,
    GRANDMOTHER,
    MOTHER,
    SECOND_DECIDER,
    Office,
    agent,
    decider,
    finance,
    official,
    person,
)
from tests.policy_engine.delivery.stories import award_of, next_month, payments_of


def test_a_grant_makes_an_award_with_this_months_payment_reserved(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    award = award_of(office, claim)
    (payment,) = payments_of(office, claim)
    assert (award.state, str(award.starts_on), str(award.next_due_on)) == (
        "active",
        "2026-11-01",
        "2026-12-01",
    )
    assert (payment.period, payment.amount_fen, payment.state) == ("2026-11", 10_000, "reserved")


def test_next_month_is_due_without_a_tap_and_only_once(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    assert next_month(office) == 1
    with office.database.write() as session:
        again = service.create_due_payments(session, office.ports, until=office.clock.today(), now=office.now)
    assert again == 0
    assert [payment.period for payment in payments_of(office, claim)] == ["2026-11", "2026-12"]


def test_missed_months_are_made_up_for(office: Office) -> None:
    office.budget(1_000_000)
    office.budget(1_000_000, year=2027)
    claim = office.grant(office.claimed())
    office.clock.set(office.now.replace(year=2027, month=2))
    with office.database.write() as session:
        service.create_due_payments(session, office.ports, until=office.clock.today(), now=office.now)
    assert [one.period for one in payments_of(office, claim)] == ["2026-11", "2026-12", "2027-01", "2027-02"]


def test_a_limited_right_ends_after_its_last_period(office: Office) -> None:
    office.budget(1_000_000)
    office.budget(1_000_000, year=2027)
    office.town.rechecks["nursing", GRANDMOTHER] = Recheck(
        verdict="eligible", amount_fen=10_000, sequence=8, periods=2
    )
    claim = office.grant(office.claimed())
    office.clock.set(office.now.replace(year=2027, month=6))
    with office.database.write() as session:
        service.create_due_payments(session, office.ports, until=office.clock.today(), now=office.now)
    assert [one.period for one in payments_of(office, claim)] == ["2026-11", "2026-12"]
    assert award_of(office, claim).next_due_on is None


def test_a_status_is_recognised_and_pays_nothing(office: Office) -> None:
    office.town.policies["nursing"] = msgspec.structs.replace(
        office.town.policies["nursing"], period="none", is_status=True
    )
    office.reconcile(office.effect())
    claim = office.grant(office.confirm(office.offer(), None))
    assert award_of(office, claim).amount_fen is None
    assert payments_of(office, claim) == []


def test_an_entitlement_without_money_waits_and_alarms_finance(office: Office) -> None:
    claim = office.grant(office.claimed())
    assert [one.state for one in payments_of(office, claim)] == ["awaiting_funds"]
    with office.database.read() as session:
        assert [alarm.policy_id for alarm in open_alarms(session)] == ["nursing"]
    budget = office.budget(1_000_000)
    with office.database.write() as session:
        assert reserve_waiting(session, office.ports, budget, now=office.now) == 1
        assert open_alarms(session) == []
    assert [one.state for one in payments_of(office, claim)] == ["reserved"]


def hired(office: Office, unit_id: int) -> Claim:
    """A firm's claim for one hire, granted."""
    office.reconcile(office.effect("hiring", FIRM, unit_id))
    claim = office.confirm(office.offer("hiring", FIRM, unit_id), office.account(FIRM), agent(304, FIRM))
    return office.act(claim, decider(), "grant")


def test_a_quota_is_never_overspent_and_the_line_keeps_the_order_of_decision(office: Office) -> None:
    budget = office.budget(250_000, "hiring", "quota")
    claims = [hired(office, 1000 + number) for number in range(4)]
    states = [payments_of(office, claim)[0].state for claim in claims]
    assert states == ["reserved", "reserved", "waitlisted", "waitlisted"]
    with office.database.read() as session:
        third, fourth = (payments_of(office, claim)[0] for claim in claims[2:])
        assert line.position(session, third) == 1
        assert line.position(session, fourth) == 2
    with office.database.write() as session:
        service.appropriate(session, budget.id, 100_000, reference="more", now=office.now)
        reserve_waiting(session, office.ports, budget, now=office.now)
    assert [payments_of(office, claim)[0].state for claim in claims[2:]] == ["reserved", "waitlisted"]


def test_a_newcomer_does_not_overtake_those_who_wait(office: Office) -> None:
    budget = office.budget(150_000, "hiring", "quota")
    hired(office, 1001)
    waiting = hired(office, 1002)
    with office.database.write() as session:
        service.appropriate(session, budget.id, 100_000, reference="more", now=office.now)
    newcomer = hired(office, 1003)
    assert payments_of(office, newcomer)[0].state == PaymentState.WAITLISTED
    with office.database.write() as session:
        reserve_waiting(session, office.ports, budget, now=office.now)
    assert payments_of(office, waiting)[0].state == PaymentState.RESERVED


def test_a_county_budget_comes_before_the_citys(office: Office) -> None:
    city = office.budget(1_000_000)
    with office.database.write() as session:
        county = service.open_budget(
            session,
            policy_id="nursing",
            division="420203",
            year=2026,
            appropriation="county",
            kind="entitlement",
            amount_fen=50_000,
            now=office.now,
        )
    office.grant(office.claimed())
    with office.database.read() as session:
        assert balances(session, county.id)["reserved"] == 10_000
        assert balances(session, city.id)["reserved"] == 0


def test_without_an_account_the_money_stays_reserved_until_one_is_named(office: Office) -> None:
    budget = office.budget(1_000_000)
    office.reconcile(office.effect())
    claim = office.grant(office.confirm(office.offer(), None))
    assert [one.state for one in payments_of(office, claim)] == ["account_missing"]
    with office.database.read() as session:
        assert balances(session, budget.id)["reserved"] == 10_000
    account_id = office.account()
    with office.database.write() as session:
        service.name_account(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=person(GRANDMOTHER),
            account_id=account_id,
            now=office.now,
        )
    assert [one.state for one in payments_of(office, claim)] == ["reserved"]


def test_finance_instructs_what_is_reserved(office: Office) -> None:
    budget = office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.approve()
    (payment,) = payments_of(office, claim)
    assert (payment.state, payment.instruction_id) == ("instructed", f"{payment.id.hex}-1")
    with office.database.read() as session:
        assert balances(session, budget.id)["instructed"] == 10_000
        (batch,) = views.batches(session, finance())
    assert (batch.payment_count, batch.total_fen, batch.held_count) == (1, 10_000, 0)
    with pytest.raises(Conflict):
        office.approve()


def test_who_decided_a_claim_does_not_pay_it(office: Office) -> None:
    office.budget(1_000_000)
    office.grant(office.claimed())
    both = official(DECIDER, "payment.approve", "claim.decide")
    with pytest.raises(Forbidden, match="其他人员"), office.database.write() as session:
        service.approve_batch(session, office.ports, principal=both, now=office.now)


def test_a_seat_without_the_duty_or_the_division_pays_nothing(office: Office) -> None:
    office.budget(1_000_000)
    office.grant(office.claimed())
    with pytest.raises(Forbidden), office.database.write() as session:
        service.approve_batch(session, office.ports, principal=decider(SECOND_DECIDER), now=office.now)
    elsewhere = official(1, "payment.approve", division="420281")
    with pytest.raises(Conflict), office.database.write() as session:
        service.approve_batch(session, office.ports, principal=elsewhere, now=office.now)


@pytest.mark.parametrize(
    ("recheck", "reason", "award_state"),
    [
        (Recheck(verdict="ineligible", amount_fen=None, sequence=9), "不再符合", AwardState.SUSPECTED),
        (Recheck(verdict="unknown", amount_fen=None, sequence=9), "信息缺失", AwardState.ACTIVE),
        (Recheck(verdict="eligible", amount_fen=9_999, sequence=9), "金额低于", AwardState.ACTIVE),
    ],
)
def test_a_loss_seen_before_the_instruction_holds_the_payment(
    office: Office, recheck: Recheck, reason: str, award_state: AwardState
) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.town.rechecks["nursing", GRANDMOTHER] = recheck
    office.approve()
    (payment,) = payments_of(office, claim)
    assert (payment.state, payment.is_held) == ("reserved", True)
    with office.database.read() as session:
        assert reason in open_holds(session, "payment", [payment.id])[0].reason
    assert award_of(office, claim).state == award_state


def test_a_person_may_let_a_held_payment_go_on(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.town.lose("nursing", GRANDMOTHER, "unknown")
    office.approve()
    (payment,) = payments_of(office, claim)
    with office.database.write() as session:
        service.release_payment(
            session, payment_id=payment.id, principal=finance(), reason="已核实", now=office.now
        )
    office.approve()
    assert payments_of(office, claim)[0].state == PaymentState.INSTRUCTED


def test_a_lost_right_is_suspected_heard_and_only_then_ended(office: Office) -> None:
    budget = office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.reconcile(office.effect(sequence=20, verdict="ineligible"))
    award = award_of(office, claim)
    assert (award.state, payments_of(office, claim)[0].is_held) == ("suspected", True)
    assert next_month(office) == 0
    office.clock.set(office.now.replace(month=11, day=24))
    with pytest.raises(Conflict, match="期限"):
        end(office, award)
    office.clock.set(office.now.replace(month=12, day=20))
    end(office, award)
    assert award_of(office, claim).state == AwardState.ENDED
    assert [one.state for one in payments_of(office, claim)] == ["cancelled"]
    with office.database.read() as session:
        assert balances(session, budget.id)["reserved"] == 0
        assert "复议" in notices.inbox(session, GRANDMOTHER)[0].body


def end(office: Office, award: Award) -> None:
    with office.database.write() as session:
        service.end_award(
            session,
            office.ports,
            award_id=award.id,
            principal=decider(),
            from_month=office.now.date().replace(month=11, day=1),
            reason="照护需求终止",
            now=office.now,
        )


def test_a_suspicion_is_lifted_when_the_facts_come_back(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.reconcile(office.effect(sequence=20, verdict="ineligible"))
    office.reconcile(office.effect(sequence=21))
    assert award_of(office, claim).state == AwardState.ACTIVE
    assert not payments_of(office, claim)[0].is_held


def test_an_older_match_does_not_restore_a_suspected_award(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.reconcile(office.effect(sequence=20, verdict="ineligible"))
    office.reconcile(office.effect(sequence=19))
    assert award_of(office, claim).state == AwardState.SUSPECTED


def test_a_death_stops_at_once_and_a_wrong_one_is_restored_with_arrears(office: Office) -> None:
    office.budget(1_000_000)
    office.budget(1_000_000, year=2027)
    claim = office.grant(office.claimed())
    with office.database.write() as session:
        stopped = service.suspend_for_death(
            session, office.ports, subject_id=GRANDMOTHER, source="公安", now=office.now
        )
    assert stopped == 1
    assert payments_of(office, claim)[0].is_held
    assert next_month(office) == next_month(office) == 0
    with office.database.write() as session:
        service.restore_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            reason="本人到场核实",
            now=office.now,
        )
    rows = payments_of(office, claim)
    assert [(one.period, one.state, one.is_held) for one in rows] == [
        ("2026-11", "reserved", False),
        ("2026-12", "reserved", False),
        ("2027-01", "reserved", False),
    ]


def test_another_districts_seat_cannot_restore_or_end(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    with pytest.raises(NotFound), office.database.write() as session:
        service.restore_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=official(1, "claim.decide", division="420281"),
            reason="x",
            now=office.now,
        )


def test_a_higher_amount_in_a_match_waits_for_a_person(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.reconcile(office.effect(sequence=30, amount_fen=12_000))
    award = award_of(office, claim)
    assert (award.amount_fen, award.rematched_amount_fen) == (10_000, 12_000)


def test_one_childs_month_is_paid_once_whoever_asks(office: Office) -> None:
    office.budget(10_000_000, "childcare")
    office.reconcile(office.effect("childcare", MOTHER, 105))
    claim = office.grant(office.confirm(office.offer("childcare", MOTHER, 105), office.account(MOTHER)))
    end_now = award_of(office, claim)
    with office.database.write() as session:
        service.end_award(
            session,
            office.ports,
            award_id=end_now.id,
            principal=decider(),
            from_month=office.now.date().replace(year=2027, day=1),
            reason="变更申领人",
            now=office.now,
        )
    office.reconcile(office.effect("childcare", 104, 105, sequence=12))
    second = office.confirm(office.offer("childcare", 104, 105), office.account(104, "6222020111222244444"))
    office.grant(second)
    assert payments_of(office, second) == []
    assert str(award_of(office, second).next_due_on) == "2027-11-01"


@pytest.mark.parametrize("kind", ["entitlement", "quota"])
def test_the_books_balance_to_the_fen(office: Office, kind: Literal["entitlement", "quota"]) -> None:
    office.budget(1_000_001, "nursing", kind)
    office.grant(office.claimed())
    office.approve()
    with office.database.read() as session:
        assert service.defects(session) == []


def test_a_movement_is_booked_once_per_reference(office: Office) -> None:
    budget = office.budget(1_000)
    with office.database.write() as session:
        assert service.appropriate(session, budget.id, 500, reference="again", now=office.now)
        assert not service.appropriate(session, budget.id, 500, reference="again", now=office.now)
        assert balances(session, budget.id)["available"] == 1_500


def test_a_pocket_never_falls_below_zero(office: Office) -> None:
    budget = office.budget(1_000)
    with pytest.raises(ledger.ShortOfFunds), office.database.write() as session:
        ledger.move(session, budget.id, "reserve", "available", "reserved", 1_001, "too-much", now=office.now)
    with office.database.read() as session:
        assert balances(session, budget.id)["available"] == 1_000
        assert service.defects(session) == []


def test_a_changed_balance_is_found_by_the_books(office: Office) -> None:
    budget = office.budget(1_000)
    with office.database.write() as session:
        session.query(ledger.LedgerAccount).filter_by(budget_id=budget.id, name="available").update(
            {"balance_fen": 2_000}
        )
    with office.database.read() as session:
        assert len(service.defects(session)) == 2


def test_a_person_reads_what_they_were_paid(office: Office) -> None:
    office.budget(1_000_000)
    office.grant(office.claimed())
    with office.database.read() as session:
        (award,) = views.my_awards(session, office.ports, person(GRANDMOTHER), now=office.now)
        assert [one.state_label for one in award.payments] == ["资金已预留"]
        assert views.my_awards(session, office.ports, person(MOTHER), now=office.now) == []
        page = views.payments_page(
            session,
            office.ports,
            finance(),
            [PaymentState.RESERVED],
            views.PaymentFilter(),
            now=office.now,
            limit=10,
        )
        (line,) = page.items
        assert line.account is not None
        assert line.account.masked.endswith("0101")
        (budget,) = views.budgets(session, official(1, "payment.approve", division="420200"))
        assert (budget.appropriated_fen, budget.available_fen, budget.reserved_fen) == (
            1_000_000,
            990_000,
            10_000,
        )
