"""Make seats, fill them, vacate them. Whoever leaves a seat has lost its rights when the commit is done."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy.orm import Session

from identity.accounts import repository as accounts
from identity.grants import service as grants
from identity.seats import repository
from identity.seats.models import Department, Division, Seat, SeatHolding
from identity.seats.schemas import SeatTaken
from identity.seats.separation import check_person, check_post
from identity.trail import note
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.web.principal import Duty, Principal, SeatView

DUTIES: frozenset[str] = frozenset(get_args(Duty))
LONGEST_ACTING = timedelta(days=366)


def ensure_division(session: Session, *, code: str, name: str, parent_code: str | None = None) -> None:
    """Know a division; a known one keeps its name."""
    if repository.get_division(session, code) is None:
        repository.add(session, Division(code=code, name=name, parent_code=parent_code))


def create_seat(
    session: Session,
    *,
    division_code: str,
    department: str,
    title: str,
    duties: Collection[str],
    department_en: str = "",
    title_en: str = "",
    institution_id: int | None = None,
    by: Principal | None = None,
    now: datetime | None = None,
) -> int:
    """A new empty post; its number. The division must be known, the department is made when new, and called in English
    by the first who says how.

    With ``institution_id`` the post is that bank's, never the city's. Raises ``InvalidInput``, ``Conflict``.
    """
    if unknown := sorted(set(duties) - DUTIES):
        what = f"没有这样的职责：{' '.join(unknown)}"
        raise InvalidInput(
            f"{what}。", errors=[FieldError("duties", what, f"可选：{' '.join(sorted(DUTIES))}")]
        )
    check_post(duties, is_of_institution=institution_id is not None)
    if repository.get_division(session, division_code) is None:
        raise InvalidInput(f"没有代码为{division_code}的行政区划，请先登记。")
    office = repository.department_named(session, division_code, department)
    if office is None:
        office = Department(
            division_code=division_code,
            name=department,
            name_en=department_en,
            institution_id=institution_id,
        )
        repository.add(session, office)
    if office.institution_id != institution_id:
        raise Conflict("同名的单位已经登记为另一个机构，请核对名称。")
    office.name_en = office.name_en or department_en
    seat = Seat(
        department_id=office.department_id,
        title=title,
        title_en=title_en,
        duties=sorted(duties),
        is_open=True,
    )
    repository.add(session, seat)
    if now is not None:
        note(session, "seat.create", "seat", seat.seat_id, now=now, by=by, duties=sorted(duties))
    return seat.seat_id


def assign_seat(
    session: Session, *, seat_id: int, subject_id: int, now: datetime, by: Principal | None = None
) -> None:
    """Seat a person with an account; the one who sat there has no rights of this seat from now on."""
    seat = _required(session, seat_id)
    current = repository.current_holding(session, seat_id)
    if current is not None and current.subject_id == subject_id:
        return
    _check_seating(session, seat, subject_id, by, now)
    _vacate(session, seat_id, by, now)
    for holding in repository.holdings_now_or_later(session, [seat_id], now):
        if holding.subject_id == subject_id:
            _end(session, holding, now)  # who acted there holds it now
    repository.add(session, SeatHolding(seat_id=seat_id, subject_id=subject_id, is_acting=False, from_at=now))
    note(session, "seat.assign", "seat", seat_id, now=now, by=by, to=subject_id)


def let_act(
    session: Session,
    *,
    seat_id: int,
    subject_id: int,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    by: Principal | None = None,
) -> int:
    """代理: somebody acts on a seat beside its holder, from one instant to another; the holding's number."""
    seat = _required(session, seat_id)
    if not now <= from_at < until_at <= now + LONGEST_ACTING:
        what = N_("代理期限应在今后一年以内，且开始早于结束")
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError("until", what)])
    _check_seating(session, seat, subject_id, by, now)
    for holding in repository.holdings_now_or_later(session, [seat_id], now):
        if holding.subject_id == subject_id:
            raise Conflict("对方已经在这个席位上，或已安排代理。")
    holding = SeatHolding(
        seat_id=seat_id, subject_id=subject_id, is_acting=True, from_at=from_at, until_at=until_at
    )
    repository.add(session, holding)
    note(session, "seat.act", "seat", seat_id, now=now, by=by, to=subject_id, until=until_at.isoformat())
    return holding.holding_id


def end_acting(
    session: Session, *, seat_id: int, subject_id: int, now: datetime, by: Principal | None = None
) -> None:
    """Somebody acts no longer, or will not."""
    _required(session, seat_id)
    for holding in repository.holdings_now_or_later(session, [seat_id], now):
        if holding.is_acting and holding.subject_id == subject_id:
            _end(session, holding, now)
            note(session, "seat.act_no_more", "seat", seat_id, now=now, by=by, held_by=subject_id)
            return
    raise NotFound("对方没有在这个席位上代理。")


