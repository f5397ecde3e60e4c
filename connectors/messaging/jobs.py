"""Background work of messages outside the app: a notice in the inbox becomes a short message that gives nothing away."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from connectors.messaging.client import MessagingClient
from kernel.errors import OutsideRefused
from kernel.house import House
from kernel.notices.models import Notice
from kernel.notices.service import wants
from kernel.outbox import Handler, Message

NOTICE_TOPIC = "notice.deliver"
ACCOUNT_KINDS = "account."
RECOVERY_KIND = "account.recovery"
PhoneOf = Callable[[Session, int], str | None]


def handlers(house: House, client: MessagingClient, phone_of: PhoneOf) -> Mapping[str, Handler]:
    """What the worker calls, by topic. ``phone_of`` finds a subject's number, or None: then only the inbox has it."""

    def deliver(message: Message) -> None:
        subject_id = int(message.payload["subject_id"])
        number = int(message.payload["number"])
        with house.database.read() as session:
            notice = session.get(Notice, number)
            kind = notice.kind if notice is not None else ""
            # Whoever took over an account would first of all silence it: what concerns the account itself always goes out.
            is_wanted = kind.startswith(ACCOUNT_KINDS) or wants(session, subject_id, "sms")
            phone = phone_of(session, subject_id) if is_wanted else None
        if phone is None:
            return
        text = (alarm if kind == RECOVERY_KIND else summons)(message.payload["check_number"])
        try:
            client.send_message(phone, text, key=f"notice-{number}")
        except OutsideRefused:
            return  # the gateway will never take this number; the notice stays in the inbox

    return {NOTICE_TOPIC: deliver}


def summons(check_number: str) -> str:
    """The only text that leaves: something is waiting, and how to check that it is ours."""
    return (
        f"【东楚通】您有一条新消息，请打开东楚通查看。核验编号 {check_number}。办理不收费，不索要任何信息。"
    )


def alarm(check_number: str) -> str:
    """Somebody wants to put another phone in the place of this one."""
    return f"【东楚通】有人申请用新手机号替换本号登录。不是您本人的，请打开东楚通停止，或拨打市民热线。核验编号 {check_number}。"
