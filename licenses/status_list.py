"""The status of every credential in small signed lists (Token Status List): two bits each, compressed.

Credentials for paper and sharing have their lists, the copies in wallets have theirs. A list has room for a million; its
unused places look like valid credentials, and the places are given out in a keyed random order, so that neither the place
nor the length of a list says how many there are or which came first (§12.5, §13.2).
"""

import hashlib
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert
from kernel.house import House
from licenses import credential, keys, repository
from licenses.issuance import repository as copies
from licenses.jose import base64url
from licenses.models import LicenceStatusList
from licenses.states import LicenceState, status_value

Family = Literal["licences", "wallets"]
FAMILIES: tuple[Family, ...] = ("licences", "wallets")
BITS = 2
PLACES_BITS = 20
PLACES = 1 << PLACES_BITS
MEDIA_TYPE = "application/statuslist+jwt"
#: How long a verifier may keep a list (``ttl``), and after when it may not be relied on (``exp``).
KEEP = timedelta(minutes=1)
LIFE = timedelta(minutes=10)
_HALF = PLACES_BITS // 2
_MASK = (1 << _HALF) - 1
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Places:
    """Where the n-th credential of a family stands: a keyed permutation (Feistel network) within each list."""

    base: str
    rounds: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, house: House, family: Family) -> "Places":
        secret = house.vault.derive_key(f"licences/status-list/{family}")
        return cls(f"{house.settings.base_url}/licenses/status/{family}", rounds_of(secret))

    def claim(self, sequence: int) -> dict[str, Any]:
        """The ``status`` claim (§6.1) of the ``sequence``-th credential."""
        return {"status_list": {"idx": self.index(sequence), "uri": self.uri(list_number(sequence))}}

    def uri(self, number: int) -> str:
        return f"{self.base}/{number}"

    def index(self, sequence: int) -> int:
        """The place within its list."""
        position = sequence % PLACES
        left, right = position >> _HALF, position & _MASK
        for mixed in self.rounds:
            left, right = right, left ^ mixed[right]
        return left << _HALF | right

    def sequence_of(self, claims: Mapping[str, Any]) -> int | None:
        """Which credential a ``status`` claim names, ``None`` for a place that is not of this family."""
        status = claims.get("status")
        place = status.get("status_list") if isinstance(status, dict) else None
        uri, index = (place.get("uri"), place.get("idx")) if isinstance(place, dict) else (None, None)
        if not isinstance(uri, str) or not isinstance(index, int):
            return None
        number = uri.removeprefix(f"{self.base}/")
        if number == uri or not number.isdecimal() or len(number) > 9 or not 0 <= index < PLACES:
            return None
        left, right = index >> _HALF, index & _MASK
        for mixed in reversed(self.rounds):
            left, right = right ^ mixed[left], left
        return (int(number) - 1) * PLACES + (left << _HALF | right)


@lru_cache(maxsize=16)
def rounds_of(secret: bytes) -> tuple[tuple[int, ...], ...]:
    """What each half of a position is mixed with in each round: looked up a million times, worked out once."""
    return tuple(
        tuple(_mixed(secret + bytes((number,)), half) for half in range(_MASK + 1))
        for number in range(_ROUNDS)
    )


def _mixed(key: bytes, half: int) -> int:
    digest = hashlib.blake2b(half.to_bytes(2), key=key, digest_size=2).digest()
    return int.from_bytes(digest) & _MASK


def list_number(sequence: int) -> int:
    """Lists are numbered from 1."""
    return sequence // PLACES + 1


def pack(values: Iterable[tuple[int, int]], length: int) -> bytes:
    """``length`` statuses of two bits, the lowest bits first (§4.1); those not named are 0."""
    packed = bytearray((length * BITS + 7) // 8)
    for index, value in values:
        packed[index * BITS // 8] |= value << (index * BITS % 8)
    return bytes(packed)


def compressed(values: Iterable[tuple[int, int]]) -> str:
    """One whole list (§4.1): level 9 would save a sixth and take eight times as long."""
    return base64url(zlib.compress(pack(values, PLACES), 6))


def touch(session: Session, family: Family, sequences: Iterable[int]) -> None:
    """Say that the status of these has changed: the next reader gets a new list."""
    for number in sorted({list_number(one) for one in sequences}):
        row = insert(session, LicenceStatusList).values(family=family, number=number, revision=1)
        raised = {"revision": LicenceStatusList.revision + 1}
        session.execute(row.on_conflict_do_update(index_elements=["family", "number"], set_=raised))


def tell_changed(session: Session, changed: Mapping[uuid.UUID, int]) -> None:
    """The status of these licences (by id, their ``status_index``) has changed, and with it that of their copies."""
    touch(session, "licences", changed.values())
    touch(session, "wallets", copies.sequences_of(session, changed.keys()))


def status_list_token(
    session: Session, house: House, family: Family, number: int, *, now: datetime
) -> str | None:
    """The signed list as of now, ``None`` for one that does not exist.

    A list is signed again when a status in it has changed, and otherwise once a minute.
    """
    if not 1 <= number <= list_number(repository.highest_sequence(session, family)):
        return None
    revision = _revision(session, family, number)
    key = f"licence-status:{family}:{number}"
    kept = house.ephemeral.get(key)
    if kept is not None:
        known, made_at, token = msgspec.msgpack.decode(kept, type=tuple[int, int, str])
        if known == revision and 0 <= credential.epoch(now) - made_at < KEEP.total_seconds():
            return token
    token = _signed(session, house, family, number, now)
    value = msgspec.msgpack.encode((revision, credential.epoch(now), token))
    house.ephemeral.put(key, value, KEEP.total_seconds())
    return token


def list_uris(session: Session, house: House) -> list[str]:
    """Every list there is (Status List Aggregation, §9)."""
    return [
        Places.of(house, family).uri(number)
        for family in FAMILIES
        for number in range(1, list_number(repository.highest_sequence(session, family)) + 1)
    ]


def aggregation_uri(house: House) -> str:
    return f"{house.settings.base_url}/licenses/status"


def _signed(session: Session, house: House, family: Family, number: int, now: datetime) -> str:
    places = Places.of(house, family)
    first = (number - 1) * PLACES
    rows = repository.status_values(session, family, first, first + PLACES)
    values = (
        (
            places.index(sequence),
            1 if is_removed else status_value(LicenceState(state), is_superseded=is_superseded),
        )
        for sequence, state, is_superseded, is_removed in rows
    )
    claims = {
        "sub": places.uri(number),
        "iat": credential.epoch(now),
        "exp": credential.epoch(now + LIFE),
        "ttl": int(KEEP.total_seconds()),
        "status_list": {
            "bits": BITS,
            "lst": compressed(values),
            "aggregation_uri": aggregation_uri(house),
        },
    }
    key = keys.credential_key(session, house)
    return credential.sign(key, "statuslist+jwt", claims, x5c=keys.certificate_chain(session, house, key))


def _revision(session: Session, family: Family, number: int) -> int:
    statement = sa.select(LicenceStatusList.revision).where(
        LicenceStatusList.family == family, LicenceStatusList.number == number
    )
    return session.scalar(statement) or 0
