"""Posts and the people on them, for programs."""

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from portals.zhengtong.access import needs
from portals.zhengtong.organisation import acts
from portals.zhengtong.visit import Given, Said

MAY_LOOK = needs("admin.system", "admin.security", "audit.read")
MAY_MAKE = needs("admin.system")
MAY_SEAT = needs("admin.security")


@get(
    "/seats",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Seats with duties and those on them",
    guards=[MAY_LOOK],
)
def list_seats(services: Given) -> list[acts.SeatLine]:
    return acts.all_seats(services.house)


@post("/seats", sync_to_thread=True, tags=["organisation"], summary="Make a post", guards=[MAY_MAKE])
def add_seat(services: Given, principal: Said, data: JSONBody[acts.NewSeat]) -> acts.SeatLine:
    return acts.one_seat(services.house, acts.create(services.house, principal, data))


@post(
    "/seats/{seat_id:int}/english-names",
    status_code=200,
    sync_to_thread=True,
    tags=["organisation"],
    summary="How a post and its department are called in English",
    guards=[MAY_MAKE],
)
def name_in_english(
    services: Given, principal: Said, seat_id: FromPath[int], data: JSONBody[acts.EnglishNames]
) -> acts.SeatLine:
    acts.name_in_english(services.house, principal, seat_id, data)
    return acts.one_seat(services.house, seat_id)


@delete(
    "/seats/{seat_id:int}", sync_to_thread=True, tags=["organisation"], summary="Abolish", guards=[MAY_MAKE]
)
def remove_seat(services: Given, principal: Said, seat_id: FromPath[int]) -> None:
    acts.close(services.house, principal, seat_id)


@post(
    "/seats/{seat_id:int}/holder",
    status_code=200,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Seat somebody; the former holder is out at once",
    guards=[MAY_SEAT],
)
def change_holder(
    services: Given, principal: Said, seat_id: FromPath[int], data: JSONBody[acts.Named]
) -> acts.SeatLine:
    acts.take_over(services.house, principal, seat_id, data)
    return acts.one_seat(services.house, seat_id)


@delete(
    "/seats/{seat_id:int}/holder",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Leave a seat empty",
    guards=[MAY_SEAT],
)
def remove_holder(services: Given, principal: Said, seat_id: FromPath[int]) -> None:
    acts.vacate(services.house, principal, seat_id)


@post(
    "/seats/{seat_id:int}/deputies",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Let somebody act from day to day",
    guards=[MAY_SEAT],
)
def add_deputy(
    services: Given, principal: Said, seat_id: FromPath[int], data: JSONBody[acts.Acting]
) -> acts.SeatLine:
    acts.let_act(services.house, principal, seat_id, data)
    return acts.one_seat(services.house, seat_id)


@delete(
    "/seats/{seat_id:int}/deputies/{number:int}",
    sync_to_thread=True,
    tags=["organisation"],
    summary="End somebody's acting",
    guards=[MAY_SEAT],
)
def remove_deputy(services: Given, principal: Said, seat_id: FromPath[int], number: FromPath[int]) -> None:
    acts.end_acting(services.house, principal, seat_id, number)


HANDLERS = [
    list_seats,
    add_seat,
    name_in_english,
    remove_seat,
    change_holder,
    remove_holder,
    add_deputy,
    remove_deputy,
]
