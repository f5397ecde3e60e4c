"""An agreement is taken back as easily as it is given; a check ends with its claim; what comes late is not used."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from msgspec import structs

from kernel import notices
from kernel.audit import AuditEvent
from kernel.errors import Forbidden, IllegalTransition, InvalidInput, NotFound, TooLarge
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import recordings, repository, withdrawing
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.means.recordings import SealedRecording, seal_recording
from policy_engine.delivery.means.withdrawing import Bearer
from policy_engine.delivery.means.witnessing import WAYS, Way, Witnessed
from policy_engine.delivery.ports import MEANS_SOURCES, MeansAnswer, MeansInquiryOrder
from policy_engine.delivery.views import means as views
from tests.policy_engine.delivery.city import (
    CLERK,
    DAUGHTER,
    FATHER,
    GRANDMOTHER,
    STRANGER,
    MeansCentre,
    Office,
    clerk,
    decider,
    federation,
    finance,
    person,
)
from tests.policy_engine.delivery.household import agreed, claim_at_home, facts, known, opened, say, worker

NEIGHBOUR = Witnessed(witness="邻居甲", standing="村民小组长", why="不识字")
WAV = b"RIFF" + (1024).to_bytes(4, "little") + b"WAVEfmt " + bytes(1024)


@pytest.fixture
def home(office: Office) -> Claim:
    return claim_at_home(office)


def at_counter(
    office: Office,
    check: MeansCheck,
    who: int,
    way: Way = "paper",
    *,
    paper: str = "核撤2026-003",
    witnessed: Witnessed | None = None,
    bearer: Bearer | None = None,
    recording: SealedRecording | None = None,
    principal: Principal | None = None,
) -> None:
    with office.database.write() as session:
        withdrawing.withdraw_at_counter(
            session,
            office.ports,
            check_id=check.id,
            principal=principal or clerk(),
            subject_id=who,
            paper=paper,
            way=way,
            witnessed=witnessed,
            bearer=bearer,
            recording=recording,
            now=office.now,
        )


def asked(office: Office, check: MeansCheck) -> int:
    with office.database.read() as session:
        return len(repository.inquiries(session, check.id))


def titles(office: Office, who: int) -> list[str]:
    with office.database.read() as session:
        return [one.title for one in notices.inbox(session, who)]


def history(office: Office, claim: Claim) -> list[str]:
    with office.database.read() as session:
        return list(session.scalars(sa.select(CaseEvent.kind).where(CaseEvent.claim_id == claim.id)))


def test_a_word_is_taken_back_at_the_counter_in_every_way_in_which_it_is_given(
    office: Office, home: Claim
) -> None:
    for way in WAYS:
        is_taken_back_by(office, home, way)


def is_taken_back_by(office: Office, home: Claim, way: Way) -> None:
    check, centre = agreed(office, home), MeansCentre()
    centre.answers = {"tax": MeansAnswer(monthly_income_fen=777)}
    worker(office, centre).run_until_idle()
    file = seal_recording("说的话.wav", WAV, office.house.vault) if way == "voice" else None
    at_counter(office, check, DAUGHTER, way, witnessed=None if way == "paper" else NEIGHBOUR, recording=file)
    assert known(office, check).state == "withdrawn"
    assert asked(office, check) == 0, "what was asked is not waited for, what was answered is gone"
    assert "已登记您撤回授权" in titles(office, DAUGHTER)
    assert "家庭经济状况核对有结果" in titles(office, GRANDMOTHER), "every member hears of the end"
    assert f"claim.means_withdrawn_{way}" in history(office, home)
    with office.database.read() as session:
        seen = views.check_at(session, office.ports, check.id, clerk(), now=office.now)
        other = views.own_check(session, office.ports, check.id, person(GRANDMOTHER), now=office.now)
    told = next(one for one in seen.members if one.state == "withdrawn")
    assert told.withdrawal is not None
    assert (told.withdrawal.channel, told.withdrawal.reference) == (way, "核撤2026-003")
    assert (told.withdrawal.witnessed is not None) == (way != "paper")
    assert [one.said for one in told.recordings] == (["withdrawn"] if way == "voice" else [])
    assert all(one.withdrawal is None and not one.recordings for one in other.members), "not hers to read"


def test_somebody_with_a_mandate_brings_the_word_and_the_member_is_told(office: Office, home: Claim) -> None:
    check = agreed(office, home)
    at_counter(office, check, GRANDMOTHER, bearer=Bearer(name="侄子", mandate="委2026-9"))
    with office.database.read() as session:
        seen = views.check_at(session, office.ports, check.id, clerk(), now=office.now)
    brought = [one.withdrawal.bearer for one in seen.members if one.withdrawal]
    assert brought == [Bearer(name="侄子", mandate="委2026-9")]
    assert "已登记您撤回授权" in titles(office, GRANDMOTHER)


def test_a_proxy_takes_back_in_the_app_and_never_agrees(office: Office, home: Claim) -> None:
    proxy = person(STRANGER, acting_for=GRANDMOTHER)
    check = opened(office, home)
    with pytest.raises(NotFound):
        taken_back(office, check, person(STRANGER))
    say(office, check, GRANDMOTHER)
    with office.database.read() as session:
        seen = views.own_check(session, office.ports, check.id, proxy, now=office.now)
    assert (seen.may_say, seen.may_withdraw, seen.monthly_income_fen) == (False, True, None)
    taken_back(office, check, proxy)
    assert known(office, check).state == "withdrawn"
    assert "已代您撤回授权" in titles(office, GRANDMOTHER)


def taken_back(office: Office, check: MeansCheck, principal: Principal) -> None:
    with office.database.write() as session:
        withdrawing.withdraw(session, office.ports, check_id=check.id, principal=principal, now=office.now)


def test_a_result_goes_with_the_word_and_the_file_says_so(office: Office, home: Claim) -> None:
    check, centre = agreed(office, home), MeansCentre()
    centre.answers = dict.fromkeys(MEANS_SOURCES, MeansAnswer(monthly_income_fen=100))
    worker(office, centre).run_until_idle()
    assert facts(office)["monthly_income"] == 1000
    at_counter(office, check, DAUGHTER)
    assert "monthly_income" not in facts(office)
    with office.database.read() as session:
        claim = session.get_one(Claim, home.id)
        assert [one for one in claim.evidence if one["reference"] == check.number] == []
        assert claim.state == "submitted", "a claim is not refused for it"


def test_what_it_does_is_told_before(office: Office, home: Claim) -> None:
    def told() -> str:
        with office.database.read() as session:
            seen = views.check_at(session, office.ports, check.id, clerk(), now=office.now)
            return "".join(seen.consequences)

    check = opened(office, home)
    assert told() == "", "nothing can be taken back yet"
    say(office, check, GRANDMOTHER)
    assert "还没有向任何单位查询" in told()
    say(office, check, DAUGHTER)
    centre = MeansCentre()
    centre.answers = {"tax": MeansAnswer()}
    worker(office, centre).run_until_idle()
    assert "10 项查询，其中 2 项已答复" in told()
    assert "不会因此自动被拒" in told()
    centre.answers = dict.fromkeys(MEANS_SOURCES, MeansAnswer())
    office.clock.move(timedelta(days=1))
    worker(office, centre).run_until_idle()
    assert "核对结果" in told()


def test_the_wrong_person_and_the_wrong_paper_end_nothing(office: Office, home: Claim) -> None:
    check = agreed(office, home)
    for who, principal, refusal in (
        (STRANGER, clerk(), NotFound),
        (FATHER, clerk(), NotFound),
        (DAUGHTER, finance(), Forbidden),
        (DAUGHTER, person(DAUGHTER), NotFound),
        (DAUGHTER, structs.replace(clerk(), subject_id=DAUGHTER), Forbidden),
    ):
        with pytest.raises(refusal):
            at_counter(office, check, who, principal=principal)
    nameless, own = Bearer(name="侄子", mandate=""), Bearer(name=f"某{CLERK}", mandate="委1")
    for attempt in (
        lambda: at_counter(office, check, DAUGHTER, paper=" "),
        lambda: at_counter(office, check, DAUGHTER, "thumb"),
        lambda: at_counter(office, check, DAUGHTER, "voice", witnessed=NEIGHBOUR),
        lambda: at_counter(office, check, DAUGHTER, bearer=nameless),
        lambda: at_counter(office, check, DAUGHTER, bearer=own),
    ):
        with pytest.raises(InvalidInput):
            attempt()
    assert known(office, check).state == "asking"
    assert asked(office, check) == 2 * len(MEANS_SOURCES)


def test_twice_is_refused_and_a_word_not_given_is_none(office: Office, home: Claim) -> None:
    check = opened(office, home)
    say(office, check, GRANDMOTHER)
    with pytest.raises(IllegalTransition):
        at_counter(office, check, DAUGHTER)
    at_counter(office, check, GRANDMOTHER)
    with pytest.raises(IllegalTransition):
        at_counter(office, check, GRANDMOTHER)


def taken_back_by_applicant(office: Office, claim: Claim) -> None:
    with office.database.write() as session:
        delivery.withdraw_claim(
            session, office.ports, claim_id=claim.id, principal=person(GRANDMOTHER), now=office.now
        )


def refused(office: Office, claim: Claim) -> None:
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "recommend")
    office.act(claim, decider(), "refuse", "收入超过标准")


def granted(office: Office, claim: Claim) -> None:
    office.grant(claim)


class Slow(MeansCentre):
    """Something happens while a source is being asked."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def submit(self, order: MeansInquiryOrder) -> MeansAnswer | None:
        self.meanwhile()
        super().submit(order)
        return MeansAnswer(monthly_income_fen=99_999)


