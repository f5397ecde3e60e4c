"""What a decision record says, and the one way of writing it that is signed.

The signed part holds no personal value: facts, reasons and the steps of the amount stand in it as salted digests
(128 bits of salt, so that nothing can be guessed), and are disclosed beside it to whoever may read them. Without them
the signature still holds, so erasing a value leaves the record true.
"""

import hashlib
from typing import Any, Literal

import msgspec

FORMAT = "dongchu.decision/1"
ALGORITHM = "ES256"
Outcome = Literal["offered", "granted", "refused", "upheld", "overturned"]


class PolicyUsed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version that was applied; ``sm3`` is the digest of its document in canonical JSON."""

    id: str
    version: int
    title: str
    sm3: str
    standing: str


class Bearer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One whose facts could count, without a name or number; ``of`` is the place of the person whose job it is."""

    kind: str
    of: int | None = None


class StatusUsed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A computed status under the policy, worked out for one bearer, in the order in which they were."""

    name: str
    bearer: int
    policy: str
    version: int
    sm3: str
    verdict: str


class StandardUsed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published standard in force: ``value`` raw (fen), ``division`` and ``keys`` of the entry, not of the person."""

    name: str
    division: str
    keys: tuple[str, ...]
    since: str
    value: int | None
    source: str
    standing: str


class ClauseFound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    truth: Literal["met", "not_met", "needed"]


class Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done with the engine's answer, and by whom; an offer is made by nobody."""

    outcome: Outcome
    amount_fen: int | None
    offer: str | None = None
    claim: str | None = None
    case_number: str | None = None
    number: str | None = None
    official: str | None = None
    seat: str | None = None
    department: str | None = None


class Sealed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    sha256: str


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``bearers[0]`` is the household or firm, ``unit`` the place of the one judged; ``previous`` the digest of the
    record before this one about the same offer or claim."""

    format: str
    id: str
    issuer: str
    issued_at: str
    as_of: str
    policy: PolicyUsed
    bearers: tuple[Bearer, ...]
    unit: int
    statuses: tuple[StatusUsed, ...]
    standards: tuple[StandardUsed, ...]
    clauses: tuple[ClauseFound, ...]
    verdict: Literal["eligible", "ineligible", "unknown"]
    missing: tuple[str, ...]
    amount_fen: int | None
    periods: int | None
    deed: Deed
    sealed: tuple[Sealed, ...]
    previous: str | None


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A disclosed fact: the raw value (fen, per-mille, ISO date; null is known to be none), from whom and of when."""

    value: bool | int | str | None
    source: str
    observed_at: str
    standing: str


class Disclosure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name``: ``fact/<bearer>/<attribute>``, ``steps`` or ``reasons``."""

    name: str
    salt: str
    value: Any


class DecisionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is downloaded: the record, what of it this reader may see, the rules applied, and the signature.

    ``signature``: JWS with detached content (RFC 7515 appendix F) over the canonical JSON of ``record``. ``key``: the
    public key, for convenience; whose it is only the issuer's published keys can say.
    """

    record: Record
    disclosures: tuple[Disclosure, ...]
    documents: tuple[dict[str, Any], ...]
    signature: str
    key: dict[str, Any]


def canonical(value: Any) -> bytes:
    """JSON without white space, keys sorted, UTF-8: as RFC 8785 for values without fractions, which records are."""
    return msgspec.json.encode(value, order="sorted")


def commitment(one: Disclosure) -> str:
    return hashlib.sha256(canonical([one.name, one.salt, one.value])).hexdigest()


def digest(record: Record) -> str:
    """By which the next record names this one."""
    return hashlib.sha256(canonical(record)).hexdigest()
