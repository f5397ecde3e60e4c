"""Confirming, reviewing, refusing and appealing; who may, and who may not."""

import uuid
from typing import Literal

import msgspec
import pytest

from kernel import notices
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from kernel.working_days import add_working_days
from policy_engine.delivery import service, views
from policy_engine.delivery.cases.repository import events_of
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.schemas import ClaimDetail
from policy_engine.delivery.states import ClaimState
from tests.policy_engine.delivery.city import (
    AGENT,
    BABY,
    DAUGHTER,
    DECIDER,
    DISTRICT,
    FATHER,
    FIRM,
    GRANDMOTHER,
    MOTHER,
    NURSING,
    OTHER_FIRM,
    SECOND_DECIDER,
    STRANGER,
    THIRD_DECIDER,
    Office,
    agent,
    clerk,
    decider,
    federation,
    finance,
    official,
    person,
)


def detail(office: Office, claim: Claim, subject_id: int = GRANDMOTHER) -> ClaimDetail:
    with office.database.read() as session:
        return views.claim_detail(session, office.ports, claim.id, person(subject_id), now=office.now)


def test_one_tap_makes_a_claim_with_a_number_and_pinned_facts(office: Office) -> None:
    claim = office.claimed()
    assert claim.case_number == "420203-20261123-00001"
    assert claim.facts["facts"] == {"person.disability_level": 1}
    assert (claim.facts["sequence"], len(claim.facts["sha256"])) == (7, 64)
    assert (claim.subject_id, claim.applicant_id, claim.payee_id) == (GRANDMOTHER,) * 3


def test_a_second_tap_gives_the_same_claim(office: Office) -> None:
    first = office.claimed()
    again = office.confirm(office.offer(), first.account_id)
    assert again.id == first.id


def test_a_strangers_tap_finds_nothing(office: Office) -> None:
    office.reconcile(office.effect())
    with pytest.raises(NotFound):
        office.confirm(office.offer(), None, person(STRANGER))


def test_an_agent_of_another_firm_finds_nothing(office: Office) -> None:
    office.reconcile(office.effect("hiring", FIRM, 302))
    with pytest.raises(NotFound):
        office.confirm(office.offer("hiring", FIRM, 302), None, agent(AGENT, OTHER_FIRM))


def test_an_account_must_have_been_checked_with_the_bank(office: Office) -> None:
    office.reconcile(office.effect())
    with office.database.write() as session:
        account_id = service.add_account(
            session,
            office.house.vault,
            subject_id=GRANDMOTHER,
            bank="黄石农商行",
            number="6222020111222233334",
            holder="某101",
            source="declared",
            now=office.now,
        ).id
    with pytest.raises(Conflict, match="核对"):
        office.confirm(office.offer(), account_id)
    office.bank.answer = "mismatch"
    office.verify(account_id)
    with pytest.raises(Conflict, match="户名"):
        office.confirm(office.offer(), account_id)


def test_where_there_is_an_account_one_must_be_chosen(office: Office) -> None:
    office.reconcile(office.effect())
    office.account()
    with pytest.raises(InvalidInput, match="收款账户"):
        office.confirm(office.offer(), None)


def test_a_proxy_confirms_and_the_principal_is_told(office: Office) -> None:
    office.reconcile(office.effect())
    account_id = office.account()
    claim = office.confirm(office.offer(), account_id, person(DAUGHTER, acting_for=GRANDMOTHER))
    assert (claim.applicant_id, claim.payee_id) == (DAUGHTER, GRANDMOTHER)
    with office.database.read() as session:
        letter = notices.inbox(session, GRANDMOTHER)[0]
    assert letter.kind == "claim.begun_by_proxy"


def test_a_proxy_cannot_send_the_money_to_another_account(office: Office) -> None:
    office.reconcile(office.effect())
    office.account()
    second = office.account(GRANDMOTHER, "6222020111222299999")
    own = office.account(DAUGHTER, "6222020111222277777")
    for account_id in (own, second):
        with pytest.raises(NotFound):
            office.confirm(office.offer(), account_id, person(DAUGHTER, acting_for=GRANDMOTHER))


