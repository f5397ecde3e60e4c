"""核对: nobody is asked before everybody agreed, answers come over days, the result counts for a time and is forgotten."""

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from msgspec import structs

from kernel import notices
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import repository, results, service, withdrawing
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.means.witnessing import Way, Witnessed
from policy_engine.delivery.ports import MEANS_SOURCES, MeansAnswer
from policy_engine.delivery.views import means as views
from policy_engine.profiles.models import FactHistory
from tests.policy_engine.delivery.city import (
    BABY,
    CLERK,
    DAUGHTER,
    FATHER,
    GRANDMOTHER,
    STRANGER,
    MeansCentre,
    Office,
    clerk,
    finance,
    person,
)
from tests.policy_engine.delivery.household import (
    HOME,
    agreed,
    claim_at_home,
    facts,
    keep_time,
    known,
    opened,
    say,
    worker,
)


@pytest.fixture
def home(any_office: Office) -> Claim:
    return claim_at_home(any_office)


def test_nobody_is_asked_before_every_grown_up_agreed(any_office: Office, home: Claim) -> None:
    check = opened(any_office, home)
    with pytest.raises(Conflict):
        opened(any_office, home)
    centre = MeansCentre()
    say(any_office, check, GRANDMOTHER)
    worker(any_office, centre).run_until_idle()
    assert centre.submits == 0
    for stranger in (STRANGER, BABY, FATHER):
        with pytest.raises(NotFound):
            say(any_office, check, stranger)
    with pytest.raises(IllegalTransition):
        say(any_office, check, GRANDMOTHER)
    say(any_office, check, DAUGHTER)
    worker(any_office, centre).run_until_idle()
    assert centre.submits == 2 * len(MEANS_SOURCES)
    assert {order.consent for order in centre.orders.values()} == {f"{check.number}-1", f"{check.number}-2"}


def by_hand(
    office: Office,
    check: MeansCheck,
    who: int,
    way: Way,
    witnessed: Witnessed | None,
    *,
    principal: Principal | None = None,
) -> None:
    with office.database.write() as session:
        service.record_paper(
            session,
            office.ports,
            check_id=check.id,
            principal=principal or clerk(),
            subject_id=who,
            paper="核授2026-007",
            way=way,
            witnessed=witnessed,
            now=office.now,
        )


NEIGHBOUR = Witnessed(witness="邻居甲", standing="村民小组长", why="不识字")
DIGEST = "a" * 64


def test_who_cannot_sign_agrees_by_thumb_or_voice_before_a_witness(any_office: Office, home: Claim) -> None:
    check = opened(any_office, home)
    by_hand(any_office, check, GRANDMOTHER, "thumb", NEIGHBOUR)
    by_hand(any_office, check, DAUGHTER, "voice", structs.replace(NEIGHBOUR, digest=DIGEST))
    assert known(any_office, check).state == "asking"
    with any_office.database.read() as session:
        rows = {one.subject_id: one for one in repository.consents(session, check.id)}
        seen = views.check_at(session, any_office.ports, check.id, clerk(), now=any_office.now)
        own = views.own_check(session, any_office.ports, check.id, person(GRANDMOTHER), now=any_office.now)
        kinds = [one.title for one in notices.inbox(session, GRANDMOTHER)]
    assert {who: row.channel for who, row in rows.items()} == {GRANDMOTHER: "thumb", DAUGHTER: "voice"}
    assert b"\xe4\xb8\x8d\xe8\xaf\x86" not in (rows[GRANDMOTHER].witnessed_sealed or b""), "sealed"
    assert [one.witnessed.witness for one in seen.members if one.witnessed] == ["邻居甲", "邻居甲"]
    assert [one.witnessed is not None for one in own.members] == [True, False], "one's own alone"
    assert any("已登记您的授权" in title for title in kinds)


@pytest.mark.parametrize(
    ("way", "said", "field"),
    [
        ("thumb", None, "witness"),
        ("thumb", structs.replace(NEIGHBOUR, why=" "), "why"),
        ("thumb", structs.replace(NEIGHBOUR, standing="x" * 41), "standing"),
        ("thumb", structs.replace(NEIGHBOUR, witness=f"某{DAUGHTER}"), "witness"),  # of the household
        ("thumb", structs.replace(NEIGHBOUR, witness=f"某{CLERK}"), "witness"),  # who records it
        ("voice", NEIGHBOUR, "digest"),
        ("voice", structs.replace(NEIGHBOUR, digest="zz"), "digest"),
    ],
)
def test_a_witness_is_named_and_is_nobody_concerned(
    office: Office, way: Way, said: Witnessed | None, field: str
) -> None:
    office.town.households = {"home": frozenset({HOME, GRANDMOTHER, DAUGHTER})}
    office.town.homes = {GRANDMOTHER: HOME}
    check = opened(office, office.claimed())
    with pytest.raises(InvalidInput) as problem:
        by_hand(office, check, GRANDMOTHER, way, said)
    assert field in {one.where for one in problem.value.errors}
    with office.database.read() as session:
        assert {one.state for one in repository.consents(session, check.id)} == {"waiting"}


