"""Mail to people's confirmed addresses, once per key, and only such texts as may leave the house."""

from connectors.mail.messages import MailMessage
from connectors.messaging.messages import Receipt
from connectors.messaging.texts import check_text
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.i18n import N_

SUBJECT = "东楚通：您有新消息"
CODE_SUBJECT = "东楚通：确认您的邮箱"


class MailClient:
    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._caller = Caller(N_("邮件平台"), system, name="mail", watch=watch, first_pause=first_pause)

    def send_message(self, address: str, text: str, *, key: str) -> Receipt:
        """Send ``text``; the same ``key`` is one message however often it is sent.

        Raises ``InvalidInput`` when the text says more than it may, ``OutsideFailure`` when the gateway fails.
        """
        check_text(text)
        return self._send(address, SUBJECT, text, key)

    def receipt(self, key: str) -> Receipt:
        """What became of a message. Raises ``OutsideRefused`` when the gateway knows none by this key."""
        return self._caller.read(f"/messages/{key}", Receipt)

    def send_code(self, address: str, code: str, *, key: str) -> Receipt:
        """The one mail that carries a code: asked for by whoever is signed in, to show that the address is theirs."""
        text = f"您的邮箱确认码是 {code}，5分钟内有效，只能用一次。不是您本人在绑定邮箱的，请不用理会，也不要告诉任何人。"
        return self._send(address, CODE_SUBJECT, text, key)

    def close(self) -> None:
        self._caller.close()

    def _send(self, address: str, subject: str, text: str, key: str) -> Receipt:
        return self._caller.change("/messages", Receipt, MailMessage(key, address, subject, text), key=key)
