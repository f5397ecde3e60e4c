"""What identity asks of the world outside: to carry a code to a phone or a mail address, and who somebody is.

At most a few of these calls wait at a time, so that a slow gateway can never take every thread that serves people.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from connectors.identity_providers.client import IdentityProvider, ProviderId
from connectors.mail.client import MailClient
from connectors.messaging.client import MessagingClient
from connectors.public_security.client import PublicSecurityClient
from connectors.public_security.messages import FaceAnswer, FaceSession
from connectors.resilience import Watch
from connectors.settings import ConnectorSettings
from connectors.wechat.client import WechatClient
from kernel.errors import NotFound, OutsideFailure, OutsideRefused, Unavailable
from kernel.i18n import N_
from kernel.ids import new_id

log = logging.getLogger(__name__)

PROVIDERS: dict[ProviderId, str] = {"province": "province_identity", "network": "network_identity"}
AT_ONCE = 8
PATIENCE_SECONDS = 4.0
_NO_CHANNEL = N_("这里还没有接通这种方式，消息都在站内信箱里。")
_BUSY = N_("现在办理的人较多，请稍等几秒再试。")


class Outside:
    """One per app. Every call may raise ``OutsideFailure``, or ``Unavailable`` when too many wait already."""

    def __init__(self, settings: ConnectorSettings, watch: Watch | None = None) -> None:
        systems = settings.systems
        self._messaging = MessagingClient(systems["messaging"], watch=watch)
        self._security = PublicSecurityClient(systems["public_security"], watch=watch)
        self._mail = MailClient(systems["mail"], watch=watch) if "mail" in systems else None
        self._wechat = (
            WechatClient(systems["wechat"], settings.wechat_account, watch=watch)
            if "wechat" in systems
            else None
        )
        self.face_origin = origin_of(systems["public_security"].base_url)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def send_code(self, phone: str, code: str, *, key: str) -> None:
        with self._place():
            self._messaging.send_code(phone, code, key=key)

    @property
    def channels(self) -> tuple[str, ...]:
        """By which channels besides short messages this house reaches people."""
        known = {"email": self._mail, "wechat": self._wechat}
        return tuple(channel for channel, client in known.items() if client is not None)

    def send_mail_code(self, address: str, code: str, *, key: str) -> None:
        if self._mail is None:
            raise NotFound(_NO_CHANNEL)
        with self._place():
            self._mail.send_code(address, code, key=key)

    def wechat_address(self, redirect_uri: str, state: str) -> str:
        """Where the person's WeChat says who they are to the city's account."""
        if self._wechat is None:
            raise NotFound(_NO_CHANNEL)
        return self._wechat.authorize_address(redirect_uri, state)

    def openid_of(self, code: str) -> str:
        if self._wechat is None:
            raise NotFound(_NO_CHANNEL)
        with self._place():
            return self._wechat.openid_of(code)

    def is_identity(self, name: str, id_number: str) -> bool:
        """Whether public security knows one living person by this name and number."""
        with self._place():
            return self._security.is_identity(name, id_number)

    def begin_face_check(self, name: str, id_number: str, *, return_to: str) -> FaceSession:
        """Where public security looks at the person. Raises ``OutsideRefused`` for an origin other than theirs."""
        with self._place():
            session = self._security.begin_face_check(name, id_number, return_to=return_to)
        if origin_of(session.address) != self.face_origin:
            raise OutsideRefused(N_("公安的核验地址不对，已经停止。"), code="address_wrong")
        return session

    def face_result(self, number: str) -> FaceAnswer:
        with self._place():
            return self._security.face_result(number)

    def warn(self, phone: str, text: str) -> None:
        """A text to a number that is, or until now was, an account's; whether it arrives holds nobody up."""
        try:
            with self._place():
                self._messaging.send_message(phone, text, key=str(new_id()))
        except (OutsideFailure, Unavailable):
            log.warning("a warning to a former phone did not go out")

    def close(self) -> None:
        for client in (self._messaging, self._security, self._mail, self._wechat):
            if client is not None:
                client.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            yield
        finally:
            self._places.release()


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def providers_of(
    settings: ConnectorSettings, issuer: str, watch: Watch | None = None
) -> dict[ProviderId, IdentityProvider]:
    """The identity providers that this house knows; each leads back to an address of its own (RFC 9700 §4.4)."""
    return {
        provider: IdentityProvider(
            provider,
            settings.identity_providers[name],
            redirect_uri=f"{issuer}/upstream/{provider}/callback",
            watch=watch,
        )
        for provider, name in PROVIDERS.items()
        if name in settings.identity_providers
    }
