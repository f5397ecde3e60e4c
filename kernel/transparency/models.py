"""Three tables: what was committed to, the tree over it, and the heads that were signed."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime

_PENDING = "leaf_index IS NULL"


class LogEntry(Base):
    """Written with the record it commits to. ``leaf_index`` is its place in the tree, given by the sequencer; without
    ``nonce`` nobody can tell any more what the commitment says."""

    __tablename__ = "log_entry"
    __table_args__ = (
        sa.UniqueConstraint("record_id", "kind"),
        sa.Index(
            "ix_log_entry_pending",
            "number",
            sqlite_where=sa.text(_PENDING),
            postgresql_where=sa.text(_PENDING),
        ),
    )

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[uuid.UUID]
    nonce: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    commitment: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leaf_index: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)


class LogTile(Base):
    """Four levels of a part of the tree (``kernel.transparency.tiles``)."""

    __tablename__ = "log_tile"

    place: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(sa.LargeBinary(960))


class LogHead(Base):
    """``jws`` is the signed statement (ES256) of size and root; ``sm2_signature`` covers the same bytes."""

    __tablename__ = "log_head"

    size: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    jws: Mapped[str] = mapped_column(sa.Text)
    sm2_signature: Mapped[bytes]
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
