"""Other seats that can take a part in a claim: to whom it may be handed on, whom one may ask; and telling them."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import SeatView
from kernel.wording import Wording
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.access import serves
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.claims.fitness import fitness_for, part_of_seat
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.ports import HeldSeat, Ports

#: The stage under which opinions are filed among the acts.
OPINION = "opinion"
_CLAIM_DUTIES = frozenset({"claim.accept", "claim.joint_review", "claim.decide"})


def name_of(seat: SeatView) -> str:
    """How the file calls a post; never by who sits there."""
    return seat.post.zh


def successors(
    session: Session, ports: Ports, claim: Claim, seat: SeatView, *, now: datetime
) -> list[HeldSeat]:
    """The seats of the same duty, and the same share of the stage, to which ``seat`` may hand the claim."""
    stage = present_stage(claim)
    part = part_of_seat(claim, seat)

    fitness = fitness_for(session, ports, claim, now=now)

    def is_able(official_id: int, other: SeatView) -> bool:
        return fitness.problem(official_id, other.department) is None

    return [
        held
        for held in _with_able_holders(ports.people.held_seats(session, now), seat, is_able)
        if serves(held.seat, stage, claim.division) and part_of_seat(claim, held.seat) == part
    ]


def advisers(
    session: Session, ports: Ports, claim: Claim, seat: SeatView, *, now: datetime
) -> list[HeldSeat]:
    """The seats that work on claims of this place, whom ``seat`` may ask for an opinion."""

    fitness = fitness_for(session, ports, claim, now=now)

    def is_able(official_id: int, _other: SeatView) -> bool:
        return fitness.problem_as_adviser(official_id, OPINION) is None

    return [
        held
        for held in _with_able_holders(ports.people.held_seats(session, now), seat, is_able)
        if held.seat.duties & _CLAIM_DUTIES and encloses(held.seat.division, claim.division)
    ]


def chosen(seats: Iterable[HeldSeat], seat_id: int) -> HeldSeat:
    """One of those. Raises ``NotFound``."""
    found = next((one for one in seats if one.seat.id == seat_id), None)
    if found is None:
        raise NotFound(_("没有这个席位，或那里的人员应当回避。请重新选择。"))
    return found


def tell_seat(
    session: Session, held: HeldSeat, claim: Claim, kind: str, title: Wording, body: Wording, *, now: datetime
) -> None:
    """A message to whoever sits there now."""
    tell_these(session, held.holders, kind, title, body, link=f"/zhengtong/claims/{claim.id}", now=now)


def seat_numbered(session: Session, ports: Ports, seat_id: int, *, now: datetime) -> HeldSeat | None:
    return next((one for one in ports.people.held_seats(session, now) if one.seat.id == seat_id), None)


def _with_able_holders(
    seats: Iterable[HeldSeat], seat: SeatView, is_able: Callable[[int, SeatView], bool]
) -> list[HeldSeat]:
    """Other seats where somebody sits who may have a hand in it, each with those only."""
    found = []
    for held in seats:
        able = tuple(one for one in held.holders if is_able(one, held.seat))
        if able and held.seat.id != seat.id:
            found.append(HeldSeat(held.seat, able))
    return found