def test_a_parent_confirms_for_a_baby_into_the_parents_account(office: Office) -> None:
    office.reconcile(office.effect("childcare", BABY))
    claim = office.confirm(office.offer("childcare", BABY), office.account(MOTHER), person(MOTHER))
    assert (claim.subject_id, claim.applicant_id, claim.payee_id) == (BABY, MOTHER, MOTHER)


def test_two_parents_cannot_both_claim_for_one_child(office: Office) -> None:
    office.reconcile(office.effect("childcare", MOTHER, BABY))
    office.confirm(office.offer("childcare", MOTHER, BABY), office.account(MOTHER))
    account_id = office.account(FATHER, "6222020111222255555")
    with pytest.raises(Conflict), office.database.write() as session:
        service.apply_anyway(
            session,
            office.ports,
            policy_id="childcare",
            subject_id=FATHER,
            unit_id=BABY,
            principal=person(FATHER),
            declared={},
            evidence=[],
            account_id=account_id,
            now=office.now,
        )


def test_an_ineligible_person_may_apply_all_the_same(office: Office) -> None:
    office.town.lose("nursing", GRANDMOTHER)
    with office.database.write() as session:
        claim = service.apply_anyway(
            session,
            office.ports,
            policy_id="nursing",
            subject_id=GRANDMOTHER,
            unit_id=None,
            principal=person(GRANDMOTHER),
            declared={"person.has_long_term_care_need": True},
            evidence=[{"title": "照护评估表", "reference": "P-1"}],
            account_id=None,
            now=office.now,
        )
    assert (claim.state, claim.amount_fen, claim.mode) == ("submitted", None, "application")
    assert claim.declared == {"person.has_long_term_care_need": True}
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "recommend")
    with pytest.raises(InvalidInput, match="金额"):
        office.act(claim, decider(), "grant")
    assert office.act(claim, decider(), "grant", amount_fen=9_000).amount_fen == 9_000


def test_nobody_may_claim_what_they_already_receive(office: Office) -> None:
    claim = office.grant(office.claimed())
    with pytest.raises(Conflict, match="享受中"), office.database.write() as session:
        service.apply_anyway(
            session,
            office.ports,
            policy_id="nursing",
            subject_id=GRANDMOTHER,
            unit_id=None,
            principal=person(GRANDMOTHER),
            declared={},
            evidence=[],
            account_id=claim.account_id,
            now=office.now,
        )


def test_a_claim_goes_through_its_stages_and_the_person_sees_who_has_it(office: Office) -> None:
    claim = office.claimed()
    pending = detail(office, claim).row.pending
    assert pending is not None
    assert (pending.title, pending.due_on) == ("街道受理", add_working_days(office.clock.today(), 5))
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "recommend")
    pending = detail(office, claim).row.pending
    assert pending is not None
    assert pending.title == "区级审定"
    granted = office.act(claim, decider(), "grant")
    assert granted.state == ClaimState.GRANTED
    page = detail(office, claim)
    assert [line.kind for line in page.timeline if line.object_kind == "claim"] == [
        "claim.confirmed",
        "claim.accept",
        "claim.recommend",
        "claim.grant",
    ]
    assert page.award is not None
    assert page.row.pending is None


