"""Somebody moves while a claim is open: the file goes to the office now responsible, with its tasks and its clock.

A claim belongs where its subject is dealt with (by register or residence). Until it is decided it moves along, unless the
policy says that the office of the day of application finishes it; once a decision is out, whoever made it sees it through,
and only payments follow (``awards.moving``). The clock runs on: whose it was when a day passed stays in the history. What
another place's seats signed at the present stage, were asked or were given to do counts no more, for they have no more
business with it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.i18n import Named
from kernel.wording import Wording, worded
from policy_engine.catalogue import catalogue, encloses
from policy_engine.delivery.access import serves
from policy_engine.delivery.cases.letters import tell, tell_these
from policy_engine.delivery.cases.timeline import SYSTEM, record_event
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.means.ending import AT_A_DESK
from policy_engine.delivery.ports import HeldSeat, Ports
from policy_engine.delivery.terms import Terms

#: Why a claim stays: its policy says so, it is decided already, or the policy does not reach where the subject went.
Staying = Literal["rule", "decided", "outside"]


def has_moved(before: str, to: str) -> bool:
    """Whether ``to`` is another place; the same place told less exactly is none."""
    return to != before and not encloses(to, before)


def move_claims(session: Session, ports: Ports, places: Mapping[int, str], *, now: datetime) -> int:
    """The open claims of these subjects, who are now dealt with at ``places``; how many moved. Twice is once."""
    moved = 0
    for claim in repository.lock_open_of_subjects(session, places):
        to = places[claim.subject_id]
        if has_moved(claim.division, to):
            terms = ports.terms(session, claim.policy_id, claim.policy_version)
            staying = _why_it_stays(claim, terms, to)
            if staying is None:
                _transfer(session, ports, claim, terms, to, now=now)
                moved += 1
            elif to not in repository.places_told_of(session, claim.id):
                _say_it_stays(session, ports, claim, terms, to, staying, now=now)
    return moved


def place_named(code: str) -> Named:
    """A place in a letter; a township with its county, in English with its county alone, for it has no other name."""
    known = catalogue().divisions
    division, county = known.get(code), known.get(code[:6])
    if division is None:
        return Named(code)
    if division.level != "township" or county is None:
        return Named(division.name, division.label_en)
    return Named(f"{county.name}{division.name}", county.label_en)


def _why_it_stays(claim: Claim, terms: Terms, to: str) -> Staying | None:
    if claim.state not in AT_A_DESK:
        return "decided"
    if terms.on_move == "finish":
        return "rule"
    return None if encloses(terms.division, to) else "outside"


def _transfer(session: Session, ports: Ports, claim: Claim, terms: Terms, to: str, *, now: datetime) -> None:
    before, claim.division = claim.division, to
    _end_what_was_theirs(session, ports, claim, now=now)
    check_id = checks.open_of_claim(session, claim.id)
    check = None if check_id is None else checks.lock_check(session, check_id)
    if check is not None:
        check.division = to
    detail = {"from": before, "to": to, "place": place_named(to).zh}
    _log(session, claim, "claim.moved", detail, now=now)
    title = worded("%(policy)s：转到%(place)s办理", policy=terms.named, place=place_named(to))
    body = worded("您的地址变更后，由当地继续办理。材料、进度和办理期限都不变，无需重新申请。")
    _tell_person(session, ports, claim, "claim.moved", title, body, now=now)
    _tell_seats(session, ports, claim, before, now=now)


def _end_what_was_theirs(session: Session, ports: Ports, claim: Claim, *, now: datetime) -> None:
    """Signatures, errands and questions of seats that do not cover the new place."""
    stage = present_stage(claim)
    seats = {one.seat.id: one.seat for one in ports.people.held_seats(session, now)}
    signed = [
        act
        for act in repository.standing_acts(session, claim.id)
        if act.stage == stage.key and act.visit == claim.visit
    ]
    if any(not encloses(act.division, claim.division) for act in signed):
        claim.visit += 1  # all sign again where the file is now
    claim.assignments = {
        part: one
        for part, one in claim.assignments.items()
        if one["seat_id"] in seats and encloses(seats[one["seat_id"]].division, claim.division)
    }
    for opinion in repository.open_opinions(session, claim.id):
        asked = seats.get(opinion.seat_id)
        if asked is None or not encloses(asked.division, claim.division):
            opinion.state = "dropped"


def _say_it_stays(
    session: Session, ports: Ports, claim: Claim, terms: Terms, to: str, why: Staying, *, now: datetime
) -> None:
    _log(session, claim, "claim.stayed", {"to": to, "why": why}, now=now)
    title = worded("%(policy)s：仍由%(place)s办理", policy=terms.named, place=place_named(claim.division))
    body = {
        "rule": worded("按这项政策的规定，由申请时的办理地办完；批准以后的款项由您现在的所在地发放。"),
        "decided": worded("已经作出决定，由作出决定的地方办完；以后的款项由您现在的所在地发放。"),
        "outside": worded("您现在的所在地不执行这项政策。是否还符合条件，由原办理地核实后答复您。"),
    }[why]
    _tell_person(session, ports, claim, "claim.stayed", title, body, now=now)


def _tell_seats(session: Session, ports: Ports, claim: Claim, before: str, *, now: datetime) -> None:
    """Who has it on the desk from now on, and who no longer has."""
    stage = present_stage(claim)
    held = ports.people.held_seats(session, now)

    def at(place: str) -> list[HeldSeat]:
        return [one for one in held if serves(one.seat, stage, place)]

    here, there = at(claim.division), at(before)
    gone = {one.seat.id for one in there} - {one.seat.id for one in here}
    arrived = {one.seat.id for one in here} - {one.seat.id for one in there}
    number = claim.case_number
    for seats, title, link in (
        (arrived, worded("转入的申请：%(number)s", number=number), f"/zhengtong/claims/{claim.id}"),
        (gone, worded("转出的申请：%(number)s", number=number), "/zhengtong"),
    ):
        holders = {holder for one in held if one.seat.id in seats for holder in one.holders}
        body = worded("申请人的地址变更，由%(place)s继续办理，期限不变。", place=place_named(claim.division))
        tell_these(session, holders, "claim.moved", title, body, link=link, now=now)


def _tell_person(
    session: Session, ports: Ports, claim: Claim, kind: str, title: Wording, body: Wording, *, now: datetime
) -> None:
    tell(session, ports, claim.subject_id, kind, title, body, link=f"/claims/{claim.id}", now=now)


def _log(session: Session, claim: Claim, kind: str, detail: dict[str, str], *, now: datetime) -> None:
    claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        kind,
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=SYSTEM,
        now=now,
        detail=detail,
    )
    audit.record(
        session,
        actor="worker",
        action=kind,
        object_kind="claim",
        object_id=claim.id,
        detail=detail,
        now=now,
    )
