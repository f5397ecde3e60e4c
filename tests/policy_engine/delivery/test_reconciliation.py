"""The bank's statement against the books: agreement to the fen, and every disagreement by its name."""

from datetime import date, timedelta
from typing import Literal

import pytest

from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.outbox import Worker
from policy_engine.delivery import service
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.ports import TreasuryAnswer
from policy_engine.delivery.reconciliation import jobs, repository
from policy_engine.delivery.reconciliation.comparing import BankLine, BookedOrder, compare
from policy_engine.delivery.reconciliation.models import Difference, ReconciledDay
from policy_engine.delivery.reconciliation.service import reconcile_day
from tests.policy_engine.delivery.city import Office, Statements, clerk, finance
from tests.policy_engine.delivery.stories import paid, payments_of

ORDER = BookedOrder("A-1", 10_000, is_paid=True, is_returned=False)


def line(number: int, amount: int, instruction: str = "A-1", direction: Literal["D", "C"] = "D") -> BankLine:
    return BankLine(number, direction, amount, instruction, f"YH{number}")


@pytest.mark.parametrize(
    ("lines", "order", "kind"),
    [
        ([line(1, 10_000)], None, "unknown_order"),
        ([line(1, 9_999)], ORDER, "amount"),
        ([line(1, 10_000), line(2, 10_000)], ORDER, "amount"),
        ([line(1, 10_000)], ORDER._replace(is_paid=False), "not_in_books"),
        ([line(1, 10_000), line(2, 10_000, direction="C")], ORDER, "return_not_in_books"),
    ],
)
def test_each_worry_has_its_name(lines: list[BankLine], order: BookedOrder | None, kind: str) -> None:
    result = compare(lines, {"A-1": order} if order else {}, [], set())
    assert [one.kind for one in result.found] == [kind]
    assert not result.matched


def test_what_agrees_is_matched_with_what_left_for_good() -> None:
    returned = BookedOrder("B-2", 500, is_paid=False, is_returned=True)
    lines = [line(1, 10_000), line(2, 500, "B-2"), line(3, 500, "B-2", "C")]
    result = compare(lines, {"A-1": ORDER, "B-2": returned}, [ORDER], {"A-1"})
    assert result.found == ()
    assert result.matched == {"A-1": 10_000, "B-2": 0}


def test_paid_in_the_books_alone_is_missed_unless_another_day_has_it() -> None:
    assert [one.kind for one in compare([], {}, [ORDER], set()).found] == ["not_on_statement"]
    assert compare([], {}, [ORDER], {"A-1"}).found == ()


def statement_of(office: Office, claim: Claim) -> list[BankLine]:
    return [
        line(number + 1, one.amount_fen, one.instruction_id or "")
        for number, one in enumerate(payments_of(office, claim))
        if one.state == "paid"
    ]


def reconcile(office: Office, day: date, lines: list[BankLine]) -> ReconciledDay:
    with office.database.write() as session:
        return reconcile_day(session, day, lines, now=office.now)


def differences(office: Office, day: date) -> list[tuple[str, str]]:
    with office.database.read() as session:
        return [(one.kind, one.state) for one in repository.differences_of(session, day)]


def test_a_day_that_agrees_is_balanced_and_marks_its_payments(office: Office) -> None:
    claim, day = paid(office), office.clock.today()
    done = reconcile(office, day, statement_of(office, claim))
    assert (done.state, done.matched_count, done.matched_fen) == ("balanced", 1, 10_000)
    assert payments_of(office, claim)[0].reconciled_on == day
    assert reconcile(office, day, statement_of(office, claim)).state == "balanced"


def test_a_payment_the_bank_does_not_know_is_reported_and_settles_later(office: Office) -> None:
    claim, day = paid(office), office.clock.today()
    assert reconcile(office, day, []).state == "open"
    assert differences(office, day) == [("not_on_statement", "open")]
    reconcile(office, day - timedelta(days=1), statement_of(office, claim))
    assert reconcile(office, day, []).state == "balanced"
    assert differences(office, day) == [("not_on_statement", "settled")]


