"""The worker's handlers, gathered from every storey."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import connectors.events.jobs
import connectors.messaging.jobs
import identity.jobs
import licenses.jobs
import policy_engine.profiles.files.jobs
import policy_engine.profiles.jobs
import policy_engine.profiles.quality.jobs
from connectors.events.service import CALLBACK_TOPIC
from connectors.mail.client import MailClient
from connectors.messaging.client import MessagingClient
from connectors.resilience import Watch
from connectors.wechat.client import WechatClient
from identity.accounts.models import Account
from identity.contacts import service as contacts
from identity.registry import service as registry
from kernel.audit import seal_chain
from kernel.audit_head import remember_head
from kernel.crypto import Vault
from kernel.notices import summonses
from kernel.outbox import Handler, Message, Schedule, Together, Worker
from kernel.outbox.repository import purge
from kernel.outbox.worker import KEEP_DONE
from policy_engine.delivery import rematching
from policy_engine.delivery import service as delivery
from policy_engine.delivery.claims import accounts_found
from policy_engine.delivery.ledger import looking
from policy_engine.delivery.means import jobs as means
from policy_engine.delivery.oversight import jobs as oversight
from policy_engine.delivery.payments import runs
from policy_engine.delivery.reconciliation import jobs as reconciliation
from policy_engine.delivery.register import jobs as register
from policy_engine.profiles.files.service import FILE_TOPIC
from portals.financing.banks import jobs as financing_banks
from portals.financing.demands import jobs as financing_demands
from portals.financing.subsidies import jobs as financing_subsidies
from portals.outside import outside_of
from portals.reported_licences import with_licences
from portals.services import Services
from portals.zhengtong.policies import renewing

log = logging.getLogger(__name__)

SEAL_AUDIT = "audit.seal"
PURGE = "outbox.purge"
#: Works that go through a whole city: what a single event asks for is done beside them.
LONG_TOPICS = (
    rematching.ROLLOUT,
    rematching.NIGHTLY,
    runs.TOPIC,
    "payment.due",
    "payment.serve_waiting",
    FILE_TOPIC,
    policy_engine.profiles.quality.jobs.QUALITY_TOPIC,
    financing_subsidies.SETTLE,
    register.MAKE,
    looking.TOPIC,
)


def build_worker(services: Services, *, threads: int = 2) -> Worker:
    """Everything that happens because something was committed, and what the calendar asks for."""
    house = services.house
    outside = outside_of(house)
    handlers: dict[str, Handler] = {
        **policy_engine.profiles.jobs.handlers(house),
        **policy_engine.profiles.files.jobs.handlers(house),
        **policy_engine.profiles.quality.jobs.handlers(house),
        **rematching.handlers(house, services.published, services.ports),
        **delivery.build_handlers(
            house.database, house.clock, house.vault, services.ports, services.treasury
        ),
        **accounts_found.handlers(house.database, house.clock, house.vault, services.ports, services.bank),
        **reconciliation.handlers(house.database, house.clock, services.statements),
        **means.handlers(house.database, house.clock, services.ports, services.means),
        **oversight.handlers(house.database, house.clock, services.ports),
        **register.handlers(house.database, house.clock, services.ports),
        **looking.handlers(house.database, house.clock),
        **identity.jobs.handlers(house),
        **licenses.jobs.handlers(house),
        **connectors.events.jobs.handlers(house, outside),
        **connectors.messaging.jobs.handlers(house, _senders(services), address_of(services.house.vault)),
        **financing_demands.handlers(house),
        **financing_subsidies.handlers(house, services.published),
        **financing_banks.handlers(house),
        **renewing.handlers(house),
        **_housekeeping(services),
    }
    handlers |= with_licences(house, policy_engine.profiles.jobs.taking_events(house))
    worker = Worker(
        house.database,
        house.clock,
        handlers,
        schedules=(
            *delivery.SCHEDULES,
            *rematching.SCHEDULES,
            *reconciliation.SCHEDULES,
            *means.SCHEDULES,
            *oversight.SCHEDULES,
            *register.SCHEDULES,
            *looking.SCHEDULES,
            *identity.jobs.SCHEDULES,
            *licenses.jobs.SCHEDULES,
            *connectors.events.jobs.SCHEDULES,
            *connectors.messaging.jobs.SCHEDULES,
            *policy_engine.profiles.quality.jobs.SCHEDULES,
            *financing_demands.SCHEDULES,
            *financing_subsidies.SCHEDULES,
            *financing_banks.SCHEDULES,
            *renewing.SCHEDULES,
            Schedule(SEAL_AUDIT, timedelta(seconds=10)),
            Schedule(PURGE, timedelta(hours=1)),
        ),
        threads=threads,
        long_topics=LONG_TOPICS,
    )
    house.ephemeral.subscribe("outbox", worker.wake)
    return worker


def _housekeeping(services: Services) -> Mapping[str, Handler]:
    house = services.house

    def called_back(session: Session, messages: Sequence[Message]) -> None:
        told = {one for message in messages for one in _settled_orders(message)}
        delivery.ask_soon(session, told, now=house.clock.now())

    def seal(_message: Message) -> None:
        is_more = True
        while is_more:
            with house.database.write() as session:
                is_more = seal_chain(session, house.vault, limit=200) == 200
        with house.database.read() as session:
            if not remember_head(session, house.settings.home, house.vault):
                log.critical("the audit chain is not the one remembered: run `dongchu audit verify`")

    def purge_done(_message: Message) -> None:
        while True:
            with house.database.write() as session:
                if purge(session, before=house.clock.now() - KEEP_DONE, limit=500) < 500:
                    break
        while True:
            with house.database.write() as session:
                if summonses.purge(session, now=house.clock.now(), limit=500) < 500:
                    return

    return {
        CALLBACK_TOPIC: Together(house.database, CALLBACK_TOPIC, called_back),
        SEAL_AUDIT: seal,
        PURGE: purge_done,
    }


def _settled_orders(message: Message) -> Sequence[str]:
    """Of a batch message many, else one."""
    return message.payload.get("instruction_ids") or [message.payload["instruction_id"]]


def _senders(services: Services) -> Mapping[str, connectors.messaging.jobs.Sender]:
    """By channel; a city may have neither mail nor an official account."""
    house = services.house
    outside, watch = outside_of(house), Watch(house.ephemeral, house.clock)
    senders: dict[str, connectors.messaging.jobs.Sender] = {
        "sms": MessagingClient(outside.systems["messaging"], watch=watch)
    }
    if "mail" in outside.systems:
        senders["email"] = MailClient(outside.systems["mail"], watch=watch)
    if "wechat" in outside.systems:
        senders["wechat"] = WechatClient(outside.systems["wechat"], outside.wechat_account, watch=watch)
    return senders


def address_of(vault: Vault) -> connectors.messaging.jobs.AddressOf:
    """Where a summons goes on each channel."""

    def found(session: Session, subject_id: int, channel: str) -> str | None:
        if channel != "sms":
            return contacts.address_of(session, subject_id, channel, vault=vault)
        sealed = session.scalar(sa.select(Account.phone_sealed).where(Account.subject_id == subject_id))
        if sealed is None:  # without an account, the number they gave at a counter
            return registry.contact_of(session, subject_id, vault=vault)
        return vault.open(sealed, context=f"account/phone_sealed/{subject_id}")

    return found
