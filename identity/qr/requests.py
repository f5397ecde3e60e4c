"""One request of a desk browser to be let in by a phone: two minutes, one phone, one answer, one entry.

What keeps somebody else's picture from being a trap:

* the desk's half is bound to the browser that asked; the picture alone opens nothing;
* the desk shows a number only once a phone has scanned, and the phone asks for it: a picture sent around holds none;
* the phone tells site, device, network and time of the desk, and warns where the networks differ;
* one wrong number ends the request, the first phone to scan is the only one, and a sign-in that itself came by picture
  lets nobody in;
* what is opened is a sign-in by one method: important things still ask for another.
"""

import hmac
import secrets
from datetime import datetime
from typing import Literal, TypeVar

import msgspec

from identity.accounts.schemas import Visitor
from kernel.crypto import SealBroken, Vault
from kernel.ephemeral import EphemeralStore
from kernel.errors import Conflict, Gone, InvalidInput
from kernel.i18n import N_
from kernel.ids import new_token

T = TypeVar("T")

LIFETIME_SECONDS = 120.0
State = Literal["waiting", "scanned", "allowed", "refused", "over"]
OVER = N_("这个二维码已经失效。请在电脑上换一个新的再扫。")
_TAKEN = N_("这个二维码已经被另一部手机扫过了。请在电脑上换一个新的再扫。")
_NUMBER = N_("数字不对，这次登录已取消。请在电脑上换一个二维码再试；不是您自己要登录的，请不要再试。")


class DeskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone is shown of the desk."""

    site: str
    device: str
    address: str
    asked_at: datetime


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Whose phone scanned, and the number that the desk shows from then on."""

    subject_id: int
    number: str


class Handles(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` goes into the picture, ``handle`` stays in the page."""

    code: str
    handle: str


class QrRequests:
    """Made once per app."""

    def __init__(self, store: EphemeralStore, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def open(self, visitor: Visitor, *, site: str, browser: str, now: datetime) -> Handles:
        """A new request of this browser."""
        handles = Handles(code=new_token(), handle=new_token())
        place = self._by_handle(handles.handle, browser)
        desk = DeskRequest(site=site, device=visitor.device, address=visitor.address, asked_at=now)
        self._put(f"{place}:desk", desk)
        self._store.put(self._by_code(handles.code), place.encode(), LIFETIME_SECONDS)
        return handles

    def state(self, handle: str, *, browser: str) -> tuple[State, str]:
        """How it stands, and the number to show; "over" for a handle of another browser too."""
        place = self._by_handle(handle, browser)
        if self._store.get(f"{place}:desk") is None:
            return "over", ""
        answer, scan = self._store.get(f"{place}:answer"), self._scan(place)
        if answer is not None:
            return ("allowed" if answer == b"allow" else "refused"), ""
        return ("scanned", scan.number) if scan else ("waiting", "")

    def scan(self, code: str, subject_id: int) -> DeskRequest:
        """The first phone that opens the picture's address; again by the same person changes nothing.

        Raises ``Gone`` or ``Conflict``.
        """
        place = self._place_of(code)
        desk = self._read(f"{place}:desk", DeskRequest)
        if desk is None:
            raise Gone(OVER)
        scan = Scan(subject_id=subject_id, number=f"{secrets.randbelow(90) + 10}")
        if not self._store.add(f"{place}:scan", self._sealed(f"{place}:scan", scan), LIFETIME_SECONDS):
            former = self._scan(place)
            if former is None or former.subject_id != subject_id:
                raise Conflict(_TAKEN)
        return desk

    def answer(self, code: str, subject_id: int, number: str, *, is_allowed: bool) -> None:
        """The person's answer, once. Raises ``Gone``, ``Conflict``, or ``InvalidInput`` for a wrong number."""
        place = self._place_of(code)
        scan = self._scan(place)
        if scan is None or scan.subject_id != subject_id:
            raise Conflict(_TAKEN)
        is_right = hmac.compare_digest(scan.number.encode(), number.strip().encode())
        said = b"allow" if is_allowed and is_right else b"refuse"
        if not self._store.add(f"{place}:answer", said, LIFETIME_SECONDS):
            raise Gone(OVER)
        if is_allowed and not is_right:
            raise InvalidInput(_NUMBER)

    def enter(self, handle: str, *, browser: str) -> int | None:
        """Whom the phone let in, once: of many who ask at the same time one is told."""
        place = self._by_handle(handle, browser)
        if self._store.get(f"{place}:answer") != b"allow" or self._store.take(f"{place}:desk") is None:
            return None
        scan = self._scan(place)
        return scan.subject_id if scan else None

    def _place_of(self, code: str) -> str:
        place = self._store.get(self._by_code(code)) if code.isascii() and len(code) <= 64 else None
        if place is None or self._store.get(f"{place.decode()}:desk") is None:
            raise Gone(OVER)
        return place.decode()

    def _scan(self, place: str) -> Scan | None:
        return self._read(f"{place}:scan", Scan)

    def _put(self, key: str, value: msgspec.Struct) -> None:
        self._store.put(key, self._sealed(key, value), LIFETIME_SECONDS)

    def _sealed(self, key: str, value: msgspec.Struct) -> bytes:
        return self._vault.seal(msgspec.json.encode(value).decode(), context=key)

    def _read(self, key: str, kind: type[T]) -> T | None:
        try:
            text = self._vault.open(self._store.get(key) or b"", context=key)
        except SealBroken:
            return None
        return msgspec.json.decode(text, type=kind)

    def _by_handle(self, handle: str, browser: str) -> str:
        return f"qr:{self._vault.hash_token(f'qr/{handle}/{browser}').hex()}"

    def _by_code(self, code: str) -> str:
        return f"qr:code:{self._vault.hash_token(f'qr-code/{code}').hex()}"
