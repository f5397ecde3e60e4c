"""Evidence of one record to take away: what it says, and everything that shows it is in the log. Checking needs no store."""

import uuid
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.transparency import Content, proofs
from kernel.transparency.commitments import commitment
from kernel.transparency.heads import Head, SignedHead
from kernel.transparency.merkle import HASHINGS, is_included
from licenses.log.signing import HeadReader, LogKeys, log_keys

FORMAT = "dongchu.log-evidence/1"
LARGEST = 200_000


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``nonce`` and ``proof`` hexadecimal. ``keys`` for convenience; whose they are only the log's own address can say."""

    format: Literal["dongchu.log-evidence/1"] = FORMAT
    kind: str
    id: uuid.UUID
    content: dict[str, str | int | bool | None]
    nonce: str
    leaf: int
    proof: list[str]
    head: SignedHead
    keys: LogKeys


class Checked(msgspec.Struct, frozen=True):
    """``defects`` is empty when the record is in the log as the file tells it; ``head`` is the head that says so."""

    defects: list[str]
    head: Head | None
    is_keyed_by_itself: bool


def evidence_of(session: Session, kind: str, record_id: uuid.UUID, content: Content) -> EvidenceFile:
    """The file for a record that the caller has read and may hand out. Raises ``NotFound`` for a second after the
    record was made, and for one that was unlinked."""
    found = proofs.evidence(session, kind, record_id)
    if found is None or found.nonce is None:
        raise NotFound(_("这条记录还没有写入存证日志，请稍后再试。"))
    return EvidenceFile(
        kind=kind,
        id=record_id,
        content=dict(content),
        nonce=found.nonce.hex(),
        leaf=found.inclusion.leaf,
        proof=found.inclusion.proof,
        head=found.head,
        keys=log_keys(session),
    )


def check(data: bytes, trusted: LogKeys | None = None) -> Checked:
    """Whether the record is in the log as the file tells it. Without ``trusted`` keys the file's own are used, which shows
    only that it is whole."""
    try:
        file = msgspec.json.decode(data, type=EvidenceFile)
        nonce, proof = bytes.fromhex(file.nonce), [bytes.fromhex(one) for one in file.proof]
    except (msgspec.DecodeError, ValueError) as error:
        return Checked([f"this is not a file of evidence: {error}"], None, is_keyed_by_itself=False)
    head = HeadReader(trusted or file.keys)(file.head)
    if head is None:
        return Checked(["the head was not signed by these keys"], None, is_keyed_by_itself=trusted is None)
    hashing = HASHINGS[head.hash]
    leaf_hash = hashing.leaf(commitment(file.kind, file.id, file.content, nonce))
    is_in = is_included(hashing, leaf_hash, file.leaf, head.size, proof, bytes.fromhex(head.root))
    defects = [] if is_in else ["what the record says is not what the log committed to"]
    return Checked(defects, head, is_keyed_by_itself=trusted is None)