def test_a_stranger_on_the_statement_is_explained_by_finance_and_stays_so(office: Office) -> None:
    day = office.clock.today()
    reconcile(office, day, [line(1, 777, "nobody-gave-this")])
    with office.database.read() as session:
        [found] = session.query(Difference).all()

    def explain(principal: object, words: str) -> None:
        with office.database.write() as session:
            service.explain_difference(
                session,
                difference_id=found.id,
                principal=principal,  # type: ignore[arg-type]
                explanation=words,
                now=office.now,
            )

    with pytest.raises(Forbidden):
        explain(clerk(), "x")
    with pytest.raises(InvalidInput):
        explain(finance(), "  ")
    explain(finance(), "其他系统的支付，已与银行确认")
    with pytest.raises(Conflict):
        explain(finance(), "再来一次")
    assert reconcile(office, day, [line(1, 777, "nobody-gave-this")]).state == "explained"


def test_an_order_of_before_a_return_is_still_known(office: Office) -> None:
    claim = paid(office)
    [payment] = payments_of(office, claim)
    first = payment.instruction_id or ""
    with office.database.write() as session:
        locked = payment_rows.lock_payment(session, payment.id)
        assert locked is not None
        answer = TreasuryAnswer(status="returned", reason="account_closed")
        apply_answer(session, office.ports, locked, answer, now=office.now)
    day = office.clock.today()
    lines = [line(1, 10_000, first), line(2, 10_000, first, "C")]
    assert reconcile(office, day, lines).state == "balanced"


@pytest.mark.parametrize("lines", [[line(1, 5), line(1, 5)], [line(1, 0)], [line(1, -5)]])
def test_what_is_no_statement_is_refused_whole(office: Office, lines: list[BankLine]) -> None:
    with pytest.raises(InvalidInput, match="没有导入"):
        reconcile(office, office.clock.today(), lines)
    with office.database.read() as session:
        assert repository.days(session, 10) == []


def test_every_hour_takes_yesterday_once_and_what_is_open_again(office: Office) -> None:
    claim, day = paid(office), office.clock.today()
    statements = Statements()
    office.clock.set(office.now + timedelta(days=1))
    run = jobs.handlers(office.database, office.clock, statements)[jobs.DAILY]
    run(None)  # type: ignore[arg-type]
    assert differences(office, day) == [("not_on_statement", "open")]
    statements.days[day] = statement_of(office, claim)
    run(None)  # type: ignore[arg-type]
    with office.database.read() as session:
        assert [one.state for one in repository.days(session, 5)] == ["balanced"]


def test_money_that_came_back_days_after_it_had_arrived_is_booked_by_the_treasurys_word(
    any_office: Office,
) -> None:
    claim, day = known_to_the_treasury(any_office), any_office.clock.today()
    [payment] = payments_of(any_office, claim)
    order = payment.instruction_id or ""
    any_office.clock.move(timedelta(days=3))
    any_office.treasury.states[order] = "returned"
    statements = Statements()
    statements.days = {
        day: [line(1, 10_000, order)],
        any_office.clock.today(): [line(1, 10_000, order, "C")],
    }
    came_back_on = any_office.clock.today()
    for one in (day, came_back_on):
        service.reconcile_with_bank(any_office.database, any_office.clock, statements, one)
    assert differences(any_office, came_back_on) == [("return_not_in_books", "open")]
    work(any_office)
    [payment] = payments_of(any_office, claim)
    assert (payment.state, payment.paid_at) == ("returned", None)
    service.reconcile_with_bank(any_office.database, any_office.clock, statements, came_back_on)
    assert differences(any_office, came_back_on) == [("return_not_in_books", "settled")]
    with any_office.database.read() as session:
        assert service.defects(session) == []


def known_to_the_treasury(office: Office) -> Claim:
    """A first month that was ordered and paid by the treasury itself."""
    office.budget(1_000_000)
    claim = office.grant(office.claimed())
    office.approve()
    work(office)
    office.treasury.settle("paid")
    office.clock.move(timedelta(seconds=10))
    work(office)
    return claim


def work(office: Office) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(office.database, office.clock, handlers).run_until_idle()
