"""All SQL of seats."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.seats.models import Department, Division, Seat, SeatHolding


def get_division(session: Session, code: str) -> Division | None:
    return session.get(Division, code)


def department_named(session: Session, division_code: str, name: str) -> Department | None:
    return session.scalar(
        sa.select(Department).where(Department.division_code == division_code, Department.name == name)
    )


def add(session: Session, row: Division | Department | Seat | SeatHolding) -> None:
    session.add(row)
    session.flush()


def get(session: Session, seat_id: int) -> tuple[Seat, Department] | None:
    row = session.execute(
        sa.select(Seat, Department)
        .join(Department, Department.department_id == Seat.department_id)
        .where(Seat.seat_id == seat_id)
    ).first()
    return (row[0], row[1]) if row else None


def held_by(
    session: Session, subject_id: int, now: datetime
) -> Sequence[tuple[Seat, Department, SeatHolding]]:
    """The open seats a person sits on now, in their own right or acting."""
    rows = session.execute(
        sa.select(Seat, Department, SeatHolding)
        .join(Department, Department.department_id == Seat.department_id)
        .join(SeatHolding, SeatHolding.seat_id == Seat.seat_id)
        .where(
            SeatHolding.subject_id == subject_id,
            SeatHolding.from_at <= now,
            _has_not_ended(now),
            Seat.is_open,
        )
        .order_by(Seat.seat_id, SeatHolding.is_acting)
    )
    return [(seat, department, holding) for seat, department, holding in rows]


def seats_now_or_later(session: Session, subject_id: int, now: datetime) -> Sequence[Seat]:
    """Also those that somebody will act on from a later day."""
    return (
        session.scalars(
            sa.select(Seat)
            .join(SeatHolding, SeatHolding.seat_id == Seat.seat_id)
            .where(SeatHolding.subject_id == subject_id, _has_not_ended(now), Seat.is_open)
        )
        .unique()
        .all()
    )


def open_seats(session: Session) -> Sequence[tuple[Seat, Department]]:
    rows = session.execute(
        sa.select(Seat, Department)
        .join(Department, Department.department_id == Seat.department_id)
        .where(Seat.is_open)
        .order_by(Department.division_code, Department.name, Seat.seat_id)
    )
    return [(seat, department) for seat, department in rows]


def english_names(session: Session) -> Sequence[tuple[str, str]]:
    """Of departments and posts that have one, also of posts that were abolished: files still speak of them."""
    departments = sa.select(Department.name, Department.name_en).where(Department.name_en != "")
    posts = sa.select(Seat.title, Seat.title_en).where(Seat.title_en != "")
    return [(zh, en) for zh, en in session.execute(departments.union(posts))]


def current_holding(session: Session, seat_id: int) -> SeatHolding | None:
    return session.scalar(
        sa.select(SeatHolding).where(SeatHolding.seat_id == seat_id, SeatHolding.until_at.is_(None))
    )


def holdings_now_or_later(session: Session, seat_ids: Sequence[int], now: datetime) -> Sequence[SeatHolding]:
    """The holder of each seat first, then those who act for them."""
    return session.scalars(
        sa.select(SeatHolding)
        .where(SeatHolding.seat_id.in_(seat_ids), _has_not_ended(now))
        .order_by(SeatHolding.seat_id, SeatHolding.is_acting, SeatHolding.from_at)
    ).all()


def _has_not_ended(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(SeatHolding.until_at.is_(None), SeatHolding.until_at > now)
