"""Proofs out of the store: a record is in the tree, and a smaller tree is the beginning of a larger one."""

import uuid
from collections.abc import Sequence

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.transparency import repository, tiles
from kernel.transparency.heads import SignedHead, claimed
from kernel.transparency.merkle import HASHINGS, Hashing, Span, consistency_spans, inclusion_spans
from kernel.transparency.models import LogEntry, LogHead


class Inclusion(msgspec.Struct, frozen=True):
    """``proof``: the hashes from the lowest up, hexadecimal (RFC 9162 §2.1.3)."""

    leaf: int
    size: int
    leaf_hash: str
    proof: list[str]


class Consistency(msgspec.Struct, frozen=True):
    """``proof`` as in RFC 9162 §2.1.4, hexadecimal."""

    first: int
    second: int
    proof: list[str]


class Evidence(msgspec.Struct, frozen=True):
    """What shows that one record is in the log."""

    nonce: bytes | None
    inclusion: Inclusion
    head: SignedHead


def latest(session: Session) -> LogHead:
    """Raises ``NotFound`` while the log is empty."""
    head = repository.latest_head(session)
    if head is None:
        raise NotFound(_("存证日志还没有内容。"))
    return head


def head_at(session: Session, size: int) -> LogHead:
    """The signed head of that size. Raises ``NotFound``: not every size has one."""
    head = repository.head_of(session, size)
    if head is None:
        raise NotFound(_("没有这个大小的已签名树头。"))
    return head


def signed(head: LogHead) -> SignedHead:
    return SignedHead(jws=head.jws, sm2=head.sm2_signature.hex())


def inclusion(session: Session, leaf: int, size: int | None = None) -> Inclusion:
    """That a leaf is in the tree of ``size``, the newest signed one unless said otherwise. Raises ``NotFound``."""
    newest = latest(session)
    size = newest.size if size is None else size
    if not 0 <= leaf < size <= newest.size:
        raise NotFound(_("存证日志中没有这一条，或还没有这么大的树。"))
    own, *steps = _hashes(session, newest, [(leaf, leaf + 1), *inclusion_spans(leaf, size)])
    return Inclusion(leaf, size, own.hex(), [step.hex() for step in steps])


def consistency(session: Session, first: int, second: int | None = None) -> Consistency:
    """That the tree of ``first`` is the beginning of that of ``second``. Raises ``NotFound``."""
    newest = latest(session)
    second = newest.size if second is None else second
    if not 0 < first <= second <= newest.size:
        raise NotFound(_("存证日志还没有这么大的树。"))
    steps = _hashes(session, newest, consistency_spans(first, second))
    return Consistency(first, second, [step.hex() for step in steps])


def evidence(session: Session, kind: str, record_id: uuid.UUID) -> Evidence | None:
    """For one record, up to the newest head; ``None`` for a record that the log does not know or has still to take up."""
    entry = repository.entry_of(session, kind, record_id)
    if entry is None or entry.leaf_index is None:
        return None
    return _evidence(session, entry, entry.leaf_index)


def root_at(session: Session, size: int) -> bytes:
    """The hash over the first ``size`` leaves as they stand in the store now."""
    newest = latest(session)
    if not 0 < size <= newest.size:
        raise NotFound(_("存证日志还没有这么大的树。"))
    return _hashes(session, newest, [(0, size)])[0]


def hashing_of(head: LogHead) -> Hashing:
    return HASHINGS[claimed(head.jws).hash]


def _evidence(session: Session, entry: LogEntry, leaf: int) -> Evidence:
    newest = latest(session)
    own, *steps = _hashes(session, newest, [(leaf, leaf + 1), *inclusion_spans(leaf, newest.size)])
    found = Inclusion(leaf, newest.size, own.hex(), [step.hex() for step in steps])
    return Evidence(entry.nonce, found, signed(newest))


def _hashes(session: Session, newest: LogHead, spans: Sequence[Span]) -> list[bytes]:
    tree = repository.tiles(session, tiles.places_of(spans))
    hashing = hashing_of(newest)
    return [tiles.hash_of(tree, span, hashing) for span in spans]
