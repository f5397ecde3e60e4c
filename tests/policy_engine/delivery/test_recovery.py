"""Money that was not due: nothing is owed before somebody was told, heard and sent a numbered decision."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from kernel import notices
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from policy_engine.delivery import service
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.repository import get_payment
from policy_engine.delivery.ports import TreasuryAnswer
from policy_engine.delivery.recovery import repository
from policy_engine.delivery.recovery.deciding import Outcome
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.recovery.notices import paid_from
from policy_engine.delivery.recovery.undoing import Ground
from tests.policy_engine.delivery.city import (
    DECIDER,
    GRANDMOTHER,
    SECOND_DECIDER,
    THIRD_DECIDER,
    Office,
    decider,
    finance,
    official,
    person,
)
from tests.policy_engine.delivery.stories import overpaid


def decide(
    office: Office,
    found: Overpayment,
    outcome: Outcome = "demand",
    who: int = SECOND_DECIDER,
    *,
    is_known: bool = False,
) -> Overpayment:
    with office.database.write() as session:
        return service.decide_overpayment(
            session,
            office.ports,
            overpayment_id=found.id,
            principal=decider(who),
            outcome=outcome,
            reason="十一月起不再符合条件",
            is_known_to_payee=is_known,
            now=office.now,
        )


def repay(office: Office, found: Overpayment, amount_fen: int, receipt: str = "HD-1") -> Overpayment:
    with office.database.write() as session:
        return service.record_repayment(
            session,
            overpayment_id=found.id,
            principal=finance(),
            amount_fen=amount_fen,
            receipt=receipt,
            received_on=office.clock.today(),
            now=office.now,
        )


def after_hearing(office: Office, found: Overpayment) -> None:
    office.clock.set(office.now + (found.hearing_until_on - office.clock.today()) + timedelta(days=1))


def test_ending_a_right_in_the_past_asks_back_what_was_paid_after_it(office: Office) -> None:
    found = overpaid(office)
    assert (found.state, found.cause, found.amount_fen) == ("noticed", "lost_right", 10_000)
    with office.database.read() as session:
        [letter] = [one for one in notices.inbox(session, GRANDMOTHER) if one.kind == "overpayment.noticed"]
    assert "不会自动扣款" in letter.body
    assert letter.link == f"/recoveries/{found.id}"


def test_nothing_is_demanded_before_the_hearing_has_ended(office: Office) -> None:
    found = overpaid(office)
    with pytest.raises(Conflict, match="陈述期限未满"):
        decide(office, found)
    after_hearing(office, found)
    decided = decide(office, found)
    assert decided.state == "owed"
    assert decided.decision_number == "420203待遇追〔2026〕1号"


def test_who_has_answered_need_not_wait(office: Office) -> None:
    found = overpaid(office)
    with office.database.write() as session:
        service.state_ones_view(
            session, found.id, principal=person(GRANDMOTHER), statement="确实搬走了", now=office.now
        )
    assert decide(office, found).state == "owed"


def test_who_found_it_does_not_decide_it(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    with pytest.raises(Forbidden, match="由您发现"):
        decide(office, found, who=found.found_by_id or 0)


def test_an_officials_error_is_not_charged_to_the_person(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    with office.database.write() as session:
        session.get_one(Overpayment, found.id).is_official_error = True
    with pytest.raises(Conflict, match="不由当事人承担"):
        decide(office, found)
    assert decide(office, found, "write_off").state == "written_off"


def test_an_officials_error_known_to_the_payee_may_be_demanded(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    with office.database.write() as session:
        session.get_one(Overpayment, found.id).is_official_error = True
    assert decide(office, found, is_known=True).state == "owed"


def test_money_that_comes_back_is_in_the_budget_again_once_per_receipt(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    decide(office, found)
    assert repay(office, found, 4_000).state == "owed"
    assert repay(office, found, 4_000).repaid_fen == 4_000
    assert repay(office, found, 6_000, "HD-2").state == "repaid"
    with office.database.read() as session:
        [period] = repository.periods_of(session, found.id)
        payment = get_payment(session, period.payment_id)
        assert payment is not None
        assert payment.budget_id is not None
        assert balances(session, payment.budget_id)["paid"] == 0
        assert service.defects(session) == []


def test_never_more_comes_back_than_was_asked(office: Office) -> None:
    found = overpaid(office)
    with pytest.raises(InvalidInput, match="超过应退"):
        repay(office, found, 10_001)
    repay(office, found, 10_000)
    with pytest.raises(InvalidInput):
        repay(office, found, 1, "HD-9")


def test_one_receipt_belongs_to_one_repayment(office: Office) -> None:
    found = overpaid(office)
    repay(office, found, 1_000)
    with pytest.raises(Conflict, match="另一笔退款"):
        repay(office, found, 2_000)


def test_instalments_add_up_to_the_fen(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    decide(office, found)
    repay(office, found, 1)
    with office.database.write() as session:
        service.agree_instalments(
            session,
            office.ports,
            overpayment_id=found.id,
            principal=decider(SECOND_DECIDER),
            count=7,
            first_due_on=date(2027, 1, 31),
            now=office.now,
        )
    with office.database.read() as session:
        plan = repository.instalments_of(session, found.id)
    assert sum(one.amount_fen for one in plan) == 9_999
    assert [one.due_on for one in plan[:2]] == [date(2027, 1, 31), date(2027, 2, 28)]


def test_finance_writes_off_what_somebody_else_demanded(office: Office) -> None:
    found = overpaid(office)
    after_hearing(office, found)
    decide(office, found)
    both = official(SECOND_DECIDER, "payment.approve")
    with pytest.raises(Forbidden, match="其他人员核销"), office.database.write() as session:
        service.write_off(
            session, office.ports, overpayment_id=found.id, principal=both, reason="x", now=office.now
        )
    with office.database.write() as session:
        written = service.write_off(
            session,
            office.ports,
            overpayment_id=found.id,
            principal=finance(),
            reason="生活困难",
            now=office.now,
        )
    assert written.state == "written_off"
    with pytest.raises(IllegalTransition):
        repay(office, found, 1)


def test_another_districts_seat_finds_nothing(office: Office) -> None:
    found = overpaid(office)
    with pytest.raises(NotFound), office.database.write() as session:
        service.decide_overpayment(
            session,
            office.ports,
            overpayment_id=found.id,
            principal=official(1, "claim.decide", division="420281"),
            outcome="drop",
            reason="x",
            now=office.now,
        )


def test_the_same_month_is_asked_back_once(office: Office) -> None:
    found = overpaid(office)
    with office.database.read() as session:
        assert paid_from(session, found.award_id, date(2026, 1, 1)) == []


def undo(
    office: Office,
    found: Overpayment,
    who: int = DECIDER,
    ground: Ground = "judgment",
    reference: str = "（2027）行终1号",
) -> Overpayment:
    with office.database.write() as session:
        return service.undo_overpayment(
            session,
            office.ports,
            overpayment_id=found.id,
            principal=decider(who),
            ground=ground,
            reference=reference,
            reason="十一月仍住在本区",
            now=office.now,
        )


def refunds(office: Office, found: Overpayment) -> list[Payment]:
    with office.database.read() as session:
        paid = payment_rows.payments_of_award(session, found.award_id)
    return [one for one in paid if one.kind.startswith("refund")]


def demanded(office: Office) -> Overpayment:
    found = overpaid(office)
    after_hearing(office, found)
    return decide(office, found)


def test_a_demand_set_aside_after_it_was_obeyed_is_paid_out_again(any_office: Office) -> None:
    office = any_office
    found = demanded(office)
    repay(office, found, 4_000)
    undone = undo(office, found, THIRD_DECIDER)
    assert (undone.state, undone.undone_number) == ("dropped", "420203待遇撤〔2026〕1号")
    (refund,) = refunds(office, found)
    assert (refund.amount_fen, refund.state, refund.period) == (4_000, "reserved", "2026-11")
    with office.database.read() as session:
        assert service.defects(session) == []
        [letter] = [one for one in notices.inbox(session, GRANDMOTHER) if one.kind == "overpayment.undone"]
    assert "40元" in letter.body
    assert letter.link == f"/recoveries/{found.id}"
    with pytest.raises(IllegalTransition):
        undo(office, found, THIRD_DECIDER)
    assert len(refunds(office, found)) == 1


def test_a_refund_waits_for_money_like_any_other_payment(office: Office) -> None:
    found = demanded(office)
    repay(office, found, 10_000)
    with office.database.write() as session:
        (budget,) = session.scalars(sa.select(Budget).where(Budget.year == 2026))
        left = balances(session, budget.id)["available"]
        service.reduce_budget(session, budget.id, left, reference="cut", now=office.now)
    assert undo(office, found, THIRD_DECIDER).state == "dropped"
    assert [one.state for one in refunds(office, found)] == ["awaiting_funds"]


def test_who_demanded_or_found_it_does_not_set_it_aside(office: Office) -> None:
    found = demanded(office)
    with pytest.raises(Forbidden, match="由您决定"):
        undo(office, found, SECOND_DECIDER)
    with pytest.raises(Forbidden, match="由您发现"):
        undo(office, found, found.found_by_id or 0)
    with pytest.raises(InvalidInput, match="文号"):
        undo(office, found, THIRD_DECIDER, "reconsideration", " ")
    assert undo(office, found, THIRD_DECIDER, "corrected", "").state == "dropped"
    assert refunds(office, found) == []


def test_nothing_is_set_aside_before_it_was_decided(office: Office) -> None:
    with pytest.raises(IllegalTransition):
        undo(office, overpaid(office), THIRD_DECIDER)


def test_what_came_back_before_it_was_found_to_be_due_is_refunded(office: Office) -> None:
    found = overpaid(office)
    repay(office, found, 1_000)
    after_hearing(office, found)
    assert decide(office, found, "drop").state == "dropped"
    assert [one.amount_fen for one in refunds(office, found)] == [1_000]
    with office.database.read() as session:
        letters = [
            one.body for one in notices.inbox(session, GRANDMOTHER) if one.kind == "overpayment.dropped"
        ]
    assert "10元 将退还" in letters[0]


def test_a_refunded_month_can_be_asked_back_once_and_no_more(office: Office) -> None:
    found = demanded(office)
    repay(office, found, 4_000)
    undo(office, found, THIRD_DECIDER)
    (refund,) = refunds(office, found)
    office.approve([refund.id])
    with office.database.write() as session:
        row = payment_rows.lock_payment(session, refund.id)
        assert row is not None
        apply_answer(
            session, office.ports, row, TreasuryAnswer(status="paid", reference="B2"), now=office.now
        )
    with office.database.read() as session:
        asked = paid_from(session, found.award_id, date(2026, 1, 1))
        assert sum(amount for _payment, amount in asked) == 10_000
        assert service.defects(session) == []
