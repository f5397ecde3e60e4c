"""Mail and WeChat beside the short message: each by whoever wants it, none held up by another, nothing said twice."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from connectors.mail.client import MailClient
from connectors.messaging.client import MessagingClient
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.message_routes import GONE
from connectors.simulators.world import World
from connectors.wechat.client import WechatClient
from kernel.clock import FixedClock
from kernel.house import House
from kernel.notices import set_preference
from kernel.notices.models import Summons
from tests.connectors.test_summonses import PHONE, Gateway, run_round, tell

MAIL, FOLLOWER = "zhang@example.com", "oDemo-follower-0001"
ADDRESSES = {"sms": PHONE, "email": MAIL, "wechat": FOLLOWER}


def summon_by_all(house: House, world: World, addresses: dict[str, str] | None = None) -> None:
    """One round over HTTP."""
    outside, known = world.settings.outside, addresses or ADDRESSES
    clients = {
        "sms": MessagingClient(outside.systems["messaging"], first_pause=0.01),
        "email": MailClient(outside.systems["mail"], first_pause=0.01),
        "wechat": WechatClient(outside.systems["wechat"], outside.wechat_account, first_pause=0.01),
    }

    def address_of(_session: Session, _subject_id: int, channel: str) -> str | None:
        return known.get(channel)

    run_round(house, dict(clients), address_of)
    for client in clients.values():
        client.close()


def states(house: House) -> dict[str, str]:
    with house.database.read() as session:
        return {row.channel: row.state for row in session.execute(sa.select(Summons.channel, Summons.state))}


def texts(world: World, table: str) -> list[str]:
    return [row["text"] for row in world.store.rows(f"SELECT text FROM {table} ORDER BY sent_at")]


def test_a_message_goes_by_every_way_that_a_person_wants_and_says_the_same(
    house: House, served: World
) -> None:
    tell(house, "offer")
    summon_by_all(house, served)
    summon_by_all(house, served)
    (sms,), (mail,), (wechat,) = (texts(served, one) for one in ("short_message", "mail", "wechat_message"))
    assert sms == mail == wechat
    assert "护理" not in sms
    assert states(house) == {"sms": "delivered", "email": "delivered", "wechat": "accepted"}


def test_what_is_refused_stays_silent_but_for_the_account(
    house: House, served: World, clock: FixedClock
) -> None:
    with house.database.write() as session:
        for channel in ("sms", "email"):
            set_preference(session, 7, channel, is_enabled=False)
    tell(house, "offer")
    summon_by_all(house, served)
    assert set(states(house)) == {"wechat"}
    clock.move(timedelta(hours=2))
    tell(house, "account.device")
    summon_by_all(house, served)
    assert len(texts(served, "short_message")) == len(texts(served, "mail")) == 1
    assert len(texts(served, "wechat_message")) == 2


def test_one_gateway_that_is_down_holds_up_no_other(house: House, served: World, clock: FixedClock) -> None:
    set_fault(served.store, "mail", Fault(mode="down"))
    tell(house, "offer")
    summon_by_all(house, served)
    assert states(house) == {"sms": "delivered", "email": "sending", "wechat": "accepted"}
    set_fault(served.store, "mail", Fault())
    clock.move(timedelta(seconds=30))
    summon_by_all(house, served)
    assert states(house)["email"] == "delivered"
    assert len(texts(served, "short_message")) == 1


def test_short_messages_that_fail_are_found_out_by_a_handful_whoever_else_is_reached(house: House) -> None:
    gateways = {"sms": Gateway(), "email": Gateway()}
    gateways["sms"].is_down = True
    for subject_id in range(1, 41):
        tell(house, "offer", subject_id=subject_id)
    run_round(house, dict(gateways), lambda _session, subject, channel: f"{channel}-{subject}")
    assert len(gateways["sms"].keys) <= 4
    assert len(gateways["email"].texts) == len(set(gateways["email"].keys)) <= 4


def test_a_follower_no_more_is_not_tried_again(house: House, served: World, clock: FixedClock) -> None:
    tell(house, "offer")
    summon_by_all(house, served, {"wechat": GONE})
    clock.move(timedelta(days=1))
    summon_by_all(house, served, {"wechat": GONE})
    assert states(house) == {"wechat": "refused"}
    assert texts(served, "wechat_message") == []


def test_an_access_token_that_ended_is_renewed_and_a_repeated_message_is_one(served: World) -> None:
    outside = served.settings.outside
    client = WechatClient(outside.systems["wechat"], outside.wechat_account, first_pause=0.01)
    client.send_message(FOLLOWER, "您有新消息", key="one")
    client._token = "ended"
    client.send_message(FOLLOWER, "您有新消息", key="two")
    client.send_message(FOLLOWER, "您有新消息", key="two")
    client.close()
    assert len(texts(served, "wechat_message")) == 2


def test_a_mail_that_waits_is_asked_about(house: House, served: World, clock: FixedClock) -> None:
    set_fault(served.store, "mail", Fault(mode="queued"))
    tell(house, "offer")
    summon_by_all(house, served, {"email": MAIL})
    set_fault(served.store, "mail", Fault(mode="undeliverable"))
    clock.move(timedelta(minutes=2))
    summon_by_all(house, served, {"email": MAIL})
    assert states(house) == {"email": "undeliverable"}
    assert len(texts(served, "mail")) == 1
