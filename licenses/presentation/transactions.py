"""What is open between us and a wallet: five minutes, one answer. The wallet knows one secret, who asked knows another.

Only hashes of both are kept, and of the answer only which licence and which claims: their values stay in the licence.
"""

import uuid

import msgspec

from kernel.house import House
from licenses.schemas import Verifier

SECONDS = 300
#: What came back is kept so long for whoever asked.
RESULT_SECONDS = 300
TRIES = 10


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``owner`` is who may fetch the result; ``decryption_key`` is sealed, and absent where the answer comes in the clear.
    ``reader`` and ``chain``: the key that asks and its certificate, the same to the end also when keys turn meanwhile."""

    owner: str
    reader: str
    chain: tuple[str, ...]
    verifier: Verifier
    type_id: str
    claims: tuple[str, ...]
    cause: str
    basis: str
    nonce: str
    result_key: str
    decryption_key: bytes | None
    return_uri: str


class Open(msgspec.Struct, frozen=True):
    """What whoever asked shows to the holder while they wait."""

    owner: str
    invocation: str
    type_id: str
    cause: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``refusal``: the wallet's own error code. ``problem``: why a genuine presentation does not count."""

    owner: str
    licence_id: uuid.UUID | None = None
    copy_sequence: int | None = None
    claims: tuple[str, ...] = ()
    problem: str = ""
    refusal: str = ""
    response_code: bytes = b""


def put_asked(house: House, reference: str, asked: Asked) -> None:
    house.ephemeral.put(_key(house, "asked", reference), msgspec.json.encode(asked), SECONDS)


def asked_by(house: House, reference: str) -> Asked | None:
    """While it is open."""
    found = house.ephemeral.get(_key(house, "asked", reference))
    return None if found is None else msgspec.json.decode(found, type=Asked)


def close(house: House, reference: str) -> bool:
    """Whether this answer is the first; of many at once exactly one is."""
    return house.ephemeral.take(_key(house, "asked", reference)) is not None


def may_try(house: House, reference: str) -> bool:
    key = _key(house, "tries", reference)
    return house.ephemeral.increment(key, SECONDS) <= TRIES


def put_outcome(house: House, result_key: str, outcome: Outcome) -> None:
    known = open_at(house, result_key, outcome.owner)
    if known is not None:
        house.ephemeral.put(_open_key(result_key), msgspec.json.encode(known), RESULT_SECONDS)
    house.ephemeral.put(result_key, msgspec.json.encode(outcome), RESULT_SECONDS)


def outcome_at(house: House, result_key: str) -> Outcome | None:
    found = house.ephemeral.get(result_key)
    return None if found is None else msgspec.json.decode(found, type=Outcome)


def take_outcome(house: House, result_key: str) -> Outcome | None:
    """Once; then the request is over."""
    found = house.ephemeral.take(result_key)
    house.ephemeral.delete(_open_key(result_key))
    return None if found is None else msgspec.json.decode(found, type=Outcome)


def put_open(house: House, result_key: str, shown: Open) -> None:
    """Remember whose a request is, so that nobody else learns even whether it was answered."""
    house.ephemeral.put(_open_key(result_key), msgspec.json.encode(shown), SECONDS)


def open_at(house: House, result_key: str, owner: str) -> Open | None:
    found = house.ephemeral.get(_open_key(result_key))
    shown = None if found is None else msgspec.json.decode(found, type=Open)
    return shown if shown is not None and shown.owner == owner else None


def result_key_of(house: House, handle: str) -> str:
    return _key(house, "result", handle)


def _open_key(result_key: str) -> str:
    return f"{result_key}:open"


def _key(house: House, what: str, secret: str) -> str:
    return f"licence-vp-{what}:" + house.vault.hash_token(secret).hex()
