"""A claim goes through its seats: file, acts, batches; strangers and wrong seats get nowhere."""

import uuid

import pytest
import sqlalchemy as sa

from kernel.web.principal import Principal
from licenses.keys import public_credential_keys
from licenses.log.evidence import check
from policy_engine.decisions.verification import verify
from policy_engine.delivery import service as delivery
from policy_engine.delivery.accounts import repository as accounts
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.states import OfferState
from policy_engine.profiles.models import Profile
from portals.transparency import build_sequencer
from tests.policy_engine.delivery.city import agent, official, person
from tests.portals.zhengtong.conftest import City, Enter


@pytest.fixture
def claim(city: City) -> uuid.UUID:
    """A new claim, confirmed by its own person."""
    house = city.house
    with house.database.read() as session:
        offers = session.scalars(
            sa.select(Offer)
            .where(Offer.state == OfferState.OFFERED, Offer.subject_id == Offer.unit_id)
            .order_by(Offer.id)
        )
        known = (
            (offer, account)
            for offer in offers
            for account in accounts.accounts_of(session, [offer.subject_id])[:1]
            if city.services.ports.terms(session, offer.policy_id).period != "none"
        )
        offer, account = next(known)
    delivery.verify_account(
        house.database, house.vault, city.services.bank, account.id, clock_now=house.clock.now
    )
    principal = person(offer.subject_id)
    if offer.subject_id in firms_of(city):
        principal = agent(1, offer.subject_id)
    with house.database.write() as session:
        made = delivery.confirm(
            session,
            city.services.ports,
            offer_id=offer.id,
            principal=principal,
            account_id=account.id,
            now=house.clock.now(),
        )
        return made.id


def firms_of(city: City) -> set[int]:
    with city.house.database.read() as session:
        return set(session.scalars(sa.select(Profile.subject_id).where(Profile.kind == "firm")))


def seat_for(city: City, claim_id: uuid.UUID) -> Principal:
    """An official on a seat of the present stage, another person at every stage."""
    with city.house.database.read() as session:
        claim = claims.get_claim(session, claim_id)
        assert claim is not None
        stage = present_stage(claim)
        return official(
            7000 + claim.stage_index,
            stage.duty,
            division=claim.division[: max(stage.level, 6)],
            department=stage.department or "民政局",
        )


def action_of(seat: Principal) -> str:
    """What takes a claim one stage further."""
    further = {"claim.accept": "accept", "claim.joint_review": "recommend", "claim.decide": "grant"}
    return next(action for duty, action in further.items() if seat.seat and duty in seat.seat.duties)


def test_the_file_is_one_page(enter: Enter, city: City, claim: uuid.UUID) -> None:
    page = enter(seat_for(city, claim)).get(f"/zhengtong/claims/{claim}")
    assert page.status_code == 200
    for part in ("逐条核对", "信息和来源", "收款账户", "办理经过", "提交"):
        assert part in page.text


def test_a_return_without_a_reason_comes_back_to_the_form(enter: Enter, city: City, claim: uuid.UUID) -> None:
    seat = enter(seat_for(city, claim))
    path = f"/zhengtong/claims/{claim}/review"
    answer = seat.post(path, {"action": "return_for_supplement", "reason": ""})
    assert answer.status_code == 400
    assert "请写明理由" in answer.text
    assert seat.post(path, {"action": "nonsense"}).status_code == 400


def test_hold_and_resume(enter: Enter, city: City, claim: uuid.UUID) -> None:
    seat = enter(seat_for(city, claim))
    assert seat.post(f"/zhengtong/claims/{claim}/hold", {"hold_reason": "待核实"}).status_code == 303
    assert "已暂停办理" in seat.get(f"/zhengtong/claims/{claim}").text
    assert seat.post(f"/zhengtong/claims/{claim}/resume").status_code == 303


def test_a_refusal_is_a_numbered_written_decision(enter: Enter, city: City, claim: uuid.UUID) -> None:
    path = f"/zhengtong/claims/{claim}/review"
    while (action := action_of(seat_for(city, claim))) != "grant":
        assert enter(seat_for(city, claim)).post(path, {"action": action}).status_code == 303
    seat = enter(seat_for(city, claim))
    answer = seat.post(f"/zhengtong/claims/{claim}/review", {"action": "refuse", "reason": "不符合第二条"})
    assert answer.status_code == 303
    page = seat.get(f"/zhengtong/claims/{claim}").text
    assert "不符合第二条" in page
    assert "行政复议" in page


