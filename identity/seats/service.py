"""Make seats, fill them, vacate them. Whoever leaves a seat has lost its rights when the commit is done."""

from collections.abc import Collection
from datetime import datetime
from typing import get_args

from sqlalchemy.orm import Session

from identity.grants import service as grants
from identity.seats import repository
from identity.seats.models import Department, Division, Seat, SeatHolding
from identity.trail import note
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.web.principal import Duty, SeatView

DUTIES: frozenset[str] = frozenset(get_args(Duty))


def ensure_division(session: Session, *, code: str, name: str, parent_code: str | None = None) -> None:
    """Know a division; a known one keeps its name."""
    if repository.get_division(session, code) is None:
        repository.add(session, Division(code=code, name=name, parent_code=parent_code))


def create_seat(
    session: Session, *, division_code: str, department: str, title: str, duties: Collection[str]
) -> int:
    """A new empty post; its number. The division must be known, the department is made when new."""
    if unknown := sorted(set(duties) - DUTIES):
        what = f"没有这样的职责：{' '.join(unknown)}"
        raise InvalidInput(
            f"{what}。", errors=[FieldError("duties", what, f"可选：{' '.join(sorted(DUTIES))}")]
        )
    if repository.get_division(session, division_code) is None:
        raise InvalidInput(f"没有代码为{division_code}的行政区划，请先登记。")
    office = repository.department_named(session, division_code, department)
    if office is None:
        office = Department(division_code=division_code, name=department)
        repository.add(session, office)
    seat = Seat(department_id=office.department_id, title=title, duties=sorted(duties), is_open=True)
    repository.add(session, seat)
    return seat.seat_id


def assign_seat(session: Session, *, seat_id: int, subject_id: int, now: datetime) -> None:
    """Seat a person with an account; the one who sat there has no rights of this seat from now on."""
    seat = _required(session, seat_id)
    if not seat.is_open:
        raise Conflict("这个席位已经撤销，不能再任命。")
    current = repository.current_holding(session, seat_id)
    if current is not None and current.subject_id == subject_id:
        return
    _vacate(session, seat_id, now)
    repository.add(session, SeatHolding(seat_id=seat_id, subject_id=subject_id, from_at=now))
    note(session, "seat.assign", "seat", seat_id, now=now, to=subject_id)


def vacate_seat(session: Session, seat_id: int, *, now: datetime) -> None:
    """The seat is empty until somebody is assigned."""
    _required(session, seat_id)
    _vacate(session, seat_id, now)


def close_seat(session: Session, seat_id: int, *, now: datetime) -> None:
    """Abolish the post."""
    _required(session, seat_id).is_open = False
    _vacate(session, seat_id, now)


def seats_of(session: Session, subject_id: int) -> list[SeatView]:
    """The seats a person holds now."""
    return [view_of(seat, department) for seat, department in repository.held_by(session, subject_id)]


def list_seats(session: Session) -> list[SeatView]:
    """All posts that exist, by division and department."""
    return [view_of(seat, department) for seat, department in repository.open_seats(session)]


def describe_seat(session: Session, seat_id: int) -> SeatView:
    found = repository.get(session, seat_id)
    if found is None:
        raise NotFound("没有这个席位。")
    return view_of(*found)


def view_of(seat: Seat, department: Department) -> SeatView:
    return SeatView(
        id=seat.seat_id,
        title=seat.title,
        division=department.division_code,
        department=department.name,
        duties=frozenset(seat.duties),
    )


def basis_of(seat_id: int) -> str:
    """How grants name the seat they rest on."""
    return f"seat:{seat_id}"


def _vacate(session: Session, seat_id: int, now: datetime) -> None:
    current = repository.current_holding(session, seat_id)
    if current is None:
        return
    note(session, "seat.vacate", "seat", seat_id, now=now, held_by=current.subject_id)
    repository.end_holding(session, seat_id, now)
    grants.end_on_basis(session, basis_of(seat_id), reason="left_seat", now=now)


def _required(session: Session, seat_id: int) -> Seat:
    found = repository.get(session, seat_id)
    if found is None:
        raise NotFound("没有这个席位。")
    return found[0]