def vacate_seat(session: Session, seat_id: int, *, now: datetime, by: Principal | None = None) -> None:
    """The seat is empty until somebody is assigned."""
    _required(session, seat_id)
    _vacate(session, seat_id, by, now)


def close_seat(session: Session, seat_id: int, *, now: datetime, by: Principal | None = None) -> None:
    """Abolish the post; nobody sits or acts there any more."""
    seat = _required(session, seat_id)
    if not seat.is_open:
        return
    seat.is_open = False
    for holding in repository.holdings_now_or_later(session, [seat_id], now):
        _end(session, holding, now)
    grants.end_on_basis(session, basis_of(seat_id), reason="seat_closed", now=now)
    note(session, "seat.close", "seat", seat_id, now=now, by=by)


def name_in_english(
    session: Session,
    seat_id: int,
    *,
    department_en: str,
    title_en: str,
    now: datetime,
    by: Principal | None = None,
) -> None:
    """How whoever reads English is told of the post and its department; nothing takes a name away."""
    found = repository.get(session, seat_id)
    if found is None:
        raise NotFound("没有这个席位。")
    seat, department = found
    seat.title_en, department.name_en = title_en, department_en
    note(
        session,
        "seat.name_in_english",
        "seat",
        seat_id,
        now=now,
        by=by,
        title=title_en,
        department=department_en,
    )


def seats_of(session: Session, subject_id: int, now: datetime) -> list[SeatTaken]:
    """The seats a person sits on now, in their own right or acting until a day."""
    return [
        SeatTaken(seat=view_of(seat, department), until_at=holding.until_at)
        for seat, department, holding in repository.held_by(session, subject_id, now)
    ]


def list_seats(session: Session) -> list[SeatView]:
    """All posts that exist, by division and department."""
    return [view_of(seat, department) for seat, department in repository.open_seats(session)]


def held_seats(session: Session, now: datetime) -> list[tuple[SeatView, tuple[int, ...]]]:
    """The posts on which somebody sits now, each with its holder and whoever acts there."""
    found = list_seats(session)
    holders: dict[int, list[int]] = {}
    for holding in repository.holdings_now_or_later(session, [one.id for one in found], now):
        if holding.from_at <= now:
            holders.setdefault(holding.seat_id, []).append(holding.subject_id)
    return [(one, tuple(holders[one.id])) for one in found if one.id in holders]


def describe_seat(session: Session, seat_id: int) -> SeatView:
    found = repository.get(session, seat_id)
    if found is None:
        raise NotFound("没有这个席位。")
    return view_of(*found)


def view_of(seat: Seat, department: Department) -> SeatView:
    return SeatView(
        id=seat.seat_id,
        title=seat.title,
        title_en=seat.title_en,
        division=department.division_code,
        department=department.name,
        department_en=department.name_en,
        duties=frozenset(seat.duties),
        institution=department.institution_id,
    )


def basis_of(seat_id: int) -> str:
    """How grants name the seat they rest on."""
    return f"seat:{seat_id}"


def _check_seating(
    session: Session, seat: Seat, subject_id: int, by: Principal | None, now: datetime
) -> None:
    if not seat.is_open:
        raise Conflict("这个席位已经撤销，不能再任命。")
    if by is not None and by.subject_id == subject_id:
        raise Forbidden("不能任命自己，请由另一名安全管理员办理。")
    if accounts.get(session, subject_id) is None:
        raise Conflict("对方还没有东楚通账户，请先请对方注册。")
    held = repository.seats_now_or_later(session, subject_id, now)
    check_person((one.duties for one in held if one.seat_id != seat.seat_id), seat.duties)


def _vacate(session: Session, seat_id: int, by: Principal | None, now: datetime) -> None:
    current = repository.current_holding(session, seat_id)
    if current is None:
        return
    note(session, "seat.vacate", "seat", seat_id, now=now, by=by, held_by=current.subject_id)
    _end(session, current, now)


def _end(session: Session, holding: SeatHolding, now: datetime) -> None:
    holding.until_at = now
    session.flush()
    grants.end_on_basis(
        session,
        basis_of(holding.seat_id),
        reason="left_seat",
        now=now,
        subject_id=holding.subject_id,
    )


def _required(session: Session, seat_id: int) -> Seat:
    found = repository.get(session, seat_id)
    if found is None:
        raise NotFound("没有这个席位。")
    return found[0]
