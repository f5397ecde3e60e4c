"""Wallets that hold a licence, and the copies in them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class LicenceWallet(Base):
    """One time that a licence was added to a wallet. ``client_id`` is the wallet's where it signed in as a registered
    client; ``name`` is what the holder or that registration calls it. ``notification_hash`` finds it by the id that the
    wallet got with its copies."""

    __tablename__ = "licence_wallet"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    added_by: Mapped[int] = mapped_column(sa.BigInteger)
    client_id: Mapped[str | None] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(80))
    grant_key: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    notification_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    state: Mapped[str] = mapped_column(sa.String(10))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LicenceCopy(Base):
    """One credential, bound to one key of the wallet; ``sequence`` gives it a place in the status lists of its own."""

    __tablename__ = "licence_copy"

    sequence: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    wallet_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence_wallet.id"), index=True)
    key_thumbprint: Mapped[str] = mapped_column(sa.String(43))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
