"""Addresses by which people asked to be summoned."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, UtcDateTime


class ContactAddress(Base):
    """One confirmed address per channel; a row that is here was shown to belong to the person.

    ``address_index`` is the blind index of the address, by which too many people behind one are found.
    """

    __tablename__ = "contact_address"

    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    address_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    address_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