def test_a_batch_is_decided_only_after_its_sample_was_read(
    enter: Enter, city: City, claim: uuid.UUID
) -> None:
    key = seat_for(city, claim)
    action = action_of(key)
    seat = enter(key)
    prepared = seat.post("/zhengtong/todo/batches", {"claim": str(claim), "action": action})
    assert prepared.status_code == 303
    address = prepared.headers["location"]
    assert "必须核对的抽样" in seat.get(address).text
    assert seat.post(address, {}).status_code == 400
    assert enter("auditor").get(address).status_code == 404
    done = seat.post(address, {"read": str(claim)})
    assert done.status_code == 200
    assert "已办理" in done.text
    assert seat.post(address, {"read": str(claim)}).status_code == 404


def test_nobody_refuses_in_a_batch(enter: Enter, city: City, claim: uuid.UUID) -> None:
    program = enter(seat_for(city, claim), accept="application/json")
    sent = {"claim_ids": [str(claim)], "action": "refuse", "reason": "x"}
    assert program.post("/zhengtong/api/v1/claim-batches", json=sent).status_code == 400


def test_the_api_gives_the_same_file(enter: Enter, city: City, claim: uuid.UUID) -> None:
    program = enter(seat_for(city, claim), accept="application/json")
    assert str(claim) in {item["claim_id"] for item in program.get("/zhengtong/api/v1/claims").json()}
    file = program.get(f"/zhengtong/api/v1/claims/{claim}").json()
    assert file["facts"]
    assert file["file"]["clauses"]


def test_a_stranger_claim_is_not_there(enter: Enter) -> None:
    path = "/zhengtong/claims/018f0000-0000-7000-8000-000000000000"
    assert enter("street").get(path).status_code == 404
    assert enter("street").get("/zhengtong/claims/1").status_code == 404


def test_another_county_sees_nothing_of_it(enter: Enter, claim: uuid.UUID) -> None:
    assert (
        enter(official(7100, "claim.decide", division="429000")).get(f"/zhengtong/claims/{claim}").status_code
        == 404
    )


