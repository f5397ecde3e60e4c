"""Posts and the people on them. The system's administrator makes posts, the one of security fills them, neither both.

An administrator works within the division of their own seat.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.names import is_same_name
from identity.seats import repository as seat_rows
from identity.seats import service as seats
from identity.seats.models import Department, Seat, SeatHolding
from kernel.clock import SHANGHAI, business_date
from kernel.errors import FieldError, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal
from policy_engine.catalogue import catalogue, encloses
from portals.shared.places import division_name
from portals.zhengtong.access import seat_of
from portals.zhengtong.words import DUTIES

_LONGEST_ENGLISH = 120


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on a seat: its holder (``until`` is null), or one who acts from day to day."""

    number: int
    name: str
    since: datetime
    until: datetime | None


class SeatLine(msgspec.Struct, frozen=True, kw_only=True):
    """A post, its duties, who sits there now (empty: nobody), and who acts there now or soon."""

    id: int
    title: str
    title_en: str
    division: str
    place: str
    department: str
    department_en: str
    duties: tuple[str, ...]
    holder: str
    sitting: tuple[Sitting, ...]


class NewSeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post to be made; a department that the division does not have yet is made with it."""

    division: str
    department: str
    title: str
    department_en: str = ""
    title_en: str = ""
    duties: tuple[str, ...]


class EnglishNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a post and its department; an empty one is taken away."""

    department_en: str
    title_en: str


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody by name and id number together, so that neither can be tried out alone."""

    name: str
    id_number: str


class Acting(Named, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who acts, from the beginning of one day to the end of another."""

    from_on: date
    until_on: date


def all_seats(house: House) -> list[SeatLine]:
    """Every open seat with those on it, by division and department."""
    with house.database.read() as session:
        return _lines(session, house, seat_rows.open_seats(session))


def one_seat(house: House, seat_id: int) -> SeatLine:
    with house.database.read() as session:
        found = seat_rows.get(session, seat_id)
        if found is None or not found[0].is_open:
            raise NotFound(_("没有这个席位，或者已经撤销。"))
        return _lines(session, house, [found])[0]


