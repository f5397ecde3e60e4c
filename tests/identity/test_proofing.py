"""The highest level: an official who sees person and papers, or public security that sees the face; either suffices."""

import html
import re
from datetime import date, timedelta

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from identity.accounts import repository as accounts
from identity.proofing import service
from identity.proofing.models import InPersonProof
from identity.proofing.service import SeenFact, prove_at_counter
from identity.recovery import repository as recovery
from identity.registry import service as registry
from kernel.audit import AuditEvent
from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.ids import new_id
from kernel.web.principal import Principal, SeatView
from tests.identity.conftest import City, id_number
from tests.identity.people import Someone, phone_code
from tests.identity.relying_party import Surfer, TokenClient, claims_of, mini_attempt
from tests.identity.test_recovery import ask
from tests.identity.test_upstream import resident

PAPERS = (
    SeenFact(kind="id_card", number_tail="1045", valid_until=date(2036, 1, 1)),
    SeenFact(kind="household_book", number_tail="0077"),
)


def official(city: City, *duties: str) -> Principal:
    return Principal(
        subject_id=city.people.official,
        name="柯建国",
        capacity="seat",
        acting_for=city.people.official,
        acting_for_name="柯建国",
        seat=SeatView(
            id=1,
            title="窗口",
            division="420203",
            department="政务中心",
            duties=frozenset(duties or ("counter.assist",)),
        ),
        scopes=frozenset({"zhengtong"}),
        acr="L3",
        client_id="zhengtong",
        grant_id=new_id(),
    )


def prove(
    city: City,
    subject_id: int,
    *,
    facts: tuple[SeenFact, ...] = PAPERS,
    level: service.CounterLevel = "L4",
    by: Principal | None = None,
    is_face_compared: bool = True,
    slip: str = "HY-2026-0001",
) -> None:
    with city.house.database.write() as session:
        prove_at_counter(
            session,
            by or official(city),
            subject_id,
            facts,
            level=level,
            is_face_compared=is_face_compared,
            slip=slip,
            vault=city.house.vault,
            now=city.clock.now(),
        )


def enter_at(city: City, one: Someone, level: str) -> tuple[Surfer, httpx.Response]:
    """Sign in by password where a client asks for a level."""
    surfer = city.surfer()
    page = surfer.open("/identity/authorize", **mini_attempt().parameters(acr_values=level))
    return surfer, surfer.sign_in(page, one.login)


def by_phone_too(city: City, surfer: Surfer, page: httpx.Response, one: Someone) -> httpx.Response:
    page = surfer.submit(page, "/identity/step-up/send")
    return surfer.submit(page, "/identity/step-up/sms", code=phone_code(city, one.phone))


def at_public_security(address: str, seen: str) -> str:
    """Stand before the simulated camera; where it leads back to."""
    with httpx.Client(trust_env=False) as there:
        assert "人脸核验" in there.get(address, headers={"accept": "text/html"}).text
        answer = there.post(address, data={"seen": seen})
        assert answer.status_code == 303
        return answer.headers["location"]