def test_a_stage_cannot_be_jumped(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(IllegalTransition):
        office.act(claim, decider(), "grant")


def test_the_same_act_twice_is_refused(office: Office) -> None:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    with pytest.raises(IllegalTransition):
        office.act(claim, clerk(), "accept")


def test_a_seat_of_another_district_finds_nothing(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(NotFound):
        office.act(claim, official(1, "claim.accept", division="420281"), "accept")


def test_a_seat_of_another_department_finds_nothing(office: Office) -> None:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    with pytest.raises(NotFound):
        office.act(claim, official(1, "claim.joint_review", department="人社局"), "recommend")


def test_a_seat_without_the_duty_is_told_so(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(Forbidden, match="职责"):
        office.act(claim, finance(), "accept")


def test_nobody_decides_their_own_claim(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(Forbidden, match="回避"):
        office.act(claim, official(GRANDMOTHER, "claim.accept"), "accept")


def test_nobody_decides_their_childs_claim(office: Office) -> None:
    office.reconcile(office.effect("childcare", BABY))
    claim = office.confirm(office.offer("childcare", BABY), office.account(MOTHER), person(MOTHER))
    with pytest.raises(Forbidden, match="回避"):
        office.act(claim, official(FATHER, "claim.accept"), "accept")


def test_nobody_acts_at_two_stages(office: Office) -> None:
    claim = office.claimed()
    two_hats = official(77, "claim.accept", "claim.joint_review", department="残联")
    office.act(claim, two_hats, "accept")
    with pytest.raises(Forbidden, match="同一人"):
        office.act(claim, two_hats, "recommend")


def test_who_entered_a_claim_at_the_counter_does_not_accept_it(office: Office) -> None:
    office.reconcile(office.effect())
    claim = office.confirm(office.offer(), office.account(), clerk())
    assert (claim.channel, claim.applicant_id) == ("counter", GRANDMOTHER)
    with pytest.raises(Forbidden, match="回避"):
        office.act(claim, clerk(), "accept")
    colleague = official(950, "claim.accept", division="420203007", department="街道办事处")
    assert office.act(claim, colleague, "accept").state == ClaimState.JOINT_REVIEW


def supplement(office: Office, claim: Claim) -> Claim:
    with office.database.write() as session:
        return service.submit_supplement(
            session,
            office.ports,
            claim_id=claim.id,
            principal=person(GRANDMOTHER),
            declared={"person.has_long_term_care_need": True},
            evidence=[],
            now=office.now,
        )


def test_a_supplement_goes_back_to_the_stage_that_asked(office: Office) -> None:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    returned = office.act(claim, federation(), "return_for_supplement", "请补充照护评估")
    assert (returned.state, returned.supplement_request) == ("supplement", "请补充照护评估")
    assert supplement(office, claim).state == ClaimState.JOINT_REVIEW
    assert office.act(claim, federation(), "recommend").state == ClaimState.REVIEW


def refused(office: Office) -> Claim:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "advise_against", "照护评估未达标准")
    return office.act(claim, decider(), "refuse", "照护评估未达到六个月")


def test_a_refusal_is_written_numbered_and_names_the_ways_on(office: Office) -> None:
    claim = refused(office)
    (paper,) = detail(office, claim).decisions
    assert paper.number == f"{DISTRICT}待遇不准〔2026〕1号"
    assert (paper.official_name, paper.reasons) == ("某903", "照护评估未达到六个月")
    assert [str(paper.reconsideration_until_on), str(paper.lawsuit_until_on)] == ["2027-01-22", "2027-05-23"]
    assert len(paper.ways_on) == 3


def test_a_refusal_without_reasons_is_not_possible(office: Office) -> None:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "recommend")
    with pytest.raises(InvalidInput, match="理由"):
        office.act(claim, decider(), "refuse", "  ")


def appeal(office: Office, claim: Claim) -> None:
    with office.database.write() as session:
        service.appeal(
            session,
            office.ports,
            claim_id=claim.id,
            principal=person(GRANDMOTHER),
            grounds="评估漏看了夜间照护",
            now=office.now,
        )


def decide_appeal(office: Office, claim: Claim, official_id: int) -> Claim:
    with office.database.write() as session:
        return service.decide_appeal(
            session,
            office.ports,
            claim_id=claim.id,
            principal=decider(official_id),
            outcome="overturn",
            reason="应重新评估",
            now=office.now,
        )


def test_an_appeal_is_decided_by_somebody_else(office: Office) -> None:
    claim = refused(office)
    appeal(office, claim)
    with pytest.raises(Forbidden):
        decide_appeal(office, claim, DECIDER)
    assert decide_appeal(office, claim, SECOND_DECIDER).state == ClaimState.REVIEW


def test_after_an_overturned_refusal_others_decide_anew(office: Office) -> None:
    claim = refused(office)
    appeal(office, claim)
    decide_appeal(office, claim, SECOND_DECIDER)
    with pytest.raises(Forbidden, match="其他人员"):
        office.act(claim, decider(), "grant")
    assert office.act(claim, decider(THIRD_DECIDER), "grant").state == ClaimState.GRANTED


def test_a_held_claim_moves_only_after_an_explicit_resume(office: Office) -> None:
    claim = office.claimed()
    with office.database.write() as session:
        service.hold_claim(session, claim_id=claim.id, principal=clerk(), reason="等待核对", now=office.now)
    with pytest.raises(Forbidden, match="暂停"):
        office.act(claim, clerk(), "accept")
    office.reconcile(office.effect(sequence=99))
    with office.database.write() as session:
        assert (
            service.resume_claim(session, claim_id=claim.id, principal=clerk(), now=office.now).is_held
            is False
        )
    assert office.act(claim, clerk(), "accept").state == ClaimState.JOINT_REVIEW


def test_a_public_notice_runs_its_days_before_the_grant(office: Office) -> None:
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, notice_days=5)
    claim = office.grant(office.claimed())
    assert claim.state == ClaimState.NOTICE
    with office.database.write() as session:
        assert service.close_notices(session, office.ports, now=office.now) == 0
    office.clock.set(office.now.replace(month=12, day=1))
    with office.database.write() as session:
        assert service.close_notices(session, office.ports, now=office.now) == 1
    assert detail(office, claim).row.state == ClaimState.GRANTED


@pytest.mark.parametrize(("outcome", "state"), [("dismiss", "notice"), ("sustain", "review")])
def test_an_objection_stops_the_notice_until_it_is_settled(
    office: Office, outcome: Literal["dismiss", "sustain"], state: str
) -> None:
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, notice_days=5)
    claim = office.grant(office.claimed())
    with office.database.write() as session:
        service.record_objection(
            session, claim_id=claim.id, principal=clerk(), grounds="邻居反映情况不实", now=office.now
        )
    office.clock.set(office.now.replace(month=12, day=20))
    with office.database.write() as session:
        assert service.close_notices(session, office.ports, now=office.now) == 0
        settled = service.settle_objection(
            session,
            ports=office.ports,
            claim_id=claim.id,
            principal=decider(SECOND_DECIDER),
            outcome=outcome,
            reason="已入户核查",
            now=office.now,
        )
    assert settled.state == state
    assert "邻居" not in str(detail(office, claim).timeline)


