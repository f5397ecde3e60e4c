"""Background work of messages outside the app: people are summoned to their inbox, a few every second, giving nothing away."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from connectors.messaging.messages import Receipt
from kernel.errors import InvalidInput, OutsideFailure, OutsideRefused
from kernel.house import House
from kernel.notices import summonses
from kernel.notices.models import Notice
from kernel.notices.summonses import Errand, Outcome, Ways
from kernel.outbox import Handler, Message, Schedule

log = logging.getLogger(__name__)

SUMMON_TOPIC = "notice.summon"
#: What stores from before people were summoned once for several notices still hold, one message for each.
FORMER_TOPIC = "notice.deliver"
#: Everybody has a phone, or nothing; so who is due is decided when the short messages go, for the other ways as well.
FIRST = "sms"
EVERY = timedelta(seconds=5)
SCHEDULES = (Schedule(SUMMON_TOPIC, EVERY),)
#: The storm guard: sixty thousand people are summoned in half an hour, and hold no other work up for longer than a moment.
MOST_PER_ROUND = 200
ROUND_SECONDS = 2.0
BATCH = 50
AT_ONCE = 4
#: Where somebody (by number) is reached on a channel, or None: then only the inbox has it.
AddressOf = Callable[[Session, int, str], str | None]


class Sender(Protocol):
    """What carries summonses by one channel, once per key."""

    def send_message(self, address: str, text: str, /, *, key: str) -> Receipt: ...

    def receipt(self, key: str) -> Receipt: ...


@dataclass(slots=True)
class _Round:
    """One round of sending: ends after so many, after so long, or at the first sign that the gateway does not answer."""

    ends_at: float = field(default_factory=lambda: time.monotonic() + ROUND_SECONDS)
    is_failing: bool = False
    tried: int = 0

    @property
    def is_over(self) -> bool:
        return self.is_failing or self.tried >= MOST_PER_ROUND or time.monotonic() >= self.ends_at

    @property
    def next_batch(self) -> int:
        """Few at first: a gateway that is down is to be found out by a handful."""
        return AT_ONCE if self.tried == 0 else min(BATCH, MOST_PER_ROUND - self.tried)


def handlers(house: House, senders: Mapping[str, Sender], address_of: AddressOf) -> Mapping[str, Handler]:
    """What the worker calls, by topic. ``senders`` by channel: ``sms``, and ``mail`` and ``wechat`` for those who want them."""

    def summon(_message: Message) -> None:
        rounds = {channel: _Round() for channel in senders}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dongchu-summons") as pool:
            desk = _Desk(house, senders, address_of, pool)
            while rounds:
                # A gateway that is down holds up no other.
                rounds = {
                    channel: one
                    for channel, one in rounds.items()
                    if not one.is_over and desk.send_batch(channel, one)
                }

    def adopt(message: Message) -> None:
        with house.database.write() as session:
            notice = session.scalar(
                sa.select(Notice).where(Notice.number == int(message.payload["number"])).with_for_update()
            )
            if notice is not None:
                notice.summon_at = house.clock.now()

    return {SUMMON_TOPIC: summon, FORMER_TOPIC: adopt}


@dataclass(frozen=True, slots=True)
class _Desk:
    house: House
    senders: Mapping[str, Sender]
    address_of: AddressOf
    pool: ThreadPoolExecutor

    def send_batch(self, channel: str, this_round: _Round) -> bool:
        """Take some, send them outside any transaction, note what became of them; whether there was anything."""
        house, sender = self.house, self.senders[channel]

        def do(errand: Errand) -> Outcome | None:
            if this_round.is_over:
                return None
            return _do(sender, errand, addresses.get(errand.subject_id), this_round)

        with house.database.write() as session:
            batch = summonses.take_next(
                session,
                channel=channel,
                limit=this_round.next_batch,
                ways=self._ways() if channel == FIRST else None,
                now=house.clock.now(),
            )
        errands = batch.errands
        addresses: dict[int, str | None] = {}
        if errands:
            with house.database.read() as session:
                addresses = {
                    one.subject_id: self.address_of(session, one.subject_id, channel)
                    for one in errands
                    if not one.is_sent
                }
        outcomes = list(self.pool.map(do, errands))
        this_round.tried += batch.looked_at
        _note(house, errands, outcomes)
        return batch.looked_at > 0

    def _ways(self) -> Ways:
        def is_addressed(session: Session, subject_id: int, channel: str) -> bool:
            return self.address_of(session, subject_id, channel) is not None

        return Ways(tuple(self.senders), is_addressed)


def _note(house: House, errands: Sequence[Errand], outcomes: Sequence[Outcome | None]) -> None:
    if not errands:
        return
    known = [(one.number, outcome) for one, outcome in zip(errands, outcomes, strict=True) if outcome]
    untried = [one.number for one, outcome in zip(errands, outcomes, strict=True) if outcome is None]
    with house.database.write(timeout=30) as session:
        summonses.note_outcome(session, known, now=house.clock.now())
        summonses.give_back(session, untried, now=house.clock.now())


def _do(sender: Sender, errand: Errand, address: str | None, this_round: _Round) -> Outcome:
    try:
        if errand.is_sent:
            return sender.receipt(errand.key).status
        if address is None:
            return "refused"  # taken back since the summons was written
        return sender.send_message(address, text_of(errand), key=errand.key).status
    except OutsideRefused:
        return "refused"  # the gateway will never take this address; the notice stays in the inbox
    except InvalidInput:
        log.exception("a summons says more than it may: %s", errand.key)
        return "refused"
    except OutsideFailure:
        this_round.is_failing = True
        return "unanswered"


def text_of(errand: Errand) -> str:
    if errand.wording == "alarm":
        return alarm(errand.check_number)
    return summons(errand.check_number, errand.covers)


def summons(check_number: str, count: int = 1) -> str:
    """The only text that leaves: something is waiting, and how to check that it is ours."""
    what = "一条" if count == 1 else f" {min(count, 99)} 条"
    return (
        f"【东楚通】您有{what}新消息，请打开东楚通查看。核验编号 {check_number}。办理不收费，不索要任何信息。"
    )


def alarm(check_number: str) -> str:
    """Somebody wants to put another phone in the place of this one."""
    return f"【东楚通】有人申请用新手机号替换本号登录。不是您本人的，请打开东楚通停止，或拨打市民热线。核验编号 {check_number}。"