@pytest.mark.parametrize("ends", [taken_back_by_applicant, refused, granted])
def test_an_open_check_ends_with_its_claim(
    office: Office, home: Claim, ends: Callable[[Office, Claim], None]
) -> None:
    check = agreed(office, home)
    ends(office, home)
    closed = known(office, check)
    assert (closed.state, asked(office, check)) == ("closed", 0)
    assert "claim.means_closed" in history(office, home)
    centre = MeansCentre()
    worker(office, centre).run_until_idle()
    assert centre.submits == 0, "what was not asked yet is not asked any more"


def test_an_answer_after_the_end_is_noted_and_thrown_away(office: Office, home: Claim) -> None:
    check = agreed(office, home)
    is_over: list[bool] = []

    def meanwhile() -> None:
        if not is_over:
            is_over.append(True)
            taken_back_by_applicant(office, home)

    worker(office, Slow(meanwhile)).run_until_idle()
    assert known(office, check).state == "closed"
    assert known(office, check).result_sealed is None
    assert "monthly_income" not in facts(office)
    assert history(office, home).count("claim.means_late") == 1
    with office.database.read() as session:
        noted = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "means.late_answer")).all()
    assert len(noted) == 1
    assert "99999" not in str(noted[0].detail)


def test_a_recording_is_told_by_its_bytes_bounded_and_sealed(office: Office) -> None:
    vault = office.house.vault
    for content in (b"%PDF-1.7" + bytes(999), b"RIFF", b"", b"<html>" + bytes(999), b"\xff\xff" + bytes(999)):
        with pytest.raises(InvalidInput):
            seal_recording("话.mp3", content, vault)
    with pytest.raises(TooLarge):
        seal_recording("话.wav", WAV + bytes(recordings.LARGEST), vault)
    file = seal_recording("..\\..\\a/话.wav", WAV, vault)
    assert (file.name, file.media_type, file.size) == ("话.wav", "audio/wav", len(WAV))
    assert WAV[:12] not in file.sealed


