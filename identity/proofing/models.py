"""What was seen when somebody showed in person who they are."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, UtcDateTime


class InPersonProof(Base):
    """``kind``: counter (an official compared face and papers) or face (public security compared a live picture).

    ``facts_sealed`` holds the two facts an official recorded; never a picture. ``reference`` is the answer's number
    at public security, or the slip's at the counter.
    """

    __tablename__ = "in_person_proof"

    proof_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    level: Mapped[str] = mapped_column(sa.String(2))
    facts_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    reference: Mapped[str] = mapped_column(sa.String(64))
    official_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    seat_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