def test_answers_come_over_days_and_make_the_unknown_known_for_a_time(
    any_office: Office, home: Claim
) -> None:
    check, centre = agreed(any_office, home), MeansCentre()
    for source in MEANS_SOURCES:
        worker(any_office, centre).run_until_idle()
        assert known(any_office, check).state == "asking"
        assert "monthly_income" not in facts(any_office)
        centre.answers[source] = MeansAnswer(monthly_income_fen=8_000, assets_fen=400, homes=1)
        any_office.clock.move(timedelta(days=1))
    worker(any_office, centre).run_until_idle()
    assert centre.submits == 2 * len(MEANS_SOURCES), "each inquiry is handed in once"
    done = known(any_office, check)
    assert (done.state, done.is_incomplete) == ("done", False)
    result = results.result_of(any_office.ports, done)
    assert result is not None
    assert (result.monthly_income_fen, result.assets_fen, result.homes) == (80_000, 4_000, 10)
    assert facts(any_office)["monthly_income"] == 80_000
    with any_office.database.read() as session:
        assert repository.inquiries(session, check.id) == [], "who told what is not kept"
        claim = session.get(Claim, home.id)
        assert claim is not None
        assert claim.evidence[-1]["reference"] == check.number
        assert "80000" not in str(claim.evidence)
    any_office.clock.move(timedelta(days=results.VALID_DAYS + 1))
    assert keep_time(any_office) == 1
    assert keep_time(any_office) == 0
    gone = known(any_office, check)
    assert (gone.state, gone.result_sealed) == ("expired", None)
    assert "monthly_income" not in facts(any_office)
    with any_office.database.read() as session:
        rows = session.scalars(sa.select(FactHistory).where(FactHistory.subject_id == HOME)).all()
        assert not any(80_000 in (*row.old, *row.new) for row in rows)


def test_one_who_does_not_agree_ends_it_and_one_may_take_the_word_back(
    any_office: Office, home: Claim
) -> None:
    check = opened(any_office, home)
    say(any_office, check, DAUGHTER, agrees=False)
    assert known(any_office, check).state == "refused"
    again, centre = agreed(any_office, home), MeansCentre()
    centre.answers = {"tax": MeansAnswer(monthly_income_fen=777)}
    worker(any_office, centre).run_until_idle()
    with any_office.database.write() as session:
        withdrawing.withdraw(
            session, any_office.ports, check_id=again.id, principal=person(DAUGHTER), now=any_office.now
        )
    assert known(any_office, again).state == "withdrawn"
    with any_office.database.read() as session:
        assert repository.inquiries(session, again.id) == []
        assert "means.ended" in {one.kind for one in notices.inbox(session, clerk().subject_id)}
    centre.answers = dict.fromkeys(MEANS_SOURCES, MeansAnswer())
    any_office.clock.move(timedelta(days=1))
    worker(any_office, centre).run_until_idle()
    assert known(any_office, again).state == "withdrawn"


def test_clocks_remind_lapse_and_give_up(office: Office) -> None:
    office.town.households = {"home": frozenset({HOME, GRANDMOTHER, DAUGHTER})}
    office.town.homes = {GRANDMOTHER: HOME}
    claim = office.claimed()
    check = opened(office, claim)
    office.clock.move(timedelta(days=12))
    assert keep_time(office) == 1
    assert keep_time(office) == 0
    with office.database.read() as session:
        titles = [one.title for one in notices.inbox(session, DAUGHTER)]
    assert "还在等您授权核对" in titles
    office.clock.move(timedelta(days=10))
    keep_time(office)
    assert known(office, check).state == "lapsed"
    again, centre = agreed(office, claim), MeansCentre()
    centre.answers = {"tax": MeansAnswer(monthly_income_fen=900)}
    worker(office, centre).run_until_idle()
    office.clock.move(timedelta(days=40))
    keep_time(office)
    done = known(office, again)
    assert (done.state, done.is_incomplete) == ("done", True)
    result = results.result_of(office.ports, done)
    assert result is not None
    assert result.missing == ("banks", "housing", "social_insurance", "subsidies")


def test_a_paper_counts_and_who_may_open_and_record(office: Office) -> None:
    office.town.households = {"home": frozenset({HOME, GRANDMOTHER, DAUGHTER})}
    office.town.homes = {GRANDMOTHER: HOME}
    claim = office.claimed()
    with pytest.raises((Forbidden, NotFound)):
        opened(office, claim, finance())
    check = opened(office, claim)

    def paper(subject_id: int, reference: str, principal: Principal) -> None:
        with office.database.write() as session:
            service.record_paper(
                session,
                office.ports,
                check_id=check.id,
                principal=principal,
                subject_id=subject_id,
                paper=reference,
                now=office.now,
            )

    with pytest.raises(InvalidInput):
        paper(DAUGHTER, " ", clerk())
    with pytest.raises(NotFound):
        paper(STRANGER, "档案7号", clerk())
    paper(DAUGHTER, "档案7号", clerk())
    say(office, check, GRANDMOTHER)
    assert known(office, check).state == "asking"
    with pytest.raises(NotFound):
        say(office, MeansCheck(id=uuid.uuid4()), GRANDMOTHER)
