"""Who else has a part in a claim: signatures, opinions, the seat that has it; and where a seat may send it."""

from datetime import datetime

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.colleagues import advisers, successors
from policy_engine.delivery.claims.fitness import part_of_seat
from policy_engine.delivery.claims.handing import earlier_stages, hand_on_problem, own_last_act
from policy_engine.delivery.claims.models import Claim, Opinion
from policy_engine.delivery.claims.schemas import Hands, OpinionView, SeatChoice, SignatureLine, StageChoice
from policy_engine.delivery.claims.separation import why_not
from policy_engine.delivery.claims.signing import dissenters, filled_places, signatures_at
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage, stages_of
from policy_engine.delivery.ports import HeldSeat, Ports
from policy_engine.delivery.views.parts import clock_left


def hands_on(session: Session, ports: Ports, claim: Claim, principal: Principal, *, now: datetime) -> Hands:
    """Everything about other hands, as this seat may see and use it."""
    seat = principal.seat
    asked = repository.opinions(session, claim.id)
    may_act = why_not(session, ports, claim, principal, now=now) is None
    may_hand_on = hand_on_problem(session, ports, claim, principal, now=now) is None
    mine = [one.id for one in asked if one.state == "asked" and seat is not None and one.seat_id == seat.id]
    earlier = earlier_stages(claim) if may_act else []
    return Hands(
        signatures=_signatures(session, claim),
        against=tuple(dissenters(stages_of(claim), claim.round, repository.standing_acts(session, claim.id))),
        opinions=tuple(_opinion_view(session, one, now) for one in asked),
        asked_of_me=next(iter(mine), None),
        assigned_to=post_names(session).said(_assigned_to(claim, seat)),
        earlier=tuple(StageChoice(key=one.key, title=one.named.said) for one in earlier),
        colleagues=_colleagues(session, ports, claim, seat, now) if may_hand_on and seat else (),
        advisers=_choices(advisers(session, ports, claim, seat, now=now)) if may_act and seat else (),
        may_take_back=own_last_act(session, claim, principal) is not None,
    )


def _signatures(session: Session, claim: Claim) -> tuple[SignatureLine, ...]:
    stage = present_stage(claim)
    if not stage.joint or claim.state != WAITS_FOR[stage.outcome]:
        return ()
    signed = signatures_at(stage, claim.visit, repository.standing_acts(session, claim.id))
    names = post_names(session)
    return tuple(
        SignatureLine(
            title=names.said(place.title),
            department=names.said(act.department if act is not None else place.department),
            action=act.action if act is not None else "",
            official_name=act.official_name if act is not None else "",
            signed_at=act.decided_at if act is not None else None,
        )
        for place, act in filled_places(stage, signed)
    )


def _assigned_to(claim: Claim, seat: SeatView | None) -> str:
    assigned = claim.assignments.get(part_of_seat(claim, seat)) if seat is not None else None
    return assigned["name"] if assigned is not None else ""


def _colleagues(
    session: Session, ports: Ports, claim: Claim, seat: SeatView, now: datetime
) -> tuple[SeatChoice, ...]:
    """With one's own seat first, where another has the claim now."""
    assigned = claim.assignments.get(part_of_seat(claim, seat))
    taken = assigned["seat_id"] if assigned is not None else seat.id
    own = () if taken == seat.id else (SeatChoice(id=seat.id, name=seat.post.said),)
    others = successors(session, ports, claim, seat, now=now)
    return (*own, *_choices([one for one in others if one.seat.id != taken]))


def _choices(seats: list[HeldSeat]) -> tuple[SeatChoice, ...]:
    return tuple(SeatChoice(id=one.seat.id, name=one.seat.post.said) for one in seats)


def _opinion_view(session: Session, one: Opinion, now: datetime) -> OpinionView:
    is_open, names = one.state == "asked", post_names(session)
    return OpinionView(
        id=one.id,
        state=one.state,
        seat=names.said(one.seat_name),
        asked_by=names.said(one.asked_by_seat),
        question=one.question,
        asked_at=one.asked_at,
        due_on=one.due_on,
        working_days_left=clock_left(one.due_on, business_date(now)) if is_open else None,
        stance=one.stance or "",
        answer=one.answer or "",
        answered_by=one.answered_by_name or "",
        answered_at=one.answered_at,
    )
