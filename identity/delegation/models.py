"""Tables of delegation. Nothing is deleted: what was allowed, by whom and until when stays readable."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class Proxy(Base):
    """``principal_id`` lets ``agent_id`` act within ``scopes``; ``given_by`` is phone, counter or paper.

    ``kind``: ``kin`` (亲情代办) or ``guardian``, whom an authority appointed by the ``document`` on file.
    ``recorded_by`` is the official who entered it, where the principal did not do it themselves.
    """

    __tablename__ = "proxy"

    proxy_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    relation: Mapped[str] = mapped_column(sa.String(20))
    scopes: Mapped[list[str]] = mapped_column(JsonDocument)
    given_by: Mapped[str] = mapped_column(sa.String(16))
    kind: Mapped[str] = mapped_column(sa.String(16), server_default="kin")
    document: Mapped[str | None] = mapped_column(sa.String(80))
    recorded_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(Base):
    """Who may act for a firm; ``appointed_by`` is the membership it hangs on, or nothing for the legal representative."""

    __tablename__ = "membership"

    membership_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(16))
    scopes: Mapped[list[str]] = mapped_column(JsonDocument)
    appointed_by: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("membership.membership_id"), index=True
    )
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Mandate(Base):
    """``principal_id`` lets an organisation act: a firm its accountancy, a person the institution they live in.

    ``granted_under`` is the membership of the administrator who granted it, or nothing for the legal representative
    and for persons; ``document`` and ``recorded_by`` speak of a paper that a counter took in.
    """

    __tablename__ = "mandate"

    mandate_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    principal_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    holder_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(JsonDocument)
    granted_under: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("membership.membership_id"), index=True
    )
    document: Mapped[str | None] = mapped_column(sa.String(80))
    recorded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("subject.subject_id"))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Assignment(Base):
    """Whom of its own people an organisation lets work on a mandate.

    It rests on the person's membership of the organisation (``rests_on``) and on that of whoever assigned them
    (``assigned_under``); nothing stands for the organisation's legal representative.
    """

    __tablename__ = "mandate_assignment"

    assignment_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    mandate_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("mandate.mandate_id"), index=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    rests_on: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("membership.membership_id"), index=True)
    assigned_under: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("membership.membership_id"), index=True
    )
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SeatAuthorisation(Base):
    """代办、帮办: a paper on file by which whoever sits on a street's or village's seat may act for a person."""

    __tablename__ = "seat_authorisation"

    authorisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    seat_id: Mapped[int] = mapped_column(sa.ForeignKey("seat.seat_id"), index=True)
    document_kind: Mapped[str] = mapped_column(sa.String(24))
    document: Mapped[str] = mapped_column(sa.String(80))
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
