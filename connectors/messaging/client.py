"""Short messages to people's phones, once per key, and only such texts as may leave the house."""

from connectors.messaging.messages import Receipt, ShortMessage
from connectors.messaging.texts import check_text
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem
from kernel.i18n import N_


class MessagingClient:
    def __init__(
        self, system: OutsideSystem, *, watch: Watch | None = None, first_pause: float = 0.1
    ) -> None:
        self._caller = Caller(N_("短信平台"), system, name="messaging", watch=watch, first_pause=first_pause)

    def send_message(self, phone: str, text: str, *, key: str) -> Receipt:
        """Send ``text``; the same ``key`` is one message however often it is sent.

        Raises ``InvalidInput`` when the text says more than it may, ``OutsideFailure`` when the gateway fails.
        """
        check_text(text)
        return self._caller.change(
            "/messages", Receipt, ShortMessage(key=key, phone=phone, text=text), key=key
        )

    def receipt(self, key: str) -> Receipt:
        """What became of a message. Raises ``OutsideRefused`` when the gateway knows none by this key."""
        return self._caller.read(f"/messages/{key}", Receipt)

    def send_code(self, phone: str, code: str, *, key: str) -> Receipt:
        """The one message that carries a code: asked for by whoever holds the phone, for signing in and nothing else."""
        text = f"【东楚通】您的登录验证码是 {code}，5分钟内有效，只能用一次。工作人员不会向您索要，请不要告诉任何人。"
        return self._caller.change(
            "/messages", Receipt, ShortMessage(key=key, phone=phone, text=text), key=key
        )

    def close(self) -> None:
        self._caller.close()
