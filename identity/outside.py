"""What identity asks of the world outside: to carry a code to a phone, and whether a name and a number are one person.

At most a few of these calls wait at a time, so that a slow gateway can never take every thread that serves people.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.identity_providers.client import IdentityProvider, ProviderId
from connectors.messaging.client import MessagingClient
from connectors.public_security.client import PublicSecurityClient
from connectors.resilience import Watch
from connectors.settings import ConnectorSettings
from kernel.errors import Unavailable
from kernel.i18n import N_

PROVIDERS: dict[ProviderId, str] = {"province": "province_identity", "network": "network_identity"}
AT_ONCE = 8
PATIENCE_SECONDS = 4.0
_BUSY = N_("现在办理的人较多，请稍等几秒再试。")


class Outside:
    """One per app. Every call may raise ``OutsideFailure``, or ``Unavailable`` when too many wait already."""

    def __init__(self, settings: ConnectorSettings, watch: Watch | None = None) -> None:
        self._messaging = MessagingClient(settings.systems["messaging"], watch=watch)
        self._security = PublicSecurityClient(settings.systems["public_security"], watch=watch)
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def send_code(self, phone: str, code: str, *, key: str) -> None:
        with self._place():
            self._messaging.send_code(phone, code, key=key)

    def is_identity(self, name: str, id_number: str) -> bool:
        """Whether public security knows one living person by this name and number."""
        with self._place():
            return self._security.is_identity(name, id_number)

    def close(self) -> None:
        for client in (self._messaging, self._security):
            client.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            yield
        finally:
            self._places.release()


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
