"""The audit chain's head, remembered in a file outside the database, so that rows deleted from the end are missed too.

The file carries a MAC under a key of the vault. It only ever moves forward along the chain it remembers: where the
store no longer holds the remembered row, the file stays as it is, and verifying says so.
"""

import os
from contextlib import closing
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import GENESIS, AuditEvent, KnownHead, chain_head, row_hash
from kernel.crypto import Vault, hmac_sm3

FILE = "audit-head.json"


class HeadBroken(Exception):
    """The file is not one that this house wrote."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    head: KnownHead
    mac: bytes


def known_head(home: Path, vault: Vault) -> KnownHead | None:
    """What is remembered, ``None`` before the first time. Raises ``HeadBroken``."""
    path = home / FILE
    if not path.exists():
        return None
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except msgspec.MsgspecError as error:
        raise HeadBroken(f"{path} cannot be read") from error
    if kept.mac != _mac(kept.head, vault):
        raise HeadBroken(f"{path} was not written by this house")
    return kept.head


def remember_head(session: Session, home: Path, vault: Vault) -> bool:
    """Take the file forward to the store's head, after the commit that made it; False where it does not follow."""
    former = known_head(home, vault)
    position, newest = chain_head(session)
    if former is not None and former.position:
        row = session.scalar(sa.select(AuditEvent).where(AuditEvent.position == former.position))
        if row is None or row.row_hash != former.row_hash:
            return False
    if former is None or position > former.position:
        plain_until = former.plain_until if former else _plain_until(session)
        _write(home, KnownHead(position=position, row_hash=newest, plain_until=plain_until), vault)
    return True


def _plain_until(session: Session) -> int:
    """How many rows at the beginning were chained before there was a key (stores of 0.1.0)."""
    rows = sa.select(AuditEvent).where(AuditEvent.position.is_not(None)).order_by(AuditEvent.position)
    found = 0
    with closing(session.scalars(rows.execution_options(yield_per=1000))) as chained:
        for row in chained:
            if row.row_hash != row_hash(row, row.previous_hash or GENESIS, None):
                break
            found = row.position or 0
    return found


def _write(home: Path, head: KnownHead, vault: Vault) -> None:
    """Replace the file in one step."""
    fresh = home / f".{FILE}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(_Kept(head=head, mac=_mac(head, vault))))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(home / FILE)


def _mac(head: KnownHead, vault: Vault) -> bytes:
    return hmac_sm3(vault.derive_key("audit/head"), msgspec.json.encode(head))
