"""People are summoned to their inbox by text message: once for all that waits, never twice, in a bounded stream."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from connectors.messaging import jobs
from connectors.messaging.client import MessagingClient
from connectors.messaging.jobs import MOST_PER_ROUND, SUMMON_TOPIC
from connectors.messaging.messages import Receipt
from connectors.messaging.texts import check_text
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.errors import OutsideRefused, OutsideUnavailable
from kernel.house import House
from kernel.notices import NewNotice, mark_all_read, notify_all, set_preference, summonses
from kernel.notices.models import Notice, Summons
from kernel.notices.summoning import Habits
from kernel.notices.summonses import LOAN
from kernel.outbox import Message, Worker, enqueue
from kernel.wording import worded

PHONE = "10000000000"
#: A worker that dies between the gateway's answer and its own note of it.
KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from connectors.messaging.client import MessagingClient
from connectors.messaging.jobs import SUMMON_TOPIC, handlers
from connectors.settings import ConnectorSettings
from kernel.clock import FixedClock
from kernel.house import open_house
from kernel.settings import Settings

base, home, url, now = sys.argv[1:]
house = open_house(Settings(home=Path(home), database_url=url, is_demo=True), FixedClock(datetime.fromisoformat(now)))

class Dying(MessagingClient):
    def send_message(self, phone, text, *, key):
        super().send_message(phone, text, key=key)
        os.kill(os.getpid(), signal.SIGKILL)

client = Dying(ConnectorSettings.embedded(base, Path(home)).systems["messaging"])
handlers(house, {"sms": client}, lambda session, subject, channel: "10000000000")[SUMMON_TOPIC](None)
"""


def tell(house: House, *kinds: str, subject_id: int = 7) -> None:
    letters = [
        NewNotice(
            subject_id=subject_id, kind=kind, title=worded("重度残疾人护理补贴"), body=worded("每月100元")
        )
        for kind in kinds
    ]
    with house.database.write() as session:
        notify_all(session, letters, now=house.clock.now())


def summon(house: House, client: object, phone: str | None = PHONE) -> None:
    """One round of the job, by short message alone."""
    run_round(house, {"sms": client}, lambda _session, _subject, _channel: phone)


def run_round(house: House, senders: dict[str, object], address_of: jobs.AddressOf) -> None:

    with house.database.write() as session:
        enqueue(session, SUMMON_TOPIC, "now", {}, now=house.clock.now())
    handlers = jobs.handlers(house, senders, address_of)  # type: ignore[arg-type]
    Worker(house.database, house.clock, handlers).run_until_idle()


def summon_for_real(house: House, world: World, phone: str | None = PHONE) -> list[str]:
    """One round over HTTP; every text that the gateway ever got."""
    client = MessagingClient(world.settings.outside.systems["messaging"], first_pause=0.01)
    summon(house, client, phone)
    client.close()
    return [row["text"] for row in world.store.rows("SELECT text FROM short_message ORDER BY sent_at")]


def states(house: House) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(sa.select(Summons.state).order_by(Summons.number)))


