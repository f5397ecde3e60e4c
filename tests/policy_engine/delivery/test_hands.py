"""会签, 加签, 委派, 退回, 撤回: who signs, who is asked, who has it, where it goes back to, what can be undone."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest

from kernel import notices
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from policy_engine.delivery import service, views
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims.models import Claim, WrittenDecision
from policy_engine.delivery.claims.schemas import ClaimFile
from policy_engine.delivery.claims.stages import stages_for, stages_of
from policy_engine.delivery.terms import Signatory, Stage
from tests.policy_engine.delivery.city import (
    FEDERATION,
    GRANDMOTHER,
    NURSING,
    SECOND_DECIDER,
    STREET,
    THIRD_DECIDER,
    THREE_STAGES,
    Office,
    clerk,
    decider,
    federation,
    official,
    person,
)
from tests.policy_engine.delivery.test_concurrency import together

HEALTH, LABOUR = 911, 912
ACCEPT, REVIEW, DECIDE = THREE_STAGES
JOINT = msgspec.structs.replace(
    REVIEW,
    department="",
    joint=(Signatory(title="残联会签", department="残联"), Signatory(title="卫健会签", department="卫健局")),
)
TWO_DECIDE = msgspec.structs.replace(
    DECIDE,
    joint=(Signatory(title="审定一"), Signatory(title="审定二", above_fen=5_000)),
)


def health(number: int = HEALTH) -> Principal:
    return official(number, "claim.joint_review", department="卫健局")


def labour() -> Principal:
    return official(LABOUR, "claim.joint_review", department="人社局")


@pytest.fixture
def signing(office: Office) -> Office:
    """Nursing passes a joint review of two departments, and two persons decide it."""
    stages = (ACCEPT, JOINT, TWO_DECIDE)
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, stages=stages)
    office.town.officials = [
        clerk(),
        federation(),
        health(),
        labour(),
        decider(),
        decider(SECOND_DECIDER),
        decider(THIRD_DECIDER),
    ]
    return office


def file_for(office: Office, claim: Claim, principal: Principal) -> ClaimFile:
    with office.database.read() as session:
        return views.claim_file(session, office.ports, claim.id, principal, now=office.now)


def known(office: Office, claim: Claim) -> Claim:
    with office.database.read() as session:
        found = claims.get_claim(session, claim.id)
    assert found is not None
    return found


def back(office: Office, claim: Claim, principal: Principal, to_stage: str = "accept") -> Claim:
    with office.database.write() as session:
        return service.send_back(
            session,
            office.ports,
            claim_id=claim.id,
            principal=principal,
            to_stage=to_stage,
            reason="材料前后不一",
            now=office.now,
        )


def undo(office: Office, claim: Claim, principal: Principal) -> Claim:
    with office.database.write() as session:
        return service.take_back(
            session, office.ports, claim_id=claim.id, principal=principal, now=office.now
        )


def hand(office: Office, claim: Claim, principal: Principal, seat_id: int) -> Claim:
    with office.database.write() as session:
        return service.delegate(
            session,
            office.ports,
            claim_id=claim.id,
            principal=principal,
            seat_id=seat_id,
            reason="本周外出",
            now=office.now,
        )


def ask(office: Office, claim: Claim, principal: Principal, seat_id: int) -> str:
    with office.database.write() as session:
        opinion = service.ask_opinion(
            session,
            office.ports,
            claim_id=claim.id,
            principal=principal,
            seat_id=seat_id,
            question="照护等级是否属实？",
            working_days=3,
            now=office.now,
        )
        session.flush()
        return str(opinion.id)


def seat_of(principal: Principal) -> int:
    assert principal.seat is not None
    return principal.seat.id


# 会签 ------------------------------------------------------------------------------------------------------


def test_a_joint_stage_is_passed_when_every_department_has_signed(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    assert signing.act(claim, health(), "recommend").state == "joint_review"
    lines = {
        line.title: line.official_name for line in file_for(signing, claim, federation()).hands.signatures
    }
    assert lines == {"残联会签": "", "卫健会签": "某911"}
    assert signing.act(claim, federation(), "recommend").state == "review"


def test_nobody_signs_twice_and_no_department_twice(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, health(), "recommend")
    with pytest.raises(Forbidden, match="不能签两次"):
        signing.act(claim, health(), "recommend")
    with pytest.raises(Forbidden, match="已经会签"):
        signing.act(claim, health(950), "recommend")
    with pytest.raises(NotFound):
        signing.act(claim, labour(), "recommend")


def test_who_signed_before_does_not_decide(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, health(), "recommend")
    signing.act(claim, federation(), "recommend")
    with pytest.raises(Forbidden, match="同一人"):
        signing.act(claim, official(HEALTH, "claim.decide"), "grant")


def test_one_who_does_not_agree_keeps_it_from_being_granted(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, health(), "advise_against", "评估已过期")
    signing.act(claim, federation(), "recommend")
    file = file_for(signing, claim, decider())
    assert file.hands.against == ("卫健会签",)
    assert "grant" not in file.actions
    with pytest.raises(Conflict, match="卫健会签"):
        signing.act(claim, decider(), "grant")
    back(signing, claim, decider(), "federation")
    signing.act(claim, federation(), "recommend")
    signing.act(claim, health(), "recommend")
    assert file_for(signing, claim, decider()).hands.against == ()
    signing.act(claim, decider(), "grant")
    assert signing.act(claim, decider(SECOND_DECIDER), "grant").state == "granted"


def test_two_persons_decide_and_only_the_last_signature_grants(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, federation(), "recommend")
    signing.act(claim, health(), "recommend")
    assert signing.act(claim, decider(), "grant").state == "review"
    with signing.database.read() as session:
        assert session.query(WrittenDecision).count() == 0
    with pytest.raises(Forbidden, match="不能签两次"):
        signing.act(claim, decider(), "grant")
    assert signing.act(claim, decider(SECOND_DECIDER), "grant").state == "granted"


def test_one_who_refuses_ends_a_joint_decision(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, federation(), "recommend")
    signing.act(claim, health(), "recommend")
    signing.act(claim, decider(), "grant")
    assert signing.act(claim, decider(SECOND_DECIDER), "refuse", "住址不符").state == "refused"


def test_large_amounts_pass_more_hands_and_unknown_ones_pass_all() -> None:
    extra = Stage(
        key="meeting",
        title="会议审议",
        outcome="joint_review",
        duty="claim.joint_review",
        level=6,
        above_fen=1_000_000,
    )
    stages = (ACCEPT, extra, TWO_DECIDE)

    def passed(amount_fen: int | None) -> list[tuple[str, int]]:
        return [(one.key, len(one.joint)) for one in stages_for(stages, amount_fen)]

    assert passed(5_000) == [("accept", 0), ("decide", 1)]
    assert passed(5_001) == [("accept", 0), ("decide", 2)]
    assert passed(1_000_001) == passed(None) == [("accept", 0), ("meeting", 0), ("decide", 2)]


def test_the_map_of_a_claim_is_that_of_its_amount(signing: Office) -> None:
    signing.town.amounts["nursing"] = 5_000
    assert len(stages_of(signing.claimed())[-1].joint) == 1


def test_departments_that_sign_at_one_moment_sign_once_each(any_office: Office) -> None:
    any_office.town.policies["nursing"] = msgspec.structs.replace(NURSING, stages=(ACCEPT, JOINT, DECIDE))
    claim = any_office.claimed()
    any_office.act(claim, clerk(), "accept")
    hands = [
        federation(),
        health(),
        official(FEDERATION + 1000, "claim.joint_review", department="残联"),
        health(950),
    ]
    results = together(lambda number: any_office.act(claim, hands[number], "recommend"), len(hands))
    assert sum(isinstance(one, Claim) for one in results) == 2
    with any_office.database.read() as session:
        departments = [act.department for act in claims.stage_decisions(session, claim.id)][1:]
    assert sorted(departments) == ["卫健局", "残联"]
    assert known(any_office, claim).state == "review"


# 退回 ------------------------------------------------------------------------------------------------------


def test_what_is_sent_back_goes_through_the_same_hands_again(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, federation(), "recommend")
    assert back(signing, claim, health()).state == "submitted"
    signing.act(claim, clerk(), "accept")
    assert signing.act(claim, health(), "recommend").state == "joint_review"
    assert signing.act(claim, federation(), "recommend").state == "review"
    with signing.database.read() as session:
        text = [one.title for one in notices.inbox(session, GRANDMOTHER)]
    assert "重度残疾人护理补贴：正在再次核实" in text


def test_it_goes_back_only_to_a_stage_before(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    for stage in ("decide", "federation", "nowhere"):
        with pytest.raises(InvalidInput):
            back(signing, claim, health(), stage)
    with pytest.raises(Forbidden):
        back(signing, claim, clerk())


# 委派 ------------------------------------------------------------------------------------------------------


def test_what_was_handed_on_is_done_by_that_seat_alone(signing: Office) -> None:
    claim = reviewed(signing)
    due = claim.stage_due_on
    hand(signing, claim, decider(), seat_of(decider(SECOND_DECIDER)))
    with pytest.raises(Forbidden, match="已委派给"):
        signing.act(claim, decider(THIRD_DECIDER), "refuse", "不符")
    assert known(signing, claim).stage_due_on == due
    with signing.database.read() as session:
        assert [one.kind for one in notices.inbox(session, SECOND_DECIDER)] == ["claim.delegated"]
    signing.act(claim, decider(SECOND_DECIDER), "refuse", "不符")


def test_a_colleague_takes_it_over_when_the_other_is_away(signing: Office) -> None:
    claim = reviewed(signing)
    hand(signing, claim, decider(), seat_of(decider(SECOND_DECIDER)))
    assert hand(signing, claim, decider(THIRD_DECIDER), seat_of(decider(THIRD_DECIDER))).assignments
    signing.act(claim, decider(THIRD_DECIDER), "refuse", "不符")


def test_it_is_not_handed_to_another_duty_nor_to_whom_it_concerns(signing: Office) -> None:
    concerned = official(GRANDMOTHER, "claim.decide")
    signing.town.officials.append(concerned)
    claim = reviewed(signing)
    for seat in (clerk(), health(), concerned):
        with pytest.raises(NotFound):
            hand(signing, claim, decider(), seat_of(seat))
    with pytest.raises(Forbidden):
        hand(signing, claim, health(), seat_of(decider()))


# 加签 ------------------------------------------------------------------------------------------------------


def test_nothing_is_decided_before_the_opinion_has_come(signing: Office) -> None:
    claim = reviewed(signing)
    with pytest.raises(NotFound):
        file_for(
            signing, claim, official(LABOUR, "claim.joint_review", department="人社局", division="420281")
        )
    opinion = ask(signing, claim, decider(), seat_of(labour()))
    assert file_for(signing, claim, decider()).actions == ("return_for_supplement",)
    for action in ("grant", "refuse"):
        with pytest.raises(Conflict, match="加签意见"):
            signing.act(claim, decider(), action, "理由")
    with signing.database.read() as session:
        items = views.work_list(session, signing.ports, labour(), now=signing.now)
    assert [(item.kind, item.claim_id) for item in items] == [("opinion", claim.id)]
    assert str(file_for(signing, claim, labour()).hands.asked_of_me) == opinion
    answer(signing, opinion, labour())
    view = file_for(signing, claim, decider()).hands.opinions[0]
    assert (view.state, view.stance, view.answer) == ("answered", "agrees", "属实")
    assert signing.act(claim, decider(), "grant").state == "review"


def test_who_gave_an_opinion_has_no_other_hand_in_it(signing: Office) -> None:
    claim = reviewed(signing)
    answer(signing, ask(signing, claim, decider(), seat_of(labour())), labour())
    with pytest.raises(Forbidden, match="同一人"):
        signing.act(claim, official(LABOUR, "claim.decide"), "grant")
    with pytest.raises(NotFound):
        ask(signing, claim, decider(), seat_of(health()))  # signed before


def test_an_opinion_is_given_once_by_the_seat_that_was_asked(signing: Office) -> None:
    claim = reviewed(signing)
    opinion = ask(signing, claim, decider(), seat_of(labour()))
    with pytest.raises(Conflict):
        ask(signing, claim, decider(), seat_of(labour()))
    with pytest.raises(NotFound):
        answer(signing, opinion, decider())
    with pytest.raises(InvalidInput):
        answer(signing, opinion, labour(), words=" ")
    answer(signing, opinion, labour())
    with pytest.raises((IllegalTransition, NotFound)):
        answer(signing, opinion, labour())


def test_a_question_is_taken_back_and_the_late_one_is_reminded_once(signing: Office) -> None:
    claim = reviewed(signing)
    opinion = ask(signing, claim, decider(), seat_of(labour()))
    signing.clock.move(timedelta(days=10))
    with signing.database.write() as session:
        assert service.remind_of_opinions(session, signing.ports, now=signing.now) == 1
        assert service.remind_of_opinions(session, signing.ports, now=signing.now) == 0
    with signing.database.write() as session:
        service.take_back_question(
            session, signing.ports, opinion_id=uuid_of(opinion), principal=decider(), now=signing.now
        )
    assert signing.act(claim, decider(), "grant").state == "review"


# 撤回 ------------------------------------------------------------------------------------------------------


def test_the_last_hand_takes_its_act_back_with_the_clock_as_it_ran(signing: Office) -> None:
    claim = signing.claimed()
    due = claim.stage_due_on
    signing.clock.move(timedelta(days=1))
    signing.act(claim, clerk(), "accept")
    undone = undo(signing, claim, clerk())
    assert (undone.state, undone.stage_due_on, undone.accepted_at) == ("submitted", due, None)
    with pytest.raises(Conflict):
        undo(signing, claim, clerk())
    signing.act(claim, official(CLERK_TOO, "claim.accept", division=STREET), "accept")


CLERK_TOO = 955


def test_nothing_is_taken_back_once_the_next_one_acted(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.clock.move(timedelta(minutes=1))
    signing.act(claim, health(), "recommend")
    for other in (clerk(), federation(), decider()):
        with pytest.raises((Conflict, Forbidden)):
            undo(signing, claim, other)


def test_a_signature_is_taken_back_and_the_others_stay(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    signing.act(claim, health(), "recommend")
    signing.clock.move(timedelta(minutes=1))
    signing.act(claim, federation(), "recommend")
    assert undo(signing, claim, federation()).state == "joint_review"
    open_places = [
        line.title for line in file_for(signing, claim, federation()).hands.signatures if not line.action
    ]
    assert open_places == ["残联会签"]
    assert signing.act(claim, federation(), "recommend").state == "review"


def test_what_was_served_is_not_taken_back(signing: Office) -> None:
    claim = reviewed(signing)
    signing.act(claim, decider(), "refuse", "不符")
    with pytest.raises(Conflict):
        undo(signing, claim, decider())


def test_a_request_for_papers_is_taken_back_until_they_come(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "return_for_supplement", "请交照片")
    assert undo(signing, claim, clerk()).supplement_request is None
    signing.act(claim, clerk(), "return_for_supplement", "请交照片")
    with signing.database.write() as session:
        service.submit_supplement(
            session,
            signing.ports,
            claim_id=claim.id,
            principal=person(GRANDMOTHER),
            declared={},
            evidence=[],
            now=signing.now,
        )
    with pytest.raises(Conflict):
        undo(signing, claim, clerk())


def reviewed(office: Office, hands: Iterable[Principal] = ()) -> Claim:
    """A claim that waits for its decision."""
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    for one in hands or (federation(), health()):
        claim = office.act(claim, one, "recommend")
    assert claim.state == "review"
    return claim


def answer(office: Office, opinion: str, principal: Principal, words: str = "属实") -> None:
    with office.database.write() as session:
        service.give_opinion(
            session,
            office.ports,
            opinion_id=uuid_of(opinion),
            principal=principal,
            stance="agrees",
            answer=words,
            now=office.now,
        )


def uuid_of(text: str) -> uuid.UUID:
    return uuid.UUID(text)


def test_of_a_claim_taken_back_nobody_is_asked_any_more(signing: Office) -> None:
    claim = signing.claimed()
    signing.act(claim, clerk(), "accept")
    ask(signing, claim, federation(), seat_of(decider()))
    with signing.database.write() as session:
        service.withdraw_claim(
            session, signing.ports, claim_id=claim.id, principal=person(GRANDMOTHER), now=signing.now
        )
    with signing.database.read() as session:
        assert claims.open_opinions(session, claim.id) == []
