"""Tables of banks' work: how a bank's system is connected, notes, offers, contracts, documents, and calls already done."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class Bank(Base):
    """The system of a bank that calls the API: its client at the issuer, and where it wants to be told of news."""

    __tablename__ = "financing_bank"

    code: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    webhook_url: Mapped[str | None] = mapped_column(sa.String(2000))
    is_suspended: Mapped[bool]
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Note(Base):
    """What an officer wrote down in due diligence. The words lie sealed; rows only grow."""

    __tablename__ = "financing_note"
    __table_args__ = (sa.Index("ix_financing_note_application_id_at", "application_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"))
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[str] = mapped_column(sa.String(16))
    text_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    officer: Mapped[str] = mapped_column(sa.String(120))
    officer_name: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Offer(Base):
    """What a bank offers: the sum, the price with every fee, how it is repaid, and until when the word holds.

    At most one offer of an application is open; a new one takes the place of the former.
    """

    __tablename__ = "financing_offer"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "number"),
        sa.Index(
            "uq_financing_offer_open",
            "application_id",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_financing_offer_demand_id", "demand_id"),
        sa.Index("ix_financing_offer_state_valid_until", "state", "valid_until"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"))
    demand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_demand.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(16))
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    rate_bp: Mapped[int]
    term_months: Mapped[int]
    method: Mapped[str] = mapped_column(sa.String(24))
    every_months: Mapped[int]
    charges: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    conditions: Mapped[str] = mapped_column(sa.String(500))
    needs_guarantee: Mapped[bool]
    is_startup_guaranteed: Mapped[bool]
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(sa.String(120))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_note: Mapped[str | None] = mapped_column(sa.String(500))


class Document(Base):
    """A document of an application: sealed at rest, its digest kept to know it by."""

    __tablename__ = "financing_document"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"), index=True)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(120))
    media_type: Mapped[str] = mapped_column(sa.String(40))
    size: Mapped[int]
    pages: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    sm3: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    #: base64 of the bytes, sealed; read only when the document itself is asked for.
    content_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    uploaded_by: Mapped[str] = mapped_column(sa.String(120))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Contract(Base):
    """The loan contract of an accepted offer, by the bank's own number."""

    __tablename__ = "financing_contract"
    __table_args__ = (sa.UniqueConstraint("bank_code", "number"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"), unique=True)
    offer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_offer.id"), unique=True)
    document_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_document.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    number: Mapped[str] = mapped_column(sa.String(40))
    signed_on: Mapped[date] = mapped_column(sa.Date)
    made_by: Mapped[str] = mapped_column(sa.String(120))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BankCall(Base):
    """A call of a bank's system that was done, by the bank's own key: said again, it gets the same answer."""

    __tablename__ = "financing_call"

    bank_code: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    status: Mapped[int]
    answer: Mapped[bytes] = mapped_column(sa.LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
