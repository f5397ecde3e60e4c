"""公示: only what a policy lists, of nobody under age, gone after its last day; anybody may object and reads the answer."""

import uuid
from datetime import timedelta

import msgspec
import pytest

from kernel.errors import Forbidden, InvalidInput, NotFound
from policy_engine.delivery import service, views
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.publicity import service as publicity
from policy_engine.delivery.publicity.showing import NoticeEntry
from tests.policy_engine.delivery.city import (
    BABY,
    DECIDER,
    FATHER,
    NURSING,
    SECOND_DECIDER,
    STREET,
    Office,
    decider,
    official,
)


@pytest.fixture
def posted(office: Office) -> Claim:
    """A claim whose notice runs for five working days: name and place, no sum."""
    notice = {"notice_days": 5, "notice_place": "村公示栏", "notice_fields": ("name_masked", "division")}
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, **notice)
    office.town.officials = [decider(), decider(SECOND_DECIDER)]
    return office.grant(office.claimed())


def running(office: Office) -> list[NoticeEntry]:
    with office.database.read() as session:
        return publicity.running_notices(session, office.ports, now=office.now)


def object_to(office: Office, claim_id: uuid.UUID, grounds: str = "他家有三套房", contact: str = "") -> str:
    with office.database.write() as session:
        return publicity.object_publicly(
            session,
            office.ports,
            office.house.vault,
            claim_id=claim_id,
            grounds=grounds,
            contact=contact,
            now=office.now,
        )


def settle(office: Office, claim: Claim, subject_id: int = SECOND_DECIDER) -> Claim:
    with office.database.write() as session:
        return service.settle_objection(
            session,
            ports=office.ports,
            claim_id=claim.id,
            principal=decider(subject_id),
            outcome="dismiss",
            reason="已入户核查，属实",
            now=office.now,
        )


def test_only_what_the_policy_lists_is_shown(office: Office, posted: Claim) -> None:
    (entry,) = running(office)
    assert (entry.name, entry.division, entry.place) == ("某***", STREET, "村公示栏")
    assert (entry.amount_fen, entry.period, entry.firm) == (None, None, None)
    office.town.policies["nursing"] = msgspec.structs.replace(
        office.town.policies["nursing"], notice_fields=("firm_name",)
    )
    (bare,) = running(office)
    assert (bare.name, bare.firm, bare.division) == (None, None, None), "a person is no firm"
    assert bare.id == posted.id


def test_nobody_under_age_is_ever_posted(office: Office, posted: Claim) -> None:
    office.town.parents[posted.subject_id] = frozenset({FATHER})
    assert running(office) == []
    with pytest.raises(NotFound):
        object_to(office, posted.id)
    assert BABY in office.town.parents


def test_it_is_gone_on_the_day_after_its_last(office: Office, posted: Claim) -> None:
    assert posted.notice_until_on is not None
    office.clock.move(timedelta(days=(posted.notice_until_on - office.clock.today()).days))
    assert len(running(office)) == 1
    office.clock.move(timedelta(days=1))
    assert running(office) == []
    with pytest.raises(NotFound):
        object_to(office, posted.id)


def test_an_objection_becomes_a_case_for_who_did_not_decide(office: Office, posted: Claim) -> None:
    receipt = object_to(office, posted.id, contact="13800000000")
    second = object_to(office, posted.id, "他不住这里")
    with office.database.read() as session:
        (item,) = views.work_list(session, office.ports, decider(SECOND_DECIDER), now=office.now)
        file = views.claim_file(session, office.ports, posted.id, decider(SECOND_DECIDER), now=office.now)
        elsewhere = official(990, "claim.accept", division=STREET)
        theirs = views.claim_file(session, office.ports, posted.id, elsewhere, now=office.now)
    assert (item.kind, item.working_days_left) == ("objection", 10)
    assert [(one.grounds, one.contact) for one in file.objections] == [
        ("他家有三套房", "13800000000"),
        ("他不住这里", ""),
    ]
    assert theirs.objections == ()
    assert "三套房" not in str(file.timeline)
    with pytest.raises(Forbidden, match="未作出决定"):
        settle(office, posted, DECIDER)
    settle(office, posted)
    with office.database.read() as session:
        for code in (receipt, second):
            seen = publicity.objection_seen(session, office.ports, office.house.vault, code)
            assert (seen.outcome, seen.answer) == ("dismiss", "已入户核查，属实")
        with pytest.raises(NotFound):
            publicity.objection_seen(session, office.ports, office.house.vault, "x" * 22)


def test_a_notice_runs_on_for_the_days_it_had_left(office: Office, posted: Claim) -> None:
    assert posted.notice_until_on is not None
    office.clock.move(timedelta(days=1))  # four working days left
    object_to(office, posted.id)
    office.clock.move(timedelta(days=13))  # a Monday again
    resumed = settle(office, posted)
    assert resumed.notice_until_on is not None
    assert (resumed.notice_until_on - office.clock.today()).days == 4


def test_an_objection_says_something_and_not_a_book(office: Office, posted: Claim) -> None:
    for grounds in (" ", "长" * 3000):
        with pytest.raises(InvalidInput):
            object_to(office, posted.id, grounds)
    with pytest.raises(NotFound):
        object_to(office, uuid.uuid4())
