"""Pages of posts and the people on them."""

from collections.abc import Callable
from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from identity.seats.separation import OF_INSTITUTIONS
from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from portals.zhengtong import forms
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.organisation import acts
from portals.zhengtong.organisation.api import MAY_LOOK, MAY_MAKE, MAY_SEAT
from portals.zhengtong.visit import Given, Said, Visit, Visiting
from portals.zhengtong.words import DUTIES

SEATS = "/zhengtong/system/seats"
_NOTHING: Sent = {}


@get("/system/seats", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOOK])
def seats(visit: Visiting) -> Response[str]:
    """Every seat, its duties and those on it."""
    return visit.page(
        "zhengtong/organisation/seats.html",
        seats=acts.all_seats(visit.services.house),
        may_make=visit.principal.has_duty("admin.system"),
    )


@get("/system/seats/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_MAKE])
def new_seat(visit: Visiting) -> Response[str]:
    """A form for a new post."""
    return _new_page(visit, _NOTHING)


@post("/system/seats/new", status_code=303, sync_to_thread=True, include_in_schema=False, guards=[MAY_MAKE])
def create_seat(visit: Visiting, data: Form) -> Response[str] | Redirect:
    wanted = acts.NewSeat(
        division=forms.one(data, "division"),
        department=forms.one(data, "department"),
        title=forms.one(data, "title"),
        department_en=forms.one(data, "department_en"),
        title_en=forms.one(data, "title_en"),
        duties=tuple(forms.many(data, "duties")),
    )
    try:
        number = acts.create(visit.services.house, visit.principal, wanted)
    except (InvalidInput, Forbidden) as problem:
        return _new_page(visit, data, problem)
    return Redirect(f"{SEATS}/{number}?done=seat", status_code=303)


@get("/system/seats/{seat_id:int}", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOOK])
def seat(visit: Visiting, seat_id: FromPath[int]) -> Response[str]:
    """One post: who sits there, who acts, and what may be done about it."""
    return _seat_page(visit, seat_id)


@post(
    "/system/seats/{seat_id:int}/take-over",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def take_over(visit: Visiting, seat_id: FromPath[int], data: Form) -> Response[str] | Redirect:
    """Seat somebody."""
    who = acts.Named(name=forms.one(data, "name"), id_number=forms.one(data, "id_number"))
    return _done(
        visit,
        seat_id,
        data,
        lambda: acts.take_over(visit.services.house, visit.principal, seat_id, who),
    )


@post(
    "/system/seats/{seat_id:int}/acting",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def let_act(visit: Visiting, seat_id: FromPath[int], data: Form) -> Response[str] | Redirect:
    """Let somebody act from day to day."""

    def act() -> None:
        who = acts.Acting(
            name=forms.one(data, "acting_name"),
            id_number=forms.one(data, "acting_id_number"),
            from_on=_day(data, "from_on"),
            until_on=_day(data, "until"),
        )
        try:
            acts.let_act(visit.services.house, visit.principal, seat_id, who)
        except InvalidInput as problem:
            renamed = [
                FieldError("acting_id_number" if one.where == "id_number" else one.where, one.what)
                for one in problem.errors
            ]
            raise InvalidInput(problem.detail, errors=renamed) from problem

    return _done(visit, seat_id, data, act)


@post(
    "/system/seats/{seat_id:int}/acting/{number:int}/end",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def end_acting(services: Given, principal: Said, seat_id: FromPath[int], number: FromPath[int]) -> Redirect:
    acts.end_acting(services.house, principal, seat_id, number)
    return Redirect(f"{SEATS}/{seat_id}?done=seat", status_code=303)


@post(
    "/system/seats/{seat_id:int}/vacate",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEAT],
)
def vacate(services: Given, principal: Said, seat_id: FromPath[int]) -> Redirect:
    """Leave the seat empty."""
    acts.vacate(services.house, principal, seat_id)
    return Redirect(f"{SEATS}/{seat_id}?done=seat", status_code=303)


@post(
    "/system/seats/{seat_id:int}/english",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_MAKE],
)
def name_in_english(visit: Visiting, seat_id: FromPath[int], data: Form) -> Response[str] | Redirect:
    """How the post and its department are called in English."""
    names = acts.EnglishNames(
        department_en=forms.one(data, "department_en"), title_en=forms.one(data, "title_en")
    )
    return _done(
        visit,
        seat_id,
        data,
        lambda: acts.name_in_english(visit.services.house, visit.principal, seat_id, names),
    )


@post(
    "/system/seats/{seat_id:int}/close",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_MAKE],
)
def close(services: Given, principal: Said, seat_id: FromPath[int]) -> Redirect:
    """Abolish the post."""
    acts.close(services.house, principal, seat_id)
    return Redirect(f"{SEATS}?done=seat", status_code=303)


def _done(visit: Visit, seat_id: int, data: Sent, act: Callable[[], None]) -> Response[str] | Redirect:
    """Do it, or show the seat again with what was wrong and what was typed."""
    try:
        act()
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _seat_page(visit, seat_id, data, problem)
    return Redirect(f"{SEATS}/{seat_id}?done=seat", status_code=303)


def _seat_page(
    visit: Visit, seat_id: int, typed: Sent = _NOTHING, problem: DongchuError | None = None
) -> Response[str]:
    return visit.page(
        "zhengtong/organisation/seat.html",
        status=problem.status if problem else 200,
        seat=acts.one_seat(visit.services.house, seat_id),
        may_make=visit.principal.has_duty("admin.system"),
        may_seat=visit.principal.has_duty("admin.security"),
        typed={name: forms.one(typed, name) for name in typed if name != "csrf_token"},
        errors=() if problem is None else problem.at(),
        today=visit.services.house.clock.today().isoformat(),
    )


def _new_page(visit: Visit, typed: Sent, problem: DongchuError | None = None) -> Response[str]:
    return visit.page(
        "zhengtong/organisation/new_seat.html",
        status=problem.status if problem else 200,
        typed={
            name: forms.one(typed, name)
            for name in ("division", "department", "department_en", "title", "title_en")
        },
        chosen=forms.many(typed, "duties"),
        duty_options=[(duty, _(label)) for duty, label in DUTIES.items() if duty not in OF_INSTITUTIONS],
        errors=() if problem is None else problem.at(),
    )


def _day(data: Sent, name: str) -> date:
    try:
        return date.fromisoformat(forms.one(data, name))
    except ValueError:
        what = _("请选择日期")
        raise InvalidInput(what, errors=[FieldError(name, what)]) from None


HANDLERS = [
    seats,
    new_seat,
    create_seat,
    seat,
    take_over,
    let_act,
    end_acting,
    vacate,
    name_in_english,
    close,
]