def begin_face(surfer: Surfer, page: httpx.Response) -> str:
    form = re.findall(r'<form[^>]*action="/identity/step-up/face".*?</form>', page.text, re.S)
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form[0]))
    answer = surfer.http.post(
        "/identity/step-up/face", data={name: html.unescape(value) for name, value in hidden.items()}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_counter_s_check_gives_the_highest_level_to_two_proofs(there: City) -> None:
    one = resident(there)
    surfer, page = enter_at(there, one, "L4")
    assert "请核验本人" in page.text
    prove(there, one.subject_id)
    page = by_phone_too(there, surfer, surfer.open(str(page.url)), one)
    assert "step-up" not in str(page.url)
    with there.house.database.read() as session:
        [proof] = session.scalars(
            sa.select(InPersonProof).where(InPersonProof.subject_id == one.subject_id)
        ).all()
        assert service.facts_of(proof, vault=there.house.vault) == list(PAPERS)
        assert b"1045" not in proof.facts_sealed
        trail = session.scalars(
            sa.select(AuditEvent).where(
                AuditEvent.action == "identity.proof.counter", AuditEvent.object_id == str(one.subject_id)
            )
        ).one()
        assert (trail.actor_id, trail.detail["facts"]) == (
            there.people.official,
            ["id_card", "household_book"],
        )


def test_a_check_grows_old(there: City) -> None:
    one = resident(there)
    prove(there, one.subject_id)
    assurance = there.app.state.hall.assurance
    with there.house.database.read() as session:
        account = accounts.get(session, one.subject_id)
        assert account is not None
        now = there.clock.now()
        assert assurance.level_of(account, ["pwd", "sms"], now) == "L4"
        assert assurance.level_of(account, ["pwd", "sms"], now + timedelta(days=731)) == "L3"


def test_the_real_name_alone_is_proved_without_comparing_faces(there: City) -> None:
    one = resident(there, is_real_name=False)
    prove(there, one.subject_id, level="L2", is_face_compared=False)
    with there.house.database.read() as session:
        account = accounts.get(session, one.subject_id)
        assert account is not None
        assert account.real_name_at is not None
        assert account.in_person_at is None


@pytest.mark.parametrize(
    ("bend", "where"),
    [
        ({"facts": PAPERS[:1]}, "second"),
        ({"facts": (PAPERS[0], PAPERS[0])}, "second"),
        ({"facts": (PAPERS[1], PAPERS[0])}, "first"),
        ({"facts": (msgspec.structs.replace(PAPERS[0], valid_until=None), PAPERS[1])}, "first_until"),
        (
            {"facts": (msgspec.structs.replace(PAPERS[0], valid_until=date(2020, 1, 1)), PAPERS[1])},
            "first_until",
        ),
        ({"facts": (PAPERS[0], msgspec.structs.replace(PAPERS[1], number_tail=""))}, "second_tail"),
        ({"is_face_compared": False}, "compared"),
        ({"slip": ""}, "slip"),
    ],
)
def test_what_is_not_recorded_whole_is_refused_by_field(
    there: City, bend: dict[str, object], where: str
) -> None:
    one = resident(there)
    with pytest.raises(InvalidInput) as refused:
        prove(there, one.subject_id, **bend)  # type: ignore[arg-type]
    assert where in {error.where for error in refused.value.errors}


def test_officials_check_neither_themselves_nor_from_another_seat(there: City) -> None:
    one = resident(there)
    for subject_id, by in (
        (there.people.official, official(there)),
        (one.subject_id, official(there, "claim.decide")),
        (one.subject_id, msgspec.structs.replace(official(there), seat=None)),
    ):
        with pytest.raises(Forbidden):
            prove(there, subject_id, by=by)


def test_somebody_without_an_account_is_told_what_to_do(there: City) -> None:
    with there.house.database.write() as session:
        subject_id = registry.ensure(
            session,
            kind="person",
            name="无户",
            identifier_kind="id_number",
            identifier=id_number("42990019600101998"),
            vault=there.house.vault,
            now=there.clock.now(),
        )
    with pytest.raises(Conflict):
        prove(there, subject_id)


def test_a_waiting_phone_need_wait_no_longer_after_the_counter(there: City) -> None:
    one = resident(there)
    ask(there, one, "13955550000")
    prove(there, one.subject_id)
    there.house.ephemeral.close()
    assert one.name in ask(there, one, "13955550000").text
    with there.house.database.read() as session:
        assert recovery.waiting_of(session, one.subject_id, there.clock.now()) == []


def test_a_face_gives_the_highest_level_to_this_sign_in_alone(there: City) -> None:
    one = resident(there)
    surfer, page = enter_at(there, one, "L4")
    back = at_public_security(begin_face(surfer, page), "same")
    page = surfer.open(back)
    assert "step-up" not in str(page.url)
    page = surfer.submit(page, "authorize", decision="allow")
    assert page.is_redirect
    _other, page = enter_at(there, one, "L4")
    assert "请核验本人" in page.text


def test_a_face_proves_the_real_name_again(there: City) -> None:
    one = resident(there, is_real_name=False)
    surfer, page = enter_at(there, one, "L3")
    surfer.open(at_public_security(begin_face(surfer, page), "same"))
    with there.house.database.read() as session:
        account = accounts.get(session, one.subject_id)
        assert account is not None
        assert account.real_name_at is not None


@pytest.mark.parametrize("seen", ["other", ""])
def test_another_face_or_none_gives_nothing(there: City, seen: str) -> None:
    one = resident(there)
    surfer, page = enter_at(there, one, "L4")
    answer = surfer.open(at_public_security(begin_face(surfer, page), seen))
    assert answer.status_code == 401
    assert "窗口" in answer.text


def test_a_result_is_for_the_sign_in_that_began_and_once(there: City) -> None:
    one, thief = resident(there), resident(there, "张三")
    surfer, page = enter_at(there, one, "L4")
    back = at_public_security(begin_face(surfer, page), "same")
    stranger, _page = enter_at(there, thief, "L4")
    assert stranger.open(back).status_code == 410
    assert surfer.open(back).status_code == 200
    assert surfer.open(back).status_code == 410


def test_claims_carry_the_level(there: City) -> None:
    one = resident(there)
    prove(there, one.subject_id)
    surfer, attempt = there.surfer(), mini_attempt()
    page = surfer.open("/identity/authorize", **attempt.parameters(acr_values="L4"))
    page = by_phone_too(there, surfer, surfer.sign_in(page, one.login), one)
    page = surfer.submit(page, "authorize", decision="allow")
    code = dict(httpx.URL(page.headers["location"]).params)["code"]
    assert claims_of(TokenClient(there.issuer).redeem(attempt, code).json()["id_token"])["acr"] == "L4"
