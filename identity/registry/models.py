"""Tables of the registry: subjects, and the relationships that the authorities' registers state between them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class Subject(Base):
    """A person, household, firm or institution. The identifier and the name lie sealed; the index finds, never shows.

    ``form`` is what kind of firm the register says it is; nothing where only its credit code tells.
    """

    __tablename__ = "subject"

    subject_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    form: Mapped[str | None] = mapped_column(sa.String(24))
    identifier_kind: Mapped[str | None] = mapped_column(sa.String(24))
    identifier_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    identifier_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), unique=True)
    name_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("subject.subject_id"))
    dissolved_on: Mapped[date | None] = mapped_column(sa.Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FurtherIdentifier(Base):
    """Another number that finds a subject: the certificate of a birth, once the child has a citizen's number."""

    __tablename__ = "subject_further_identifier"

    identifier_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Relationship(Base):
    """``from_subject`` is ``kind`` of ``to_subject``: a parent of a child, the legal representative of a firm."""

    __tablename__ = "relationship"
    __table_args__ = (sa.Index("ix_relationship_to", "to_subject", "kind"),)

    relationship_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    from_subject: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    to_subject: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"))
    source: Mapped[str] = mapped_column(sa.String(64))
    from_on: Mapped[date] = mapped_column(sa.Date)
    until_on: Mapped[date | None] = mapped_column(sa.Date)


class Contact(Base):
    """How to reach somebody without an account: the phone number they gave at a counter, sealed."""

    __tablename__ = "contact"

    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), primary_key=True)
    phone_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
