"""What a browser has proved so far on its way in, kept for minutes: which phone it holds, which accounts that opens.

A ticket is a random value in a hidden field; what it stands for lies sealed in the store, for this browser only.
"""

import msgspec

from kernel.crypto import SealBroken, Vault
from kernel.ephemeral import EphemeralStore
from kernel.errors import Gone
from kernel.i18n import N_
from kernel.ids import new_token

LIFETIME_SECONDS = 900.0
_OVER = N_("这一步等待太久，已经失效，请从登录页重新开始。")


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """``phone`` is proved; ``subjects`` are the accounts it opens (none: a new registration).

    Or an identity elsewhere is proved: ``external`` is its name at ``issuer``; name and number where that tells them.
    """

    phone: str = ""
    subjects: tuple[int, ...] = ()
    provider: str = ""
    issuer: str = ""
    external: str = ""
    name: str = ""
    id_number: str = ""


class Tickets:
    """Made once per app."""

    def __init__(self, store: EphemeralStore, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def issue(self, ticket: Ticket, *, browser: str) -> str:
        value = new_token()
        text = msgspec.json.encode(ticket).decode()
        self._store.put(
            self._key(value), self._vault.seal(text, context=f"ticket/{browser}"), LIFETIME_SECONDS
        )
        return value

    def read(self, value: str, *, browser: str) -> Ticket:
        """What it stands for; it stays good, so that a mistyped form can be mended. Raises ``Gone``."""
        sealed = self._store.get(self._key(value)) if value.isascii() else None
        try:
            text = self._vault.open(sealed or b"", context=f"ticket/{browser}")
        except SealBroken as error:
            raise Gone(_OVER) from error
        return msgspec.json.decode(text, type=Ticket)

    def spend(self, value: str) -> bool:
        """Use it up; False when another request was quicker."""
        return self._store.take(self._key(value)) is not None

    def _key(self, value: str) -> str:
        return f"ticket:{self._vault.hash_token(f'ticket/{value}').hex()}"
