"""A lost phone: the new one waits, its owner can stop it, and what it gives in the end is the lowest level."""

import re
from datetime import timedelta

import httpx
from sqlalchemy.orm import Session

from connectors.messaging.jobs import SUMMON_TOPIC, alarm, handlers
from connectors.messaging.messages import Receipt
from connectors.messaging.texts import check_text
from identity.accounts import repository as accounts
from identity.accounts.factor_routes import FORMER_PHONE
from identity.jobs import purge_expired
from identity.passkeys import repository as passkeys
from identity.recovery import repository
from kernel.ids import new_id
from kernel.notices import inbox, set_preference
from kernel.outbox import Message
from tests.identity.conftest import City
from tests.identity.people import Someone, enter_by_phone, phone_code, sign_in
from tests.identity.relying_party import PASSWORD, Surfer
from tests.identity.test_passkeys import enrol
from tests.identity.test_upstream import newcomer, resident

WAIT = timedelta(hours=72, minutes=1)
NEW_PHONE = "13944440000"


def ask(city: City, one: Someone, phone: str = NEW_PHONE, surfer: Surfer | None = None) -> httpx.Response:
    """Fill in the recovery form once."""
    surfer = surfer or city.surfer()
    page = surfer.submit(surfer.open("/identity/recovery"), "/identity/recovery/code", phone=phone)
    code = phone_code(city, phone)
    return surfer.submit(page, "/identity/recovery", code=code, name=one.name, id_number=one.id_number)


def later(city: City, by: timedelta = WAIT) -> None:
    city.clock.move(by)
    city.house.ephemeral.close()  # its counts run on real time


def test_a_new_phone_waits_and_then_signs_in(there: City) -> None:
    one = resident(there)
    assert "已收到" in ask(there, one).text
    later(there, timedelta(hours=71))
    assert "已收到" in ask(there, one).text
    later(there, timedelta(hours=2))
    assert one.name in ask(there, one).text
    assert one.name in enter_by_phone(there, there.surfer(), NEW_PHONE).text


def test_it_ends_every_sign_in_and_clears_every_other_proof(there: City) -> None:
    one = resident(there)
    surfer = there.surfer()
    enter_by_phone(there, surfer, one.phone)
    surfer.submit(surfer.open("/identity/step-up"), "/identity/step-up/password", password=PASSWORD)
    enrol(there, surfer)
    ask(there, one, "13944440001")
    later(there)
    ask(there, one, "13944440001")
    assert "/identity/login" in str(surfer.open("/identity/security").url)
    assert sign_in(there, one.login).page.status_code == 401
    with there.house.database.read() as session:
        account = accounts.get(session, one.subject_id)
        assert account is not None
        assert (account.password_hash, account.real_name_at, account.in_person_at) == (None, None, None)
        assert passkeys.of_subject(session, one.subject_id) == []
    assert there.outside is not None
    assert there.outside.message_to(one.phone) == FORMER_PHONE


def test_it_never_raises_what_one_can_reach(there: City) -> None:
    """Afterwards a new password on top of the new phone still proves nobody's real name."""
    one = resident(there)
    ask(there, one, "13944440002")
    later(there)
    surfer = there.surfer()
    ask(there, one, "13944440002", surfer)
    surfer.submit(
        surfer.open("/identity/security/password"), "/identity/security/password", password="x y z long one"
    )
    surfer.submit(surfer.open("/identity/step-up"), "/identity/step-up/password", password="x y z long one")
    page = surfer.open("/identity/step-up", wanted="L3")
    assert "还没有核验实名" in page.text
    with there.house.database.read() as session:
        from identity.sessions.repository import live_of

        assert {row.acr for row in live_of(session, one.subject_id, there.clock.now())} == {"L1"}


def test_any_live_sign_in_stops_it(there: City) -> None:
    one = resident(there)
    surfer = sign_in(there, one.login)
    ask(there, one, "13944440003")
    page = surfer.open("/identity/security")
    assert "有人申请用新手机号" in page.text
    assert "13944440003" not in page.text
    action = re.search(r'action="(/identity/security/recovery/[^"]+/stop)"', page.text)
    assert action is not None
    assert "有人申请用新手机号" not in surfer.submit(page, action.group(1)).text
    later(there)
    assert "已收到" in ask(there, one, "13944440003").text  # and it may not ask again for a while
    with there.house.database.read() as session:
        assert repository.waiting_of(session, one.subject_id, there.clock.now()) == []


def test_nobody_stops_anothers(there: City) -> None:
    one, other = resident(there), resident(there, "李四")
    ask(there, one, "13944440004")
    owner, stranger = sign_in(there, one.login), sign_in(there, other.login)
    action = re.search(r'action="([^"]+/stop)"', owner.open("/identity/security").text)
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.open("/identity/security").text)
    assert action is not None
    assert token is not None
    assert stranger.http.post(action.group(1), data={"csrf_token": token.group(1)}).status_code == 404


def test_the_owner_is_told_on_the_old_number_even_with_messages_off(there: City) -> None:
    one = resident(there)
    ask(there, one, "13944440005")
    with there.house.database.write() as session:
        set_preference(session, one.subject_id, "sms", is_enabled=False)
        notice = next(row for row in inbox(session, one.subject_id) if row.kind == "account.recovery")
    sent: list[tuple[str, str]] = []

    class Gateway:
        def send_message(self, phone: str, text: str, *, key: str) -> Receipt:
            sent.append((phone, text))
            return Receipt(key, "delivered")

    def phone_of(_session: Session, subject_id: int, _channel: str) -> str | None:
        return one.phone if subject_id == one.subject_id else None

    send = handlers(there.house, {"sms": Gateway()}, phone_of)[SUMMON_TOPIC]  # type: ignore[dict-item]
    send(Message(1, new_id(), SUMMON_TOPIC, "", {}, 1, new_id()))
    assert (one.phone, alarm(notice.check_number)) in sent


def test_both_warnings_say_only_what_may_leave_the_house() -> None:
    check_text(FORMER_PHONE)
    check_text(alarm("1234567890"))


def test_no_account_a_wrong_name_and_a_good_request_read_the_same(there: City) -> None:
    """Word for word; the phone of each is another, so that nothing but the outcome could differ."""
    good, wrong = resident(there), resident(there, "陈桂英")

    nobody = Someone("", "", newcomer(there, "无户之人"), "无户之人", 0)
    texts = set()
    for number, one in enumerate((good, Someone("", "", wrong.id_number, "李四", 0), nobody)):
        page = ask(there, one, f"1394444001{number}")
        assert page.status_code == 200
        texts.add(re.sub(r'(value|content)="[^"]*"', "", page.text))
    assert len(texts) == 1


def test_strangers_who_ask_cannot_keep_the_owner_from_asking(there: City) -> None:
    one = resident(there)
    for number in range(6):
        ask(there, one, f"1394444002{number}")
    ask(there, one, "13944440030")
    with there.house.database.read() as session:
        told = [row for row in inbox(session, one.subject_id) if row.kind == "account.recovery"]
        assert len(told) == 3  # and the owner's inbox is not flooded
    later(there)
    assert one.name in ask(there, one, "13944440030").text
    with there.house.database.read() as session:
        assert repository.waiting_of(session, one.subject_id, there.clock.now()) == []


def test_what_nobody_comes_back_for_lapses(there: City) -> None:
    one = resident(there)
    ask(there, one, "13944440006")
    later(there, timedelta(days=18))
    assert purge_expired(there.house) >= 1
    assert "已收到" in ask(there, one, "13944440006").text  # a new beginning, not an entry