def test_a_claim_may_be_withdrawn_until_it_is_decided(office: Office) -> None:
    claim = office.claimed()
    with office.database.write() as session:
        service.withdraw_claim(
            session, office.ports, claim_id=claim.id, principal=person(GRANDMOTHER), now=office.now
        )
    with pytest.raises(IllegalTransition):
        office.act(claim, clerk(), "accept")


def test_a_batch_decides_each_claim_by_its_own_rules(office: Office) -> None:
    good, bad = office.claimed(), office.claimed(subject_id=DAUGHTER)
    office.act(bad, clerk(), "accept")
    with office.database.write() as session:
        outcomes = service.decide_batch(
            session,
            office.ports,
            claim_ids=[good.id, bad.id, uuid.uuid4()],
            principal=clerk(),
            action="accept",
            reason="",
            now=office.now,
        )
    assert sorted(outcome.state for outcome in outcomes) == ["", "", "joint_review"]
    with office.database.read() as session:
        done, untouched = claims.get_claim(session, good.id), claims.get_claim(session, bad.id)
    assert done is not None
    assert untouched is not None
    assert (done.state, untouched.state) == ("joint_review", "joint_review")


def test_what_only_the_doing_shows_holds_nobody_else_of_a_batch(office: Office) -> None:
    good = office.claimed(subject_id=DAUGHTER)
    office.town.lose("nursing", GRANDMOTHER)
    with office.database.write() as session:
        without_amount = service.apply_anyway(
            session,
            office.ports,
            policy_id="nursing",
            subject_id=GRANDMOTHER,
            unit_id=None,
            principal=person(GRANDMOTHER),
            declared={},
            evidence=[],
            account_id=None,
            now=office.now,
        )
    for claim in (good, without_amount):
        office.act(claim, clerk(), "accept")
        office.act(claim, federation(), "recommend")
    with office.database.write() as session:
        outcomes = service.decide_batch(
            session,
            office.ports,
            claim_ids=[good.id, without_amount.id],
            principal=decider(),
            action="grant",
            reason="符合条件",
            now=office.now,
        )
    told = {one.claim_id: (one.state, one.problem) for one in outcomes}
    assert told[good.id] == ("granted", "")
    assert told[without_amount.id][0] == ""
    assert "金额" in told[without_amount.id][1]
    with office.database.read() as session:
        acts = {one.id: claims.stage_decisions(session, one.id) for one in (good, without_amount)}
        lines = [one.kind for one in events_of(session, "claim", good.id)]
    assert [act.action for act in acts[good.id]] == ["accept", "recommend", "grant"]
    assert [act.action for act in acts[without_amount.id]] == ["accept", "recommend"]
    assert lines.count("claim.grant") == 1


