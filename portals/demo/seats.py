"""The officials' posts of the demonstration, and who sits on them."""

from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.seats import service as seats
from kernel.house import House
from kernel.ids import new_id
from kernel.web.principal import Duty, Principal, SeatView
from portals.demo.cast import Cast


class DemoSeat(msgspec.Struct, frozen=True):
    """A post of the demonstration and what it may do."""

    key: str
    part: str
    part_en: str
    division: str
    division_name: str
    department: str
    department_en: str
    title: str
    title_en: str
    duties: tuple[Duty, ...]


SEATS = msgspec.yaml.decode((Path(__file__).parent / "seats.yaml").read_bytes(), type=tuple[DemoSeat, ...])


def principal_on(session: Session, house: House, cast: Cast, key: str) -> Principal:
    """The official on a demonstration seat, for what the demonstration does in their name while it is being made."""
    place = next(number for number, seat in enumerate(SEATS) if seat.key == key)
    subject_id = cast.officials[place]
    view: SeatView = seats.seats_of(session, subject_id, house.clock.now())[0].seat
    name = registry.describe(session, [subject_id], vault=house.vault)[subject_id].name
    return Principal(
        subject_id=subject_id,
        name=name,
        capacity="seat",
        acting_for=subject_id,
        acting_for_name=name,
        seat=view,
        scopes=frozenset({"zhengtong"}),
        acr="1",
        client_id="demo",
        grant_id=new_id(),
    )
