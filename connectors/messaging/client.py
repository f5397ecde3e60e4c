"""Short messages to people's phones, once per key, and only such texts as may leave the house."""

from connectors.messaging.messages import Receipt, ShortMessage
from connectors.messaging.texts import check_text
from connectors.outside import Caller
from connectors.settings import OutsideSystem
from kernel.i18n import N_


class MessagingClient:
    def __init__(self, system: OutsideSystem, *, first_pause: float = 0.1) -> None:
        self._caller = Caller(N_("短信平台"), system, first_pause=first_pause)

    def send_message(self, phone: str, text: str, *, key: str) -> Receipt:
        """Send ``text``; the same ``key`` is one message however often it is sent.

        Raises ``InvalidInput`` when the text says more than it may, ``OutsideFailure`` when the gateway fails.
        """
        check_text(text)
        return self._caller.change(
            "/messages", Receipt, ShortMessage(key=key, phone=phone, text=text), key=key
        )

    def close(self) -> None:
        self._caller.close()