def test_the_work_list_shows_each_seat_what_waits_for_it(office: Office) -> None:
    office.claimed()
    with office.database.read() as session:
        (item,) = views.work_list(session, office.ports, clerk(), now=office.now)
        assert (item.stage, item.working_days_left, item.may_act) == ("街道受理", 5, True)
        assert views.work_list(session, office.ports, decider(), now=office.now) == []


def test_a_claim_file_is_closed_to_other_districts(office: Office) -> None:
    claim = office.claimed()
    with office.database.read() as session:
        page = views.claim_file(session, office.ports, claim.id, clerk(), now=office.now)
        assert page.actions == ("accept", "return_for_supplement")
        with pytest.raises(NotFound):
            views.claim_file(
                session,
                office.ports,
                claim.id,
                official(1, "claim.accept", division="420281"),
                now=office.now,
            )


def test_a_strangers_claim_page_does_not_exist(office: Office) -> None:
    claim = office.claimed()
    with pytest.raises(NotFound):
        detail(office, claim, STRANGER)


def test_one_account_for_more_than_three_people_is_flagged(office: Office) -> None:
    children = (501, 502, 503, 504)
    office.town.parents |= {child: frozenset({MOTHER}) for child in children}
    account_id = office.account(MOTHER)
    for child in children:
        office.reconcile(office.effect("childcare", child))
        assert office.default_account(account_id).flagged_at is None
        office.confirm(office.offer("childcare", child), account_id, person(MOTHER))
    assert office.default_account(account_id).flagged_at is not None


def test_a_changed_account_rests_for_three_days(office: Office) -> None:
    office.reconcile(office.effect())
    office.account()
    with office.database.write() as session:
        second = service.add_account(
            session,
            office.house.vault,
            subject_id=GRANDMOTHER,
            bank="湖北银行",
            number="6222020999888877776",
            holder="某101",
            source="declared",
            now=office.now,
        ).id
    office.verify(second)
    with pytest.raises(Conflict, match="三天"):
        office.confirm(office.offer(), second)


def test_nobody_applies_for_other_peoples_children(office: Office) -> None:
    with pytest.raises(NotFound), office.database.write() as session:
        service.apply_anyway(
            session,
            office.ports,
            policy_id="childcare",
            subject_id=STRANGER,
            unit_id=BABY,
            principal=person(STRANGER),
            declared={},
            evidence=[],
            account_id=None,
            now=office.now,
        )


def enrol(office: Office, principal: Principal, offer_id: uuid.UUID | None = None) -> int:
    with office.database.write() as session:
        return service.enrol_account(
            session,
            office.ports,
            principal=principal,
            bank="湖北银行",
            number="6222 0209 9988 8877 776",
            offer_id=offer_id,
            now=office.now,
        ).subject_id


def test_everybody_registers_their_own_account_and_a_proxy_none(office: Office) -> None:
    office.reconcile(office.effect())
    assert enrol(office, person(DAUGHTER)) == DAUGHTER
    assert enrol(office, agent(AGENT, FIRM)) == FIRM
    assert enrol(office, clerk(), office.offer().id) == GRANDMOTHER
    with pytest.raises(Forbidden):
        enrol(office, person(DAUGHTER, acting_for=GRANDMOTHER))
    with pytest.raises(NotFound):
        enrol(office, clerk())


def test_an_account_lies_sealed_and_is_shown_masked(office: Office) -> None:
    account = office.default_account(office.account())
    assert account.masked == "6222 **** **** 3334"
    assert b"6222020111222233334" not in account.number_sealed + account.number_index
