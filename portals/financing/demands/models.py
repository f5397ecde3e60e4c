"""Tables of demands: what a firm wants, each bank that is asked, what data it may read and has read, and the history."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class Demand(Base):
    """One demand of one firm. ``wanted_bank`` and ``wanted_product`` are set when the firm named them.

    ``routing``: ``named`` (that bank first), ``open`` (every bank that matches, at once), ``rotation`` (one after another).
    """

    __tablename__ = "financing_demand"
    __table_args__ = (
        sa.Index("ix_financing_demand_firm_id_created_at", "firm_id", "created_at"),
        sa.Index("ix_financing_demand_state", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)
    firm_id: Mapped[int] = mapped_column(BigNumber)
    division: Mapped[str] = mapped_column(sa.String(12))
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    term_months: Mapped[int]
    purpose: Mapped[str] = mapped_column(sa.String(24))
    purpose_note: Mapped[str] = mapped_column(sa.String(500), default="")
    repayment: Mapped[str] = mapped_column(sa.String(24))
    collateral: Mapped[list[str]] = mapped_column(JsonDocument, default=list)
    routing: Mapped[str] = mapped_column(sa.String(16))
    wanted_bank: Mapped[str | None] = mapped_column(sa.String(40))
    wanted_product: Mapped[str | None] = mapped_column(sa.String(80))
    state: Mapped[str] = mapped_column(sa.String(24))
    is_first_loan: Mapped[bool | None]
    #: Candidates not asked yet, in the order of asking.
    waiting: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument, default=list)
    created_by: Mapped[int] = mapped_column(BigNumber)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    posted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Application(Base):
    """One demand at one bank. ``position`` is its place in the order of asking.

    ``next_clock_at`` is when a clock has something to do; ``breaches`` are those of this bank and stay on its record.
    """

    __tablename__ = "financing_application"
    __table_args__ = (
        sa.UniqueConstraint("demand_id", "bank_code"),
        sa.Index("ix_financing_application_bank_code_state", "bank_code", "state"),
        sa.Index("ix_financing_application_next_clock_at", "next_clock_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    demand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_demand.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    product_id: Mapped[str] = mapped_column(sa.String(80))
    product_version: Mapped[int]
    position: Mapped[int]
    verdict: Mapped[str] = mapped_column(sa.String(16))
    limit_fen: Mapped[int | None] = mapped_column(BigNumber)
    state: Mapped[str] = mapped_column(sa.String(24))
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason_note: Mapped[str | None] = mapped_column(sa.String(500))
    routed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    contacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    contracted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disbursed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_clock_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded: Mapped[list[str]] = mapped_column(JsonDocument, default=list)
    breaches: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument, default=list)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Authorisation(Base):
    """What a firm lets banks read for one demand: which items, which banks, until when. Ends at once when withdrawn."""

    __tablename__ = "financing_authorisation"
    __table_args__ = (
        sa.Index("ix_financing_authorisation_firm_id", "firm_id"),
        sa.Index("ix_financing_authorisation_demand_id", "demand_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    firm_id: Mapped[int] = mapped_column(BigNumber)
    demand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_demand.id"))
    state: Mapped[str] = mapped_column(sa.String(16))
    items: Mapped[list[str]] = mapped_column(JsonDocument)
    bank_codes: Mapped[list[str]] = mapped_column(JsonDocument)
    purpose: Mapped[str] = mapped_column(sa.String(24))
    is_once: Mapped[bool]
    grant_id: Mapped[uuid.UUID | None]
    given_by: Mapped[int | None] = mapped_column(BigNumber)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Access(Base):
    """One reading of a firm's data by a bank, written before the data left. Rows only grow."""

    __tablename__ = "financing_access"
    __table_args__ = (sa.Index("ix_financing_access_firm_id_at", "firm_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    authorisation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("financing_authorisation.id"), index=True
    )
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    reader_id: Mapped[int | None] = mapped_column(BigNumber)
    seat_id: Mapped[int | None] = mapped_column(BigNumber)
    client_id: Mapped[str] = mapped_column(sa.String(80))
    items: Mapped[list[str]] = mapped_column(JsonDocument)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FinancingEvent(Base):
    """The history of a demand and of its applications: who moved what from where to where, and why."""

    __tablename__ = "financing_event"
    __table_args__ = (sa.Index("ix_financing_event_demand_id_number", "demand_id", "number"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    demand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_demand.id"))
    application_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("financing_application.id"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    command: Mapped[str] = mapped_column(sa.String(32))
    from_state: Mapped[str | None] = mapped_column(sa.String(24))
    to_state: Mapped[str | None] = mapped_column(sa.String(24))
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[int | None] = mapped_column(BigNumber)
    seat_id: Mapped[int | None] = mapped_column(BigNumber)
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
