"""How often something may be tried: counted per window, and always by something the one who tries must own.

A count that strangers could use up is set wide, and those in a known place or browser pass it.
"""

from kernel.crypto import Vault
from kernel.ephemeral import EphemeralStore
from kernel.errors import TooManyRequests
from kernel.i18n import N_

HOUR = 3600.0
_LATER = N_("尝试次数太多，请过一会儿再试。着急的话可到就近窗口办理。")


class Quotas:
    """Keys enter the store as blind indexes only."""

    def __init__(self, store: EphemeralStore, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def spend(self, kind: str, who: str, *, limit: int, seconds: float = HOUR) -> None:
        """Count one try. Raises ``TooManyRequests`` beyond ``limit`` in the window."""
        index = self._vault.blind_index(who.strip().lower(), purpose=f"quota/{kind}").hex()[:32]
        if self._store.increment(f"quota:{kind}:{index}", seconds) > limit:
            raise TooManyRequests(_LATER, retry_after=int(seconds))

    def reset(self, kind: str, who: str) -> None:
        index = self._vault.blind_index(who.strip().lower(), purpose=f"quota/{kind}").hex()[:32]
        self._store.delete(f"quota:{kind}:{index}")
