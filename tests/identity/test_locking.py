"""A lock bars the way in and nothing else: two officials, a reason, a letter; every sign-in ends at once, and opens again."""

import uuid

import pytest
from msgspec import structs

from identity.accounts import service as accounts
from identity.locking import service as locking
from identity.locking.models import AccountLock
from kernel import notices
from kernel.audit import recent
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from tests.identity.conftest import City
from tests.identity.people import Someone, sign_in, someone
from tests.policy_engine.delivery.city import finance, official

FIRST, SECOND = official(981, "admin.security"), official(982, "admin.security")


def proposed(
    city: City,
    who: Someone | int,
    action: locking.Action = "lock",
    *,
    by: Principal = FIRST,
    ground: str = "owner_asks",
    reason: str = "本人到窗口，报案回执 2026-7",
) -> AccountLock:
    with city.house.database.write() as session:
        return locking.propose(
            session,
            subject_id=who if isinstance(who, int) else who.subject_id,
            action=action,
            ground=ground,
            reason=reason,
            principal=by,
            vault=city.house.vault,
            now=city.clock.now(),
        )


def decided(city: City, row: AccountLock, outcome: str, by: Principal = SECOND) -> str:
    with city.house.database.write() as session:
        return locking.decide(
            session,
            row.lock_id,
            outcome=outcome,  # type: ignore[arg-type]
            principal=by,
            now=city.clock.now(),
        ).state


def state(city: City, who: Someone) -> str:
    with city.house.database.read() as session:
        return accounts.required(session, who.subject_id).state


def ways_in(city: City, who: Someone) -> int:
    """In how many of two ways the account can be entered: by its password, by a code to its phone."""
    with city.house.database.read() as session:
        by_phone = accounts.accounts_of_phone(session, who.phone, vault=city.house.vault)
    inside = city.surfer()
    inside.sign_in(inside.open("/identity/login"), who.login)
    is_in = "login" not in str(inside.open("/identity/security").url)
    return len(by_phone) + is_in


def test_a_stolen_phone_opens_nothing_until_two_officials_open_it_again(city: City) -> None:
    who = someone(city)
    inside = sign_in(city, who.login)
    assert inside.open("/identity/security").status_code == 200
    row = proposed(city, who)
    assert inside.open("/identity/security").status_code == 200, "one person's word changes nothing"
    assert decided(city, row, "carry_out") == "done"
    assert "login" in str(inside.open("/identity/security").url), "out at once"
    assert ways_in(city, who) == 0, "neither the password nor a code opens it"
    with city.house.database.read() as session:
        letter = notices.inbox(session, who.subject_id)[0]
        event = recent(session, action="identity.account.lock")[0]
    assert letter.title == "您的账户已锁定"
    assert "本人到窗口" not in letter.body
    assert event.actor_id == SECOND.subject_id
    assert b"2026-7" not in row.reason_sealed
    assert (
        decided(city, proposed(city, who, "unlock", ground="ended", by=SECOND), "carry_out", FIRST) == "done"
    )
    assert state(city, who) == "active"
    assert ways_in(city, who) == 2


def test_nobody_decides_alone_twice_or_about_themselves(city: City) -> None:
    who = someone(city)
    row = proposed(city, who)
    with pytest.raises(Conflict):
        proposed(city, who, by=SECOND)
    with pytest.raises(Forbidden):
        decided(city, row, "carry_out", FIRST)
    with pytest.raises(Forbidden):
        decided(city, row, "withdraw", SECOND)
    for other in (finance(), structs.replace(SECOND, subject_id=who.subject_id)):
        with pytest.raises(Forbidden):
            decided(city, row, "carry_out", other)
    assert state(city, who) == "active"
    assert decided(city, row, "refuse") == "refused"
    with pytest.raises(IllegalTransition):
        decided(city, row, "carry_out")
    assert decided(city, proposed(city, who), "withdraw", FIRST) == "withdrawn"


def test_what_makes_no_sense_is_not_proposed(city: City) -> None:
    who = someone(city)
    with pytest.raises(Conflict):
        proposed(city, who, "unlock", ground="ended")
    with pytest.raises(NotFound):
        proposed(city, 99_999_999)
    for reason, ground in ((" ", "order"), ("长" * 501, "order"), ("理由", "ended"), ("理由", "nothing")):
        with pytest.raises(InvalidInput):
            proposed(city, who, reason=reason, ground=ground)
    with pytest.raises(Forbidden):
        proposed(city, who, by=structs.replace(FIRST, subject_id=who.subject_id))
    with pytest.raises(NotFound):
        decided(city, AccountLock(lock_id=uuid.UUID(int=9)), "carry_out")