class Gateway:
    """Takes everything, and can be told not to answer."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.texts: list[str] = []
        self.status = "delivered"
        self.is_down = False

    def send_message(self, _phone: str, text: str, *, key: str) -> Receipt:
        self.keys.append(key)
        if self.is_down:
            raise OutsideUnavailable
        self.texts.append(text)
        return Receipt(key, self.status)  # type: ignore[arg-type]

    def receipt(self, key: str) -> Receipt:
        if self.is_down:
            raise OutsideUnavailable
        return Receipt(key, self.status)  # type: ignore[arg-type]


def test_a_summons_does_not_say_what_it_is_about(house: House, served: World) -> None:
    tell(house, "offer")
    (text,) = summon_for_real(house, served)
    assert "护理" not in text
    assert "100" not in text.split("核验编号")[0]
    base = served.settings.outside.systems["messaging"].base_url.removesuffix("/messaging")
    assert httpx.get(f"{base}/admin/messages").json()[0]["phone"] == PHONE
    assert states(house) == ["delivered"]


def test_three_messages_are_one_summons_and_a_fourth_waits_an_hour(any_house: House) -> None:
    gateway = Gateway()
    tell(any_house, "offer", "award", "grant")
    summon(any_house, gateway)
    tell(any_house, "offer")
    summon(any_house, gateway)
    assert ["3 条新消息" in text for text in gateway.texts] == [True]
    any_house.clock.move(timedelta(hours=1))  # type: ignore[attr-defined]
    summon(any_house, gateway)
    assert "一条新消息" in gateway.texts[1]
    assert len(gateway.texts) == 2
    assert states(any_house) == ["delivered", "delivered"]


def test_night_is_quiet_and_what_was_read_meanwhile_summons_nobody(house: House, clock: FixedClock) -> None:
    gateway = Gateway()
    clock.move(timedelta(hours=12))  # midnight
    tell(house, "offer")
    tell(house, "offer", subject_id=8)
    tell(house, "account.device", subject_id=9)
    summon(house, gateway)
    assert len(gateway.texts) == 1
    with house.database.write() as session:
        mark_all_read(session, 8, now=clock.now())
    clock.move(timedelta(hours=7))
    summon(house, gateway)
    assert len(gateway.texts) == 2
    with house.database.read() as session:
        assert session.scalars(sa.select(Summons.subject_id).order_by(Summons.number)).all() == [9, 7]


def test_new_habits_hold_for_what_waits(house: House, clock: FixedClock) -> None:
    gateway = Gateway()
    clock.move(timedelta(hours=12))
    tell(house, "offer")
    summon(house, gateway)
    assert gateway.texts == []
    with house.database.write() as session:
        never = Habits(quiet_from=Habits().quiet_until, pace="each")
        summonses.set_habits(session, 7, never, now=clock.now())
        assert summonses.habits_of(session, 7) == never
    summon(house, gateway)
    assert len(gateway.texts) == 1


@pytest.mark.parametrize("check_number", ["0000000000", "9999999999"])
def test_the_summons_may_always_leave(check_number: str) -> None:
    for count in (1, 2, 99, 100_000):
        check_text(jobs.summons(check_number, count))


def test_without_a_phone_or_a_wish_nothing_is_sent(house: House) -> None:
    gateway = Gateway()
    tell(house, "offer")
    summon(house, gateway, phone=None)
    with house.database.write() as session:
        set_preference(session, 8, "sms", is_enabled=False)
    tell(house, "offer", subject_id=8)
    summon(house, gateway)
    assert gateway.texts == []
    assert states(house) == []


def test_who_has_no_phone_does_not_hold_up_who_has(house: House) -> None:
    for subject_id in range(1, 20):
        tell(house, "offer", subject_id=subject_id)
    gateway = Gateway()
    handlers = jobs.handlers(
        house,
        {"sms": gateway},  # type: ignore[dict-item]
        lambda _session, subject, _channel: PHONE if subject == 19 else None,
    )
    with house.database.write() as session:
        enqueue(session, SUMMON_TOPIC, "now", {}, now=house.clock.now())
    Worker(house.database, house.clock, handlers).run_until_idle()
    assert len(gateway.texts) == 1


def test_killed_between_sending_and_noting_it_is_still_one_message(
    house: House, served: World, clock: FixedClock
) -> None:
    tell(house, "offer", "offer")
    base = served.settings.outside.systems["messaging"].base_url.removesuffix("/simulators/messaging")
    base = base.removesuffix("/messaging")
    args = [base, str(house.settings.home), house.settings.database_url, clock.now().isoformat()]
    died = subprocess.run([sys.executable, "-c", KILLED, *args], check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert states(house) == ["sending"]
    assert len(summon_for_real(house, served)) == 1  # it is lent out still
    assert states(house) == ["sending"]
    clock.move(LOAN)
    assert len(summon_for_real(house, served)) == 1
    assert states(house) == ["delivered"]


def test_a_receipt_is_asked_for_until_it_comes(house: House, served: World, clock: FixedClock) -> None:
    set_fault(served.store, "messaging", Fault(mode="queued"))
    tell(house, "offer")
    summon_for_real(house, served)
    clock.move(timedelta(minutes=1))
    summon_for_real(house, served)
    assert states(house) == ["queued"]
    set_fault(served.store, "messaging", Fault(mode="undeliverable"))
    clock.move(timedelta(minutes=4))
    summon_for_real(house, served)
    assert states(house) == ["queued"]  # not its time yet
    clock.move(timedelta(minutes=1))
    assert len(summon_for_real(house, served)) == 1
    assert states(house) == ["undeliverable"]


def test_a_receipt_that_never_comes_is_given_up(house: House, clock: FixedClock) -> None:
    gateway = Gateway()
    gateway.status = "queued"
    tell(house, "offer")
    for _ in range(10):
        summon(house, gateway)
        clock.move(timedelta(days=1))
    assert states(house) == ["unknown"]
    assert len(gateway.texts) == 1


def test_a_gateway_that_is_down_is_found_out_by_a_handful(house: House, clock: FixedClock) -> None:
    gateway = Gateway()
    gateway.is_down = True
    for subject_id in range(1, 41):
        tell(house, "offer", subject_id=subject_id)
    for _ in range(3):
        summon(house, gateway)
    assert 1 <= len(gateway.keys) <= 3 * jobs.AT_ONCE
    gateway.is_down = False
    clock.move(timedelta(minutes=1))
    for _ in range(3):
        summon(house, gateway)
    assert len(gateway.texts) == 40
    assert set(states(house)) == {"delivered"}


def test_a_number_the_gateway_will_never_take_is_not_tried_again(house: House, clock: FixedClock) -> None:
    class Refusing(Gateway):
        def send_message(self, _phone: str, text: str, *, key: str) -> Receipt:  # noqa: ARG002
            self.keys.append(key)
            raise OutsideRefused("空号", code="no_such_number")

    gateway = Refusing()
    tell(house, "offer")
    summon(house, gateway)
    clock.move(timedelta(days=2))
    summon(house, gateway)
    assert (states(house), len(gateway.keys)) == (["refused"], 1)


def test_what_a_former_version_left_in_the_outbox_is_adopted(house: House) -> None:
    """Its one message for each notice becomes one summons for all."""
    gateway = Gateway()
    tell(house, "offer", "offer")
    with house.database.write() as session:
        summonses.silence_all(session)
        for number in session.scalars(sa.select(Notice.number)).all():
            payload = {"number": number, "subject_id": 7, "check_number": "0123456789"}
            enqueue(session, jobs.FORMER_TOPIC, "notice:7", payload, now=house.clock.now())
    summon(house, gateway)  # the topic of rounds comes after the two in the same run
    summon(house, gateway)
    assert len(gateway.texts) == 1


def test_five_thousand_at_once_hold_up_neither_other_work_nor_what_is_urgent(house: House) -> None:
    gateway = Gateway()
    letters = [
        NewNotice(subject_id=one, kind="offer", title=worded("题"), body=worded("文"))
        for one in range(1, 5001)
    ]
    with house.database.write() as session:
        notify_all(session, letters, now=house.clock.now())
    sent_before_other: list[int] = []

    def other(_message: Message) -> None:
        sent_before_other.append(len(gateway.texts))

    handlers = dict(
        jobs.handlers(house, {"sms": gateway}, lambda _session, subject, _channel: str(subject))  # type: ignore[dict-item]
    )
    handlers["other.work"] = other
    worker = Worker(house.database, house.clock, handlers)
    for count in range(200):
        with house.database.write() as session:
            enqueue(session, SUMMON_TOPIC, "schedule", {}, now=house.clock.now())
            enqueue(session, "other.work", "other", {}, now=house.clock.now())
        if count == 2:
            tell(house, "account.device", subject_id=9999)
        worker.run_until_idle()
        if count == 2:
            with house.database.read() as session:
                assert session.scalar(sa.select(Summons.state).where(Summons.subject_id == 9999))
        if len(gateway.texts) == 5001:
            break
    steps = [
        after - before for before, after in zip([0, *sent_before_other], sent_before_other, strict=False)
    ]
    assert max(steps) <= MOST_PER_ROUND
    assert len(gateway.texts) == 5001
    assert set(Counter(gateway.keys).values()) == {1}
