"""Tables of the civil service: divisions, departments, seats, and who holds each seat from when to when."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class Division(Base):
    """An administrative division by its code (GB/T 2260 and the statistical codes of streets and villages)."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    parent_code: Mapped[str | None] = mapped_column(sa.ForeignKey("division.code"))


class Department(Base):
    """An office of a division, by the name it is called there: 民政局, 残联, 财政局.

    With an ``institution_id`` it is not the city's: a bank's desk at the city, by the bank's own name.
    """

    __tablename__ = "department"
    __table_args__ = (sa.UniqueConstraint("division_code", "name"),)

    department_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"))
    name: Mapped[str] = mapped_column(sa.String(60))
    name_en: Mapped[str] = mapped_column(sa.String(120), server_default="")
    institution_id: Mapped[int | None] = mapped_column(BigNumber, index=True)


class Seat(Base):
    """A post with its duties; closed when the post is abolished."""

    __tablename__ = "seat"

    seat_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    department_id: Mapped[int] = mapped_column(sa.ForeignKey("department.department_id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(60))
    title_en: Mapped[str] = mapped_column(sa.String(120), server_default="")
    duties: Mapped[list[str]] = mapped_column(JsonDocument)
    is_open: Mapped[bool]


class SeatHolding(Base):
    """Who sits there. At most one holding of a seat is without an end; an acting one (代理) has dates beforehand."""

    __tablename__ = "seat_holding"
    __table_args__ = (
        sa.Index(
            "uq_seat_holding_current",
            "seat_id",
            unique=True,
            sqlite_where=sa.text("until_at IS NULL"),
            postgresql_where=sa.text("until_at IS NULL"),
        ),
    )

    holding_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    seat_id: Mapped[int] = mapped_column(sa.ForeignKey("seat.seat_id"), index=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), index=True)
    is_acting: Mapped[bool] = mapped_column(server_default=sa.false())
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
