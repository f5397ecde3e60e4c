"""Background work of lending: news to banks' systems, signed and tried again; offers whose time is over; old calls."""

import logging
import secrets
import uuid
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from connectors.lenders.messages import BankNews
from connectors.lenders.rfc9421_signatures import Spoken, sign_request
from connectors.resilience import Watch
from identity.clients.outward import Outward
from kernel.errors import OutsideFailure
from kernel.house import House
from kernel.outbox import Handler, Message, Schedule, TryLater
from portals.financing.banks import offers, repository
from portals.financing.banks.models import BankCall
from portals.financing.banks.signing import CityKeys
from portals.financing.demands.notices import NEWS_TOPIC
from portals.financing.institutions import institution

log = logging.getLogger(__name__)

LAPSE_TOPIC = "financing.lapse_offers"
SCHEDULES = (Schedule(LAPSE_TOPIC, timedelta(minutes=1)),)
#: News is a hint; a bank that was away for longer finds everything in its queue.
TRIED_FOR = timedelta(days=1)
LONGEST_PAUSE = timedelta(minutes=10)
#: For how long a bank may say the same call again.
CALLS_KEPT = timedelta(days=30)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of topic ``financing.news``."""

    bank_code: str
    command: str
    at: datetime
    application_id: uuid.UUID | None = None
    loan_id: uuid.UUID | None = None


def handlers(house: House, outward: Outward | None = None) -> dict[str, Handler]:
    """For the worker."""
    outside = outward or Outward(house.settings)
    keys = CityKeys(house.vault)
    watch = Watch(house.ephemeral, house.clock)

    def tell(message: Message) -> None:
        news = msgspec.convert(message.payload, News)
        with house.database.read() as session:
            bank = repository.bank(session, news.bank_code)
        if bank is None or bank.is_suspended or bank.webhook_url is None:
            return
        now = house.clock.now()
        try:
            with watch.guard(system_of(bank.code), institution(bank.code).name).passage():
                _post(outside, keys, bank.webhook_url, told(message.message_id, news), now)
        except OutsideFailure as failure:
            if now - news.at > TRIED_FOR:
                log.warning(
                    "news %s to %s was not taken for a day: %s", message.message_id, bank.code, failure.slug
                )
                return
            raise TryLater(
                min(LONGEST_PAUSE, timedelta(seconds=2 ** min(message.attempts, 10))), failure.slug
            ) from failure

    def lapse(_message: Message) -> None:
        now = house.clock.now()
        done = 1
        while done:
            with house.database.write() as session:
                done = offers.lapse_over(session, now=now)
        with house.database.write() as session:
            session.execute(sa.delete(BankCall).where(BankCall.at < now - CALLS_KEPT))

    return {NEWS_TOPIC: tell, LAPSE_TOPIC: lapse}


def system_of(bank_code: str) -> str:
    """By what name a bank's system is watched: one that is slow or down is spared, and holds nobody else up."""
    return f"lender-{bank_code}"


def told(message_id: uuid.UUID, news: News) -> BankNews:
    return BankNews(
        id=message_id,
        type=news.command,
        occurred_at=news.at,
        bank=news.bank_code,
        application_id=news.application_id,
        loan_id=news.loan_id,
    )


def _post(outside: Outward, keys: CityKeys, url: str, news: BankNews, now: datetime) -> None:
    plain = Spoken("POST", url, {"content-type": "application/json"}, msgspec.json.encode(news))
    signed = sign_request(keys.signing(now), plain, now=now, nonce=secrets.token_urlsafe(16))
    outside.post(url, plain.body, {**plain.headers, **signed})
