"""Background work of messages outside the app: a notice in the inbox becomes a short message that gives nothing away."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from connectors.messaging.client import MessagingClient
from kernel.errors import OutsideRefused
from kernel.house import House
from kernel.notices.service import wants
from kernel.outbox import Handler, Message

NOTICE_TOPIC = "notice.deliver"
PhoneOf = Callable[[Session, int], str | None]


def handlers(house: House, client: MessagingClient, phone_of: PhoneOf) -> Mapping[str, Handler]:
    """What the worker calls, by topic. ``phone_of`` finds a subject's number, or None: then only the inbox has it."""

    def deliver(message: Message) -> None:
        subject_id = int(message.payload["subject_id"])
        with house.database.read() as session:
            phone = phone_of(session, subject_id) if wants(session, subject_id, "sms") else None
        if phone is None:
            return
        try:
            client.send_message(
                phone, summons(message.payload["check_number"]), key=f"notice-{message.payload['number']}"
            )
        except OutsideRefused:
            return  # the gateway will never take this number; the notice stays in the inbox

    return {NOTICE_TOPIC: deliver}


def summons(check_number: str) -> str:
    """The only text that leaves: something is waiting, and how to check that it is ours."""
    return (
        f"【东楚通】您有一条新消息，请打开东楚通查看。核验编号 {check_number}。办理不收费，不索要任何信息。"
    )
