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


def held_by(session: Session, subject_id: int) -> Sequence[tuple[Seat, Department]]:
    rows = session.execute(
        sa.select(Seat, Department)
        .join(Department, Department.department_id == Seat.department_id)
        .join(SeatHolding, SeatHolding.seat_id == Seat.seat_id)
        .where(SeatHolding.subject_id == subject_id, SeatHolding.until_at.is_(None), Seat.is_open)
        .order_by(Seat.seat_id)
    )
    return [(seat, department) for seat, department in rows]


def open_seats(session: Session) -> Sequence[tuple[Seat, Department]]:
    rows = session.execute(
        sa.select(Seat, Department)
        .join(Department, Department.department_id == Seat.department_id)
        .where(Seat.is_open)
        .order_by(Department.division_code, Department.name, Seat.seat_id)
    )
    return [(seat, department) for seat, department in rows]


def current_holding(session: Session, seat_id: int) -> SeatHolding | None:
    return session.scalar(
        sa.select(SeatHolding).where(SeatHolding.seat_id == seat_id, SeatHolding.until_at.is_(None))
    )


def end_holding(session: Session, seat_id: int, now: datetime) -> None:
    session.execute(
        sa.update(SeatHolding)
        .where(SeatHolding.seat_id == seat_id, SeatHolding.until_at.is_(None))
        .values(until_at=now)
    )
