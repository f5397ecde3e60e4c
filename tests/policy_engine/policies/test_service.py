"""From an upload to everybody: two seats, the cases, 1 % first."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import events_of
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput
from kernel.house import House
from kernel.outbox import OutboxMessage
from kernel.web.principal import Principal
from policy_engine.policies import repository, reviewing, service
from policy_engine.policies.hashing import document_of
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import NOTHING, PublishedPolicies
from policy_engine.policies.rollout import rollout_bucket
from policy_engine.policies.states import PolicyState
from tests.conftest import NOON
from tests.policy_engine.policies.conftest import FINDINGS, approve, bring_to_approval, official
from tests.policy_engine.policies.documents import BENEFIT, CASES, STATUS, changed, clause


def draft(session: Session, author: Principal, text: str = BENEFIT, cases: str = CASES) -> PolicyVersion:
    return service.save_draft(session, text=text, cases_text=cases, actor=author, published=NOTHING, now=NOON)


def approved(session: Session, author: Principal, publisher: Principal, text: str = BENEFIT) -> uuid.UUID:
    version = draft(session, author, text)
    approve(session, version.id, author, publisher)
    return version.id


def published(session: Session, author: Principal, publisher: Principal, text: str = BENEFIT) -> uuid.UUID:
    version_id = approved(session, author, publisher, text)
    service.publish(session, version_id, actor=publisher, now=NOON)
    return version_id


def rollouts(session: Session) -> list[tuple[str, int]]:
    statement = sa.select(OutboxMessage.payload).order_by(OutboxMessage.number)
    return [(one["action"], one["rollout_permille"]) for one in session.scalars(statement)]


Stop = Callable[..., PolicyVersion]


def test_two_seats_bring_a_policy_to_one_per_cent_and_then_to_all(
    any_house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with any_house.database.write() as session:
        version_id = published(session, author, publisher)
    with any_house.database.read() as session:
        (policy,) = published_policies.current(session).policies
        reached = [number for number in range(2000) if policy.covers(number)]
        assert reached == [number for number in range(2000) if rollout_bucket("trial-allowance", number) < 10]
        assert 5 <= len(reached) <= 40
    with any_house.database.write() as session:
        service.widen(session, version_id, actor=publisher, now=NOON)
    with any_house.database.read() as session:
        (policy,) = published_policies.current(session).policies
        assert all(policy.covers(number) for number in range(2000))
        assert rollouts(session) == [("publish", 10), ("widen", 1000)]
        assert [one.action for one in events_of(session, "policy", "trial-allowance")] == [
            "policy.draft",
            "policy.submit",
            "policy.review",
            "policy.verify",
            "policy.fund",
            "policy.shadow",
            "policy.approve",
            "policy.publish",
            "policy.widen",
        ]


def test_author_cannot_approve_even_from_another_seat(
    house: House, author: Principal, publisher: Principal
) -> None:
    same_person = official(1, "policy.author", "policy.publish")
    with house.database.write() as session:
        version = draft(session, author)
        bring_to_approval(session, version.id, author, publisher)
        with pytest.raises(Forbidden, match="不同的人"):
            reviewing.approve(session, version.id, actor=same_person, published=NOTHING, now=NOON)


def test_second_person_on_the_authors_seat_cannot_approve(
    house: House, author: Principal, publisher: Principal
) -> None:
    colleague = msgspec.structs.replace(official(1, "policy.publish"), subject_id=9)
    with house.database.write() as session:
        version = draft(session, author)
        bring_to_approval(session, version.id, author, publisher)
        with pytest.raises(Forbidden, match="不同的席位"):
            reviewing.approve(session, version.id, actor=colleague, published=NOTHING, now=NOON)


def test_duty_and_place_of_the_seat_are_asked(house: House) -> None:
    with house.database.write() as session:
        with pytest.raises(Forbidden, match="职责"):
            draft(session, official(3, "claim.decide"))
        with pytest.raises(Forbidden, match="行政区域"):
            draft(session, official(3, "policy.author", division="360400"))


def test_failing_case_stops_the_verification_and_is_named(
    house: House, author: Principal, publisher: Principal
) -> None:
    with house.database.write() as session:
        version = draft(session, author, cases=CASES.replace("amount: 100", "amount: 90"))
        reviewing.submit(session, version.id, actor=author, now=NOON)
        reviewing.review(session, version.id, actor=publisher, published=NOTHING, findings=FINDINGS, now=NOON)
        with pytest.raises(InvalidInput) as caught:
            reviewing.verify(session, version.id, actor=author, published=NOTHING, now=NOON)
        (error,) = caught.value.errors
        assert error.where == "六十周岁"
        assert "9000" in error.what
        assert "10000" in error.what


def test_bad_document_leaves_nothing_behind(house: House, author: Principal) -> None:
    text = changed(BENEFIT, eligibility=[clause("身高 >= 180", source="notice")])
    with house.database.write() as session:
        with pytest.raises(DocumentRefused, match="1 处"):
            draft(session, author, text)
        assert repository.versions_of(session, "trial-allowance") == []


def test_draft_may_be_replaced_until_it_is_submitted(house: House, author: Principal) -> None:
    with house.database.write() as session:
        first = draft(session, author)
        again = draft(session, author, changed(BENEFIT, title="改名后的津贴"))
        assert (again.id, again.title) == (first.id, "改名后的津贴")
        reviewing.submit(session, first.id, actor=author, now=NOON)
        with pytest.raises(Conflict, match="version 改为 2"):
            draft(session, author)


def test_version_numbers_follow_one_another(house: House, author: Principal) -> None:
    with house.database.write() as session, pytest.raises(Conflict, match="应为 1"):
        draft(session, author, changed(BENEFIT, version=2))


def test_new_version_takes_over_bucket_by_bucket(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        first = published(session, author, publisher)
        service.widen(session, first, actor=publisher, now=NOON)
        second = published(session, author, publisher, changed(BENEFIT, version=2, benefit=_dearer()))
    with house.database.read() as session:
        current = published_policies.current(session)
        for number in range(3000):
            fitting = [one.document.version for one in current.policies if one.covers(number)]
            assert fitting == ([2] if rollout_bucket("trial-allowance", number) < 10 else [1])
    with house.database.write() as session:
        service.widen(session, second, actor=publisher, now=NOON)
        assert [one.state for one in repository.versions_of(session, "trial-allowance")] == [
            "published",
            "superseded",
        ]
    with house.database.read() as session:
        (policy,) = published_policies.current(session).policies
        assert policy.document.version == 2


def _dearer() -> dict[str, str]:
    return {"formula": "100", "period": "month", "source": "notice", "cap": "200"}


@pytest.mark.parametrize("stop", [service.suspend, service.recall])
def test_stopped_policy_leaves_the_published_set(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies, stop: Stop
) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
        with pytest.raises(InvalidInput, match="原因"):
            stop(session, version_id, actor=publisher, note=" ", now=NOON)
        stop(session, version_id, actor=publisher, note="标准有误", now=NOON)
    with house.database.read() as session:
        assert published_policies.current(session).policies == ()


def test_suspended_policy_resumes_where_it_was(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
        service.suspend(session, version_id, actor=publisher, note="核对数据", now=NOON)
        service.resume(session, version_id, actor=publisher, now=NOON)
    with house.database.read() as session:
        (policy,) = published_policies.current(session).policies
        assert (policy.bucket_from, policy.bucket_to) == (0, 10)


def test_set_is_read_again_only_when_the_epoch_moves(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        published(session, author, publisher)
    with house.database.read() as session:
        first = published_policies.current(session)
        assert published_policies.current(session) is first


def test_a_publication_that_is_taken_back_was_never_seen_by_others(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        published(session, author, publisher)
        assert len(published_policies.current(session).policies) == 1
        assert published_policies.pinned(session, "trial-allowance", 1) is not None
        session.rollback()
    with house.database.read() as session:
        assert published_policies.current(session).policies == ()
        assert published_policies.pinned(session, "trial-allowance", 1) is None


def test_a_pinned_version_is_proved_once_and_kept_after_it_was_stopped(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
    with house.database.read() as session:
        first = published_policies.pinned(session, "trial-allowance", 1)
    with house.database.write() as session:
        service.recall(session, version_id, actor=publisher, note="依据失效", now=NOON)
        version = repository.find_version(session, version_id)
        assert version is not None
        version.document = {**version.document, "title": "偷换的标题"}
    with house.database.read() as session:
        assert published_policies.pinned(session, "trial-allowance", 1) is first
        with pytest.raises(Conflict, match="摘要不一致"):
            PublishedPolicies().pinned(session, "trial-allowance", 1)


def test_a_transaction_sees_one_epoch_unless_it_publishes_itself(
    house: House, author: Principal, publisher: Principal
) -> None:
    with house.database.write() as session:
        before = repository.current_epoch(session)
        published(session, author, publisher)
        assert repository.current_epoch(session) == before + 1
        assert repository.has_moved_epoch(session)
    with house.database.read() as session:
        assert repository.current_epoch(session) == before + 1
        assert not repository.has_moved_epoch(session)


def test_published_document_that_was_tampered_with_is_not_used(
    house: House, author: Principal, publisher: Principal
) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
        version = repository.find_version(session, version_id)
        assert version is not None
        version.document = {**version.document, "title": "偷换的标题"}
        with pytest.raises(Conflict, match="摘要不一致"):
            document_of(version)


def test_recalled_version_cannot_come_back(house: House, author: Principal, publisher: Principal) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
        service.recall(session, version_id, actor=publisher, note="依据失效", now=NOON)
        with pytest.raises(IllegalTransition):
            service.resume(session, version_id, actor=publisher, now=NOON)


def test_a_status_is_not_stopped_under_the_policies_that_stand_on_it(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    def in_force(session: Session, text: str, cases: str) -> uuid.UUID:
        current = published_policies.current(session)
        version = service.save_draft(
            session, text=text, cases_text=cases, actor=author, published=current, now=NOON
        )
        approve(session, version.id, author, publisher, published=current)
        service.publish(session, version.id, actor=publisher, now=NOON)
        return version.id

    with house.database.write() as session:
        elder = in_force(session, STATUS, CASES.replace(", amount: 100", ""))
        condition = clause("年龄 >= 60 and (老年人 or 年龄 >= 60)", id="age", source="notice")
        allowance = in_force(session, changed(BENEFIT, eligibility=[condition]), CASES)
    with pytest.raises(Conflict, match="试验津贴"), house.database.write() as session:
        service.recall(session, elder, actor=publisher, note="依据失效", now=NOON)
    with house.database.write() as session:
        service.suspend(session, allowance, actor=publisher, note="先停这项", now=NOON)
        service.recall(session, elder, actor=publisher, note="依据失效", now=NOON)
    with pytest.raises(DocumentRefused) as refused, house.database.write() as session:
        service.resume(session, allowance, actor=publisher, now=NOON)
    assert "老年人" in refused.value.problems[0].reason
    with house.database.read() as session:
        version = repository.find_version(session, allowance)
    assert version is not None
    assert version.state == PolicyState.SUSPENDED


def test_figures_that_are_not_official_run_as_demonstration(house: House, author: Principal) -> None:
    sources = {
        "notice": {
            "title": "外市清单",
            "url": "https://example.invalid/2",
            "standing": "other_place",
            "checked_on": date(2026, 11, 23),
        }
    }
    with house.database.write() as session:
        version = draft(session, author, changed(BENEFIT, sources=sources))
        assert (version.standing, version.is_demonstration) == ("other_place", True)


def test_nothing_is_approved_that_its_approver_has_not_seen_over_the_city_or_finance_has_not_funded(
    house: House, author: Principal, publisher: Principal
) -> None:
    with house.database.write() as session:
        version = draft(session, author)
        reviewing.submit(session, version.id, actor=author, now=NOON)
        reviewing.review(session, version.id, actor=publisher, published=NOTHING, findings=FINDINGS, now=NOON)
        reviewing.verify(session, version.id, actor=author, published=NOTHING, now=NOON)
        finance = official(3, "payment.approve")
        reviewing.note_shadow_run(session, version.id, actor=finance, figures={}, now=NOON)
    with pytest.raises(InvalidInput) as caught, house.database.write() as session:
        reviewing.approve(session, version.id, actor=publisher, published=NOTHING, now=NOON)
    assert [one.where for one in caught.value.errors] == ["shadow", "fund"]
    with house.database.read() as session:
        assert repository.versions_of(session, "trial-allowance")[0].state == PolicyState.VERIFIED


def test_what_was_seen_of_an_earlier_text_counts_no_more(
    house: House, author: Principal, publisher: Principal
) -> None:
    with house.database.write() as session:
        version = draft(session, author)
        bring_to_approval(session, version.id, author, publisher)
        reviewing.send_back(session, version.id, actor=publisher, note="改一处", now=NOON)
        reviewing.submit(session, version.id, actor=author, now=NOON)
        reviewing.review(session, version.id, actor=publisher, published=NOTHING, findings=FINDINGS, now=NOON)
        reviewing.verify(session, version.id, actor=author, published=NOTHING, now=NOON)
        with pytest.raises(InvalidInput, match="还不能批准"):
            reviewing.approve(session, version.id, actor=publisher, published=NOTHING, now=NOON)


def test_a_review_says_all_three_things(house: House, author: Principal, publisher: Principal) -> None:
    findings = msgspec.structs.replace(FINDINGS, fair_competition=" ")
    with house.database.write() as session:
        version = draft(session, author)
        reviewing.submit(session, version.id, actor=author, now=NOON)
        with pytest.raises(InvalidInput) as caught:
            reviewing.review(
                session, version.id, actor=publisher, published=NOTHING, findings=findings, now=NOON
            )
        assert [one.where for one in caught.value.errors] == ["fair_competition"]


def test_a_version_expires_by_itself_asks_to_be_renewed_and_is_evaluated_and_archived(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    last = date(2026, 12, 31)
    later = NOON + timedelta(days=60)
    with house.database.write() as session:
        version_id = published(session, author, publisher, changed(BENEFIT, effective_to=last))
        (ending,) = repository.ending_versions(session, until=last)
        assert ending.state_on(last) == PolicyState.EFFECTIVE
        with pytest.raises(IllegalTransition, match="施行中"):
            service.evaluate(session, version_id, actor=author, note="成效", now=NOON)
        with pytest.raises(IllegalTransition, match="已到期"):
            service.suspend(session, version_id, actor=publisher, note="停", now=later)
        service.evaluate(session, version_id, actor=author, note="惠及五百人", now=later)
        service.archive(session, version_id, actor=publisher, now=later)
        assert not repository.ending_versions(session, until=last)
    with house.database.read() as session:
        assert published_policies.current(session).policies == ()
        row = repository.find_version(session, version_id)
        assert row is not None
        assert row.state == PolicyState.ARCHIVED


def test_a_draft_of_the_next_version_answers_the_call_for_renewal(
    house: House, author: Principal, publisher: Principal
) -> None:
    last = date(2026, 12, 31)
    with house.database.write() as session:
        published(session, author, publisher, changed(BENEFIT, effective_to=last))
        draft(session, author, changed(BENEFIT, version=2))
        assert not repository.ending_versions(session, until=last)


def test_a_revoked_policy_says_why_in_the_word_to_matching(
    house: House, author: Principal, publisher: Principal, published_policies: PublishedPolicies
) -> None:
    with house.database.write() as session:
        version_id = published(session, author, publisher)
        service.revoke(session, version_id, actor=publisher, note="上位法废止", now=NOON)
        payloads = session.scalars(sa.select(OutboxMessage.payload).order_by(OutboxMessage.number)).all()
    assert (payloads[-1]["action"], payloads[-1]["note"]) == ("revoke", "上位法废止")
    with house.database.read() as session:
        assert published_policies.current(session).policies == ()