def test_a_recording_is_heard_by_whom_it_concerns_and_every_hearing_is_on_record(
    office: Office, home: Claim
) -> None:
    check = agreed(office, home)
    file = seal_recording("话.wav", WAV, office.house.vault)
    with pytest.raises(InvalidInput):
        at_counter(office, check, DAUGHTER, "paper", recording=file)
    wrong = structs.replace(NEIGHBOUR, digest="b" * 64)
    with pytest.raises(InvalidInput):
        at_counter(office, check, DAUGHTER, "voice", witnessed=wrong, recording=file)
    at_counter(office, check, DAUGHTER, "voice", witnessed=NEIGHBOUR, recording=file)

    def hear(principal: Principal) -> tuple[str, bytes]:
        with office.database.write() as session:
            return recordings.listen(
                session, check.id, file.id, principal, vault=office.house.vault, now=office.now
            )

    assert hear(clerk()) == ("audio/wav", WAV)
    assert hear(person(DAUGHTER)) == ("audio/wav", WAV)
    for other in (person(GRANDMOTHER), person(STRANGER), person(STRANGER, acting_for=DAUGHTER)):
        with pytest.raises(NotFound):
            hear(other)
    with office.database.read() as session:
        heard = sa.select(sa.func.count()).where(AuditEvent.action == "means.recording_heard")
        assert session.scalar(heard) == 2