def test_the_list_is_exported_and_the_export_recorded(enter: Enter, city: City, claim: uuid.UUID) -> None:
    key = seat_for(city, claim)
    answer = enter(key).get("/zhengtong/todo.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "办件编号" in answer.text
    trail = (
        enter("auditor", accept="application/json").get("/zhengtong/api/v1/audit?action=table.export").json()
    )
    assert trail[0]["object_id"] == "todo"


def test_a_decision_is_on_record_and_passes_the_check_offline(
    enter: Enter, city: City, claim: uuid.UUID
) -> None:
    with city.house.database.read() as session:
        found = claims.get_claim(session, claim)
        assert found is not None
        offer_id, subject_id = found.offer_id, found.subject_id
    while (action := action_of(seat_for(city, claim))) != "grant":
        enter(seat_for(city, claim)).post(f"/zhengtong/claims/{claim}/review", {"action": action})
    program = enter(seat_for(city, claim), accept="application/json")
    path = f"/zhengtong/api/v1/claims/{claim}"
    program.post(f"{path}/acts", json={"action": "refuse", "reason": "材料不实"})
    (line,) = program.get(path).json()["file"]["records"]
    address = f"/zhengtong/api/v1/decision-records/{line['id']}"
    record = program.get(address)
    assert record.headers["content-disposition"].startswith("attachment")
    with city.house.database.read() as session:
        keys = {kid: key.as_dict(private=False) for kid, key in public_credential_keys(session).items()}
    assert [one for one in verify(record.content, keys) if not one.is_note] == []
    assert record.json()["record"]["deed"]["outcome"] == "refused"
    assert str(offer_id) == record.json()["record"]["deed"]["offer"]
    assert f"{subject_id}" not in str(record.json()["record"]["bearers"])
    page = enter(seat_for(city, claim)).get(f"/zhengtong/claims/{claim}").text
    assert f"/zhengtong/records/{line['id']}" in page
    build_sequencer(city.house).append_all()
    assert f"/zhengtong/records/{line['id']}/evidence" in page
    assert (
        "下载存证文件" in enter(seat_for(city, claim)).get(f"/zhengtong/records/{line['id']}/evidence").text
    )
    assert check(program.get(f"{address}/evidence").content).defects == []
    elsewhere = official(7999, "claim.decide", division="429000")
    for path in (address, f"{address}/evidence"):
        assert enter(elsewhere, accept="application/json").get(path).status_code == 404


def test_a_file_is_asked_as_of_another_day(enter: Enter, city: City, claim: uuid.UUID) -> None:
    seat = seat_for(city, claim)
    program = enter(seat, accept="application/json")
    later = program.get(f"/zhengtong/api/v1/claims/{claim}/answers/2027-11-23")
    assert later.status_code == 200
    assert later.json()["as_of"] == "2027-11-23"
    assert later.json()["clauses"][0]["in_words"]
    assert program.get(f"/zhengtong/api/v1/claims/{claim}/answers/2001-01-01").status_code == 404
    assert "按别的日期核对" in enter(seat).get(f"/zhengtong/claims/{claim}?on=2027-11-23").text
    assert "请按 2026-11-23 的样子填写日期" in enter(seat).get(f"/zhengtong/claims/{claim}?on=soon").text
    assert "那一天这项政策没有实施" in enter(seat).get(f"/zhengtong/claims/{claim}?on=2001-01-01").text


def test_a_claim_is_handed_on_asked_about_and_taken_back_by_page(
    enter: Enter, city: City, claim: uuid.UUID
) -> None:
    path = f"/zhengtong/claims/{claim}"
    while action_of(key := seat_for(city, claim)) != "grant":
        assert enter(key).post(f"{path}/review", {"action": action_of(key)}).status_code == 303
    first = key
    program = enter(first, accept="application/json")
    hands = program.get(f"/zhengtong/api/v1/claims/{claim}").json()["file"]["hands"]
    adviser = hands["advisers"][0]
    seat = enter(first)
    page = seat.get(path).text
    assert "加签：先征求意见" in page
    assert adviser["name"] in page
    asked = {"adviser": str(adviser["id"]), "question": "", "days": "3"}
    wrong = seat.post(f"{path}/opinions", asked)
    assert wrong.status_code == 400
    assert "请写明要征求意见的问题" in wrong.text
    assert seat.post(f"{path}/opinions", asked | {"question": "属实吗", "days": "x"}).status_code == 400
    assert seat.post(f"{path}/opinions", asked | {"question": "属实吗"}).status_code == 303
    refused = program.post(f"/zhengtong/api/v1/claims/{claim}/acts", json={"action": "grant"})
    assert refused.status_code == 409
    (opinion,) = program.get(f"/zhengtong/api/v1/claims/{claim}").json()["file"]["hands"]["opinions"]
    assert seat.post(f"{path}/opinions/{opinion['id']}", {"stance": "drop"}).status_code == 303
    if hands["earlier"]:
        back = {"to_stage": hands["earlier"][0]["key"], "reason": "再核实"}
        assert program.post(f"/zhengtong/api/v1/claims/{claim}/returns", json=back).status_code == 200
        assert program.post(f"/zhengtong/api/v1/claims/{claim}/returns", json=back).status_code == 403
        assert "撤回我的办理" in seat.get(path).text
        assert seat.post(f"{path}/take-back").status_code == 303
        assert program.post(f"/zhengtong/api/v1/claims/{claim}/taking-back").status_code == 409


def test_what_was_drawn_once_stays_drawn(enter: Enter, city: City, claim: uuid.UUID) -> None:
    key = seat_for(city, claim)
    sent = {"claim": str(claim), "action": action_of(key)}
    first = enter(key).post("/zhengtong/todo/batches", sent).headers["location"]
    again = enter(key).post("/zhengtong/todo/batches", sent).headers["location"]
    assert first != again
    assert enter(key).post(again, {}).status_code == 400


def test_ratings_are_for_deciding_seats_and_auditors(enter: Enter) -> None:
    assert "评价汇总" in enter("civil_affairs").get("/zhengtong/ratings").text
    auditor = enter("auditor", accept="application/json")
    assert auditor.get("/zhengtong/api/v1/ratings/figures").status_code == 200
    assert auditor.get("/zhengtong/api/v1/ratings/tasks").status_code == 403
    assert enter("street").get("/zhengtong/ratings").status_code == 403


def test_findings_are_listed_for_auditors_and_those_who_answer(enter: Enter) -> None:
    auditor = enter("auditor")
    assert "各类问题" in auditor.get("/zhengtong/findings").text
    assert auditor.get("/zhengtong/findings.csv").headers["content-type"].startswith("text/csv")
    assert enter("civil_affairs").get("/zhengtong/findings").status_code == 200
    assert enter("street").get("/zhengtong/findings").status_code == 403
    program = enter("auditor", accept="application/json")
    assert program.get("/zhengtong/api/v1/findings").json() == []
    nobody = "/zhengtong/api/v1/findings/018f0000-0000-7000-8000-000000000000"
    assert program.get(nobody).status_code == 404
    assert program.post(f"{nobody}/closing", json={"outcome": "explained", "words": "x"}).status_code == 404
