"""Rights in question and overpayments on the pages of those who decide, and of those who are asked."""

import uuid
from datetime import date

import pytest
import sqlalchemy as sa

from policy_engine.delivery import service as delivery
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.ports import TreasuryAnswer
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.recovery.notices import give_notice
from tests.policy_engine.delivery.city import official
from tests.portals.zhengtong.conftest import City, Enter
from tests.portals.zhengtong.test_desk import action_of, claim, seat_for

__all__ = ["claim"]

DECIDER, OTHER, MONEY, THIRD = 7101, 7102, 7103, 7104


@pytest.fixture
def found(city: City, claim: uuid.UUID) -> Overpayment:
    """A granted claim, its payment made, and the right ended before it."""
    house, services = city.house, city.services
    now = house.clock.now()
    while True:
        seat = seat_for(city, claim)
        action = action_of(seat)
        with house.database.write() as session:
            delivery.act_on_claim(
                session,
                services.ports,
                claim_id=claim,
                principal=seat,
                action=action,  # type: ignore[arg-type]
                reason="",
                now=now,
            )
        if action == "grant":
            break
    with house.database.write() as session:
        award = session.scalars(sa.select(Award).where(Award.claim_id == claim)).one()
        [payment, *_rest] = payment_rows.payments_of_award(session, award.id)
        division, award_id, payment_id = award.division[:6], award.id, payment.id
    with house.database.write() as session:
        delivery.approve_batch(
            session,
            services.ports,
            principal=official(MONEY, "payment.approve", division=division),
            payment_ids=[payment_id],
            now=now,
        )
        payment = payment_rows.get_payment(session, payment_id)
        assert payment is not None
        apply_answer(session, services.ports, payment, TreasuryAnswer(status="paid"), now=now)
    with house.database.write() as session:
        award = session.get_one(Award, award_id)
        if award.state == "ended":  # one-off: nothing lasts, the sum was wrong all the same
            payment = payment_rows.get_payment(session, payment_id)
            assert payment is not None
            give_notice(
                session,
                services.ports,
                award,
                [(payment, payment.amount_fen)],
                cause="other",
                is_official_error=True,
                reason="录入差错",
                actor=SYSTEM,
                recipients=frozenset({award.subject_id}),
                now=now,
            )
        else:
            delivery.end_award(
                session,
                services.ports,
                award_id=award_id,
                principal=official(DECIDER, "claim.decide", division=division),
                from_month=date(2020, 1, 1),
                reason="不再符合条件",
                now=now,
            )
    with house.database.read() as session:
        return session.scalars(sa.select(Overpayment).where(Overpayment.award_id == award_id)).one()


def test_from_notice_to_money_back(enter: Enter, found: Overpayment) -> None:
    division = found.division[:6]
    decider = enter(official(OTHER, "claim.decide", division=division))
    path = f"/zhengtong/overpayments/{found.id}"
    assert "还没有说明" in decider.get(path).text
    early = decider.post(f"{path}/decision", {"outcome": "demand", "reason": "x"})
    assert early.status_code == 409
    assert decider.post(f"{path}/decision", {"outcome": "nonsense"}).status_code == 400
    done = decider.post(f"{path}/decision", {"outcome": "write_off", "reason": "工作人员差错"})
    assert done.status_code == 303
    assert "已核销" in decider.get(path).text


def test_money_that_comes_back_early_is_booked(enter: Enter, found: Overpayment) -> None:
    money = enter(official(MONEY, "payment.approve", division=found.division[:6]))
    path = f"/zhengtong/overpayments/{found.id}/repayments"
    wrong = money.post(path, {"amount": "-5", "receipt": "HD-1", "received_on": "2026-11-23"})
    assert wrong.status_code == 400
    assert 'value="HD-1"' in wrong.text
    assert "f-amount-error" in wrong.text
    late = money.post(path, {"amount": "0.01", "receipt": f"HD-{found.id}", "received_on": "31 February"})
    assert late.status_code == 400
    sent = {"amount": "0.01", "receipt": f"HD-{found.id}", "received_on": "2026-11-23"}
    assert [money.post(path, sent).status_code for _ in range(2)] == [303, 303]
    answer = enter(
        official(MONEY, "payment.approve", division=found.division[:6]), accept="application/json"
    ).get(f"/zhengtong/api/v1/overpayments/{found.id}")
    assert answer.json()["repaid_fen"] == 1


def test_another_county_finds_nothing(enter: Enter, found: Overpayment) -> None:
    other = "420281" if not found.division.startswith("420281") else "420222"
    stranger = enter(official(OTHER, "claim.decide", division=other))
    assert stranger.get(f"/zhengtong/overpayments/{found.id}").status_code == 404


@pytest.mark.parametrize("question", ["suspected", "death", "died", "amount", "losses"])
def test_every_list_of_questions_answers(enter: Enter, question: str) -> None:
    seat = enter(official(DECIDER, "claim.decide", division="420200"))
    assert seat.get(f"/zhengtong/rights?question={question}").status_code == 200
    in_json = enter(official(DECIDER, "claim.decide", division="420200"), accept="application/json")
    assert in_json.get(f"/zhengtong/api/v1/rights?question={question}").json()["question"] == question


def test_a_demand_is_set_aside_by_another_and_what_came_back_is_refunded(
    enter: Enter, city: City, found: Overpayment
) -> None:
    division = found.division[:6]
    path = f"/zhengtong/overpayments/{found.id}"
    money = enter(official(MONEY, "payment.approve", division=division))
    receipt = {"amount": "0.01", "receipt": f"HD-{found.id}", "received_on": "2026-11-23"}
    assert money.post(f"{path}/repayments", receipt).status_code == 303
    decider = enter(official(OTHER, "claim.decide", division=division))
    judged = {"ground": "judgment", "reference": "（2027）鄂02行终1号", "undo_reason": "当时仍符合条件"}
    assert decider.post(f"{path}/undo", judged).status_code == 409, "nothing was decided yet"
    assert decider.post(f"{path}/decision", {"outcome": "write_off", "reason": "核销"}).status_code == 303
    assert decider.post(f"{path}/undo", judged).status_code == 403, "who decided does not set it aside"
    other = enter(official(THIRD, "claim.decide", division=division))
    assert "撤销追回决定" in other.get(path).text
    wrong = other.post(f"{path}/undo", {**judged, "reference": ""})
    assert wrong.status_code == 400
    assert "当时仍符合条件" in wrong.text
    assert "文号" in wrong.text
    assert other.post(f"{path}/undo", {**judged, "ground": "mood"}).status_code == 400
    assert other.post(f"{path}/undo", judged).status_code == 303
    seen = other.get(path).text
    for words in ("追回决定已撤销", "（2027）鄂02行终1号", "0.01元", "不用再退", "退还给当事人"):
        assert words in seen
    answer = enter(official(MONEY, "payment.approve", division=division), accept="application/json").get(
        f"/zhengtong/api/v1/overpayments/{found.id}"
    )
    assert (answer.json()["refunded_fen"], answer.json()["left_fen"]) == (1, 0)
    assert answer.json()["undone"]["ground"] == "judgment"
    number = answer.json()["claim_id"]
    file = enter(seat_for(city, uuid.UUID(number))).get(f"/zhengtong/claims/{number}").text
    assert file.index("这件申请已经办结") < file.index('href="#award"') < file.index('id="award"')
