"""Codes by short message or mail: six digits, five minutes, one use, good only in the browser that asked for them.

The store holds an HMAC. Because the code belongs to one browser, strangers can neither burn nor replace it.
"""

import hmac
from typing import Literal, Protocol

from identity.accounts.quotas import HOUR, Quotas
from identity.accounts.throttle import network_of
from kernel.errors import TooManyRequests, Unauthenticated
from kernel.house import House
from kernel.i18n import N_
from kernel.ids import new_digits, new_id

Purpose = Literal["login", "second", "phone", "recovery", "email"]
LIFETIME_SECONDS = 300.0
TRIES = 5
PAUSE_SECONDS = 60
#: Messages per hour: to one phone from one browser, to one phone in all, from one address in all.
PER_PAIR, PER_PHONE, PER_ADDRESS = 5, 12, 30
WRONG_CODE = N_("验证码不对或已过期，请核对后再填，或重新获取。")
_WAIT = N_("验证码刚刚发出，请等一分钟再重新获取。")


class Carrier(Protocol):
    """What brings a code to a phone, or to a mail address."""

    def __call__(self, address: str, code: str, /, *, key: str) -> None: ...


class MessageCodes:
    """Made once per app and carrier. A "phone" may be any address that its carrier reaches."""

    def __init__(self, house: House, carry: Carrier) -> None:
        self._store, self._vault, self._carry = house.ephemeral, house.vault, carry
        self._quotas = Quotas(house.ephemeral, house.vault)

    def send(self, phone: str, purpose: Purpose, *, browser: str, address: str, is_known: bool) -> None:
        """Send a code to any phone, known or not: who has an account shows only to whoever holds it.

        ``is_known``: an owner's own browser or place, which strangers' requests cannot shut out.
        """
        key = self._key(phone, purpose, browser)
        if not self._store.add(f"{key}:pause", b"1", PAUSE_SECONDS):
            raise TooManyRequests(_WAIT, retry_after=PAUSE_SECONDS)
        self._quotas.spend("code/pair", f"{phone}/{browser}", limit=PER_PAIR)
        self._quotas.spend("code/address", network_of(address), limit=PER_ADDRESS)
        if not is_known:
            self._quotas.spend("code/phone", phone, limit=PER_PHONE)
        code = new_digits(6)
        self._store.put(key, self._hash(key, code), LIFETIME_SECONDS)
        self._store.delete(f"{key}:tries")
        self._carry(phone, code, key=str(new_id()))

    def redeem(self, phone: str, purpose: Purpose, code: str, *, browser: str) -> None:
        """Use a code up. Raises ``Unauthenticated`` with one text, whatever was wrong."""
        key = self._key(phone, purpose, browser)
        self._quotas.spend("code/guess", f"{phone}/{browser}", limit=PER_PAIR * TRIES, seconds=HOUR)
        expected = self._store.get(key)
        if expected is None or self._store.increment(f"{key}:tries", LIFETIME_SECONDS) > TRIES:
            self._store.delete(key)
            raise Unauthenticated(WRONG_CODE)
        is_right = hmac.compare_digest(expected, self._hash(key, code.strip()))
        # Of many who send the right code at once, the one who takes it out of the store has used it.
        if not is_right or self._store.take(key) != expected:
            raise Unauthenticated(WRONG_CODE)

    def _key(self, phone: str, purpose: Purpose, browser: str) -> str:
        index = self._vault.blind_index(f"{phone}/{browser}", purpose=f"code/{purpose}")
        return f"code:{index.hex()}"

    def _hash(self, key: str, code: str) -> bytes:
        return self._vault.hash_token(f"{key}/{code}")