def create(house: House, principal: Principal, wanted: NewSeat) -> int:
    """A new empty post. Raises ``InvalidInput`` for duties that cannot stand together."""
    errors = []
    if wanted.division not in catalogue().divisions:
        errors.append(FieldError("division", _("没有这个行政区划代码")))
    for field, text, longest in (("department", wanted.department, 60), ("title", wanted.title, 60)):
        if not text.strip() or len(text) > longest:
            errors.append(FieldError(field, _("请填写1至60个字")))
    errors += _too_long(wanted.department_en, wanted.title_en)
    if not wanted.duties:
        errors.append(FieldError("duties", _("请至少选择一项职责")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    _require_within(principal, wanted.division)
    with house.database.write() as session:
        seats.ensure_division(session, code=wanted.division, name=catalogue().divisions[wanted.division].name)
        return seats.create_seat(
            session,
            division_code=wanted.division,
            department=wanted.department.strip(),
            title=wanted.title.strip(),
            department_en=wanted.department_en.strip(),
            title_en=wanted.title_en.strip(),
            duties=wanted.duties,
            by=principal,
            now=house.clock.now(),
        )


def name_in_english(house: House, principal: Principal, seat_id: int, names: EnglishNames) -> None:
    """How the post and its department are called by whoever reads English, in files of the past too."""
    errors = _too_long(names.department_en, names.title_en)
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        seats.name_in_english(
            session,
            seat_id,
            department_en=names.department_en.strip(),
            title_en=names.title_en.strip(),
            now=house.clock.now(),
            by=principal,
        )


def take_over(house: House, principal: Principal, seat_id: int, who: Named) -> None:
    """Seat somebody; whoever sat there has no rights of this seat from the next request on."""
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        seats.assign_seat(
            session,
            seat_id=seat_id,
            subject_id=person_named(session, house, who),
            now=house.clock.now(),
            by=principal,
        )


def let_act(house: House, principal: Principal, seat_id: int, who: Acting) -> None:
    now = house.clock.now()
    first = _midnight(who.from_on)
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        seats.let_act(
            session,
            seat_id=seat_id,
            subject_id=person_named(session, house, who),
            from_at=now if who.from_on == business_date(now) else first,
            until_at=_midnight(who.until_on + timedelta(days=1)),
            now=now,
            by=principal,
        )


def end_acting(house: House, principal: Principal, seat_id: int, number: int) -> None:
    now = house.clock.now()
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        for holding in seat_rows.holdings_now_or_later(session, [seat_id], now):
            if holding.holding_id == number and holding.is_acting:
                seats.end_acting(
                    session, seat_id=seat_id, subject_id=holding.subject_id, now=now, by=principal
                )
                return
    raise NotFound(_("这项代理已经结束。"))


def vacate(house: House, principal: Principal, seat_id: int) -> None:
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        seats.vacate_seat(session, seat_id, now=house.clock.now(), by=principal)


def close(house: House, principal: Principal, seat_id: int) -> None:
    """Abolish the post; everybody on it is out at once."""
    with house.database.write() as session:
        _require_reach(session, principal, seat_id)
        if seat_of(principal).id == seat_id:
            raise Forbidden(_("不能撤销自己所在的席位。"))
        seats.close_seat(session, seat_id, now=house.clock.now(), by=principal)


def _too_long(department_en: str, title_en: str) -> list[FieldError]:
    return [
        FieldError(field, _("请填写120个字符以内的英文名称"))
        for field, text in (("department_en", department_en), ("title_en", title_en))
        if len(text) > _LONGEST_ENGLISH
    ]


def _lines(session: Session, house: House, posts: Collection[tuple[Seat, Department]]) -> list[SeatLine]:
    numbers = [seat.seat_id for seat, _department in posts]
    holdings: dict[int, list[SeatHolding]] = {}
    for holding in seat_rows.holdings_now_or_later(session, numbers, house.clock.now()):
        holdings.setdefault(holding.seat_id, []).append(holding)
    people = {one.subject_id for many in holdings.values() for one in many}
    names = registry.describe(session, people, vault=house.vault)
    lines = []
    for seat, department in posts:
        known: list[Duty] = [duty for duty in DUTIES if duty in seat.duties]
        sitting = tuple(
            Sitting(
                number=one.holding_id,
                name=names[one.subject_id].name,
                since=one.from_at,
                until=one.until_at,
            )
            for one in holdings.get(seat.seat_id, [])
        )
        lines.append(
            SeatLine(
                id=seat.seat_id,
                title=seat.title,
                title_en=seat.title_en,
                division=department.division_code,
                place=division_name(department.division_code),
                department=department.name,
                department_en=department.name_en,
                duties=tuple(_(DUTIES[duty]) for duty in known),
                holder=next((one.name for one in sitting if one.until is None), ""),
                sitting=sitting,
            )
        )
    return lines


def person_named(session: Session, house: House, who: Named) -> int:
    """Whose name and number belong together. Raises ``InvalidInput``."""
    number = registry.find_by_identifier(session, "id_number", who.id_number.strip(), vault=house.vault)
    view = registry.describe(session, [number], vault=house.vault).get(number) if number else None
    if number is None or view is None or view.kind != "person" or not is_same_name(view.name, who.name):
        text = _("姓名和身份证号码对不上，请核对后再填。")
        raise InvalidInput(text, errors=[FieldError("id_number", text)])
    return number


def _require_reach(session: Session, principal: Principal, seat_id: int) -> None:
    found = seat_rows.get(session, seat_id)
    if found is None or not found[0].is_open:
        raise NotFound(_("没有这个席位，或者已经撤销。"))
    _require_within(principal, found[1].division_code)


def _require_within(principal: Principal, division: str) -> None:
    if not encloses(seat_of(principal).division, division):
        raise Forbidden(_("这个席位不在您的辖区内，请联系当地管理员。"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)
