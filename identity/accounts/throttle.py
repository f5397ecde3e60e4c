"""Slow down guessing before locking, and never let one person's guesses lock another out.

Attempts are counted per account *and* address; an account attacked from everywhere is slowed only for addresses
where its owner has not been before; an address that fails at many accounts is refused for a while. A browser in which the
owner has signed in before is counted by itself: whoever guesses from the same address (a whole mobile network may share
one) uses up nothing of it.
"""

import ipaddress

from kernel.crypto import Vault
from kernel.ephemeral import EphemeralStore
from kernel.errors import TooManyRequests
from kernel.i18n import N_

WINDOW_SECONDS = 900.0
FREE_ATTEMPTS = 3
PAIR_LIMIT = 10
ACCOUNT_LIMIT = 30
ADDRESS_LIMIT = 100
LONGEST_PAUSE = 60


class LoginThrottle:
    """Names and addresses enter the store only as blind indexes."""

    def __init__(self, store: EphemeralStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def admit(self, login: str, address: str, *, is_known_place: bool, known_device: str = "") -> None:
        """Let one attempt through or raise ``TooManyRequests`` with the seconds to wait.

        ``known_device`` is the key of a browser in which this account's owner has signed in; "" for every other.
        """
        account, place = self._index("account", login), self._index("address", network_of(address))
        if known_device:
            device = self._index("device", known_device)
            self._pace(f"{account}:{device}", FREE_ATTEMPTS, PAIR_LIMIT)
            return
        if int(self._store.get(f"login:failed:{place}") or b"0") >= ADDRESS_LIMIT:
            raise _pause(int(WINDOW_SECONDS))
        self._pace(f"{account}:{place}", FREE_ATTEMPTS, PAIR_LIMIT)
        if not is_known_place:
            self._pace(account, ACCOUNT_LIMIT, None)

    def failed(self, address: str) -> None:
        self._store.increment(f"login:failed:{self._index('address', network_of(address))}", WINDOW_SECONDS)

    def succeeded(self, login: str, address: str, *, known_device: str = "") -> None:
        """Forget what was counted where the owner just came in."""
        account = self._index("account", login)
        if known_device:
            where = self._index("device", known_device)
        else:
            where = self._index("address", network_of(address))
        self._store.delete(f"login:count:{account}:{where}")
        self._store.delete(f"login:pause:{account}:{where}")

    def _pace(self, key: str, free: int, limit: int | None) -> None:
        """Count first, so that attempts sent together cannot all pass before the first is counted."""
        if pause := self._store.get(f"login:pause:{key}"):
            raise _pause(int(pause))
        count = self._store.increment(f"login:count:{key}", WINDOW_SECONDS)
        if count <= free:
            return
        if limit is not None and count > limit:
            seconds = int(WINDOW_SECONDS)
        else:
            seconds = min(2 ** min(count - free - 1, 6), LONGEST_PAUSE)
        if not self._store.add(f"login:pause:{key}", str(seconds).encode(), seconds):
            raise _pause(seconds)
        if limit is not None and count > limit:
            raise _pause(seconds)

    def _index(self, kind: str, text: str) -> str:
        return self._vault.blind_index(text.strip().lower(), purpose=f"throttle/{kind}").hex()[:32]


def network_of(address: str) -> str:
    """The unit that one household or attacker commands: an IPv4 address, or a /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _pause(seconds: int) -> TooManyRequests:
    if seconds > LONGEST_PAUSE:
        return TooManyRequests(
            N_("尝试次数太多，请15分钟后再试。忘记密码可到就近窗口办理。"), retry_after=seconds
        )
    return TooManyRequests(
        N_("尝试次数较多，请等一分钟再试。忘记密码可到就近窗口办理。"), retry_after=seconds
    )
