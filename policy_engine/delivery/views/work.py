"""What waits for a seat: narrowed, ordered and counted by the store, and of a page's lines alone everything is asked.

A page costs the same number of statements however many lines it has, and nearly the same work however many claims wait.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from kernel.working_days import add_working_days, last_working_day
from policy_engine.delivery.cases.schemas import PolicyHead
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims import waiting
from policy_engine.delivery.claims.desks import LOOKED_INTO, desks_served
from policy_engine.delivery.claims.fitness import Fitness, fitness_of_each
from policy_engine.delivery.claims.models import Claim, Opinion
from policy_engine.delivery.claims.schemas import WorkItem
from policy_engine.delivery.claims.separation import why_not
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.claims.waiting import Fits, Order
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.views.parts import clock_left, heads_of

SOON_WORKING_DAYS: Final = 2
#: Opinions that a seat owes, shown before everything else.
MOST_OPINIONS: Final = 200
#: Names lie sealed: so many people's are opened to find a name, those with the nearest deadlines first.
NAMES_OPENED: Final = 5_000
_ORDERS: Final[Mapping[str, Order]] = {
    "due": "due",
    "amount": "amount",
    "number": "number",
    "policy": "policy",
}


class WorkFilter(msgspec.Struct, frozen=True, kw_only=True):
    """``clock``: all, overdue, soon, held. ``words``: part of a 办件编号 or of a name. ``sort``: due, amount, number,
    policy; a leading minus turns it round."""

    policy: str = ""
    clock: str = ""
    words: str = ""
    sort: str = "due"


class WorkPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what fits a filter, and how much waits for the seat altogether; behind the end it is the last page.
    ``policies`` are (id, title)."""

    items: tuple[WorkItem, ...]
    offset: int
    found: int
    total: int
    overdue: int
    soon: int
    held: int
    policies: tuple[tuple[str, str], ...]
    are_names_cut: bool


def work_page(
    session: Session,
    ports: Ports,
    principal: Principal,
    wanted: WorkFilter,
    *,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> WorkPage:
    """What waits for this seat and fits; empty for a seat without such a duty. Opinions that it owes come first."""
    seat = principal.seat
    if seat is None:
        return WorkPage(
            items=(), offset=0, found=0, total=0, overdue=0, soon=0, held=0, policies=(), are_names_cut=False
        )
    today = business_date(now)
    overdue_until, soon_until = _bounds(today)
    everything = _at_desks_of(session, seat)
    counts = waiting.counted(session, everything, overdue_until=overdue_until, soon_until=soon_until)
    owed = opinion_items(session, ports, seat, now=now)
    heads = heads_of(session, ports, {(one.policy_id, one.version) for one in counts})
    titles = {policy_id: head.title for (policy_id, _version), head in heads.items()}
    titles |= {item.policy.policy_id: item.policy.title for item in owed}
    fits, are_names_cut = _fitting(session, ports, everything, wanted, overdue_until, soon_until)
    owed_fitting = [item for item in owed if _fits(item, wanted)]
    is_narrowed = fits != everything
    found = len(owed_fitting) + (
        waiting.how_many(session, fits) if is_narrowed else sum(one.count for one in counts)
    )
    offset = max(0, min(offset, (found - 1) // limit * limit))
    shown = owed_fitting[offset : offset + limit]
    claims = waiting.waiting_at(
        session,
        fits,
        _ORDERS.get(wanted.sort.lstrip("-"), "due"),
        ranks={one: rank for rank, one in enumerate(sorted(titles, key=lambda one: (titles[one], one)))},
        is_reversed=wanted.sort.startswith("-"),
        limit=limit - len(shown),
        offset=max(0, offset - len(owed_fitting)),
    )
    return WorkPage(
        items=(*shown, *work_items(session, ports, claims, principal, now=now)),
        offset=offset,
        found=found,
        total=len(owed) + sum(one.count for one in counts),
        overdue=sum(map(is_overdue, owed)) + sum(one.overdue for one in counts),
        soon=sum(map(is_soon, owed)) + sum(one.soon for one in counts),
        held=sum(item.is_held for item in owed) + sum(one.held for one in counts),
        policies=tuple(sorted(titles.items(), key=lambda one: (one[1], one[0]))),
        are_names_cut=are_names_cut,
    )


def work_list(
    session: Session, ports: Ports, principal: Principal, *, now: datetime, limit: int = 200
) -> list[WorkItem]:
    """The claims that wait for this seat, the nearest deadline first; empty for a seat without such a duty."""
    return list(work_page(session, ports, principal, WorkFilter(), now=now, limit=limit).items)


def chosen_work(
    session: Session, ports: Ports, principal: Principal, claim_ids: Collection[uuid.UUID], *, now: datetime
) -> list[WorkItem]:
    """Those of these claims that wait for this seat."""
    if principal.seat is None:
        return []
    claims = waiting.among_waiting(session, _at_desks_of(session, principal.seat), claim_ids)
    return work_items(session, ports, claims, principal, now=now)


def work_items(
    session: Session, ports: Ports, claims: Sequence[Claim], principal: Principal, *, now: datetime
) -> list[WorkItem]:
    """Lines of a work list; what they need besides their claims is asked once for all of them."""
    heads = heads_of(session, ports, {(claim.policy_id, claim.policy_version) for claim in claims})
    names = ports.people.names_of(session, {claim.subject_id for claim in claims})
    at_a_stage = [claim for claim in claims if claim.state not in LOOKED_INTO]
    fitness = fitness_of_each(session, ports, at_a_stage, now=now)
    return [
        _work_item(
            session,
            ports,
            claim,
            principal,
            heads[claim.policy_id, claim.policy_version],
            names.get(claim.subject_id, ""),
            fitness.get(claim.id),
            now=now,
        )
        for claim in claims
    ]


def opinion_items(session: Session, ports: Ports, seat: SeatView, *, now: datetime) -> list[WorkItem]:
    """What a seat was asked and has not answered, the nearest deadline first."""
    asked = claim_rows.opinions_asked_of(session, seat.id, MOST_OPINIONS)
    heads = heads_of(session, ports, {(claim.policy_id, claim.policy_version) for _opinion, claim in asked})
    names = ports.people.names_of(session, {claim.subject_id for _opinion, claim in asked})
    return [
        _opinion_item(
            opinion,
            claim,
            heads[claim.policy_id, claim.policy_version],
            names.get(claim.subject_id, ""),
            now=now,
        )
        for opinion, claim in asked
    ]


def is_overdue(item: WorkItem) -> bool:
    return item.working_days_left is not None and item.working_days_left < 0


def is_soon(item: WorkItem) -> bool:
    left = item.working_days_left
    return left is not None and 0 <= left <= SOON_WORKING_DAYS


def _at_desks_of(session: Session, seat: SeatView) -> Fits:
    return Fits(desks=desks_served(waiting.known_desks(session), seat), division=seat.division)


def _bounds(today: date) -> tuple[date, date]:
    """The last day of a deadline that has passed, and the last of one that is near: as working days are counted."""
    one_day = timedelta(days=1)
    return last_working_day(today) - one_day, add_working_days(today, SOON_WORKING_DAYS + 1) - one_day


def _fitting(
    session: Session,
    ports: Ports,
    everything: Fits,
    wanted: WorkFilter,
    overdue_until: date,
    soon_until: date,
) -> tuple[Fits, bool]:
    """The filter in the store's terms, and whether there were more people than names are opened of."""
    fits = msgspec.structs.replace(everything, policy_id=wanted.policy, is_held=wanted.clock == "held")
    if wanted.clock == "overdue":
        fits = msgspec.structs.replace(fits, due_until=overdue_until)
    if wanted.clock == "soon":
        fits = msgspec.structs.replace(fits, due_from=overdue_until + timedelta(days=1), due_until=soon_until)
    words = wanted.words.strip()
    if not words:
        return fits, False
    if is_number(words):
        return msgspec.structs.replace(fits, number=words), False
    subjects = waiting.subjects_waiting(session, fits, NAMES_OPENED + 1)
    names = ports.people.names_of(session, subjects[:NAMES_OPENED])
    called = [subject_id for subject_id, name in names.items() if words in name]
    return msgspec.structs.replace(fits, subjects=called), len(subjects) > NAMES_OPENED


def is_number(words: str) -> bool:
    """Whether somebody looks for a 办件编号: names in figures and Latin letters alone are not looked for."""
    return words.isascii() and any(letter.isdigit() for letter in words)


def _fits(item: WorkItem, wanted: WorkFilter) -> bool:
    fits_clock = {
        "overdue": is_overdue(item),
        "soon": is_soon(item),
        "held": item.is_held,
    }.get(wanted.clock, True)
    words = wanted.words.strip()
    return (
        fits_clock
        and wanted.policy in ("", item.policy.policy_id)
        and (not words or words in item.case_number or words in item.subject_name)
    )


def _work_item(
    session: Session,
    ports: Ports,
    claim: Claim,
    principal: Principal,
    head: PolicyHead,
    subject_name: str,
    fitness: Fitness | None,
    *,
    now: datetime,
) -> WorkItem:
    is_appeal, is_objection = claim.state == ClaimState.APPEALED, claim.state == ClaimState.OBJECTION
    problem = None if fitness is None else why_not(session, ports, claim, principal, now=now, fitness=fitness)
    return WorkItem(
        kind="appeal" if is_appeal else "objection" if is_objection else "stage",
        claim_id=claim.id,
        case_number=claim.case_number or "",
        policy=head,
        subject_name=subject_name,
        division=claim.division,
        stage=_("申诉审查")
        if is_appeal
        else _("异议核查")
        if is_objection
        else present_stage(claim).named.said,
        state=claim.state,
        amount_fen=claim.amount_fen,
        is_held=claim.is_held,
        submitted_at=claim.submitted_at,
        due_on=claim.stage_due_on,
        working_days_left=clock_left(claim.stage_due_on, business_date(now)),
        may_act=problem is None,
        why_not=problem or "",
    )


def _opinion_item(
    opinion: Opinion, claim: Claim, head: PolicyHead, subject_name: str, *, now: datetime
) -> WorkItem:
    return WorkItem(
        kind="opinion",
        claim_id=claim.id,
        case_number=claim.case_number or "",
        policy=head,
        subject_name=subject_name,
        division=claim.division,
        stage=_("加签意见"),
        state=claim.state,
        amount_fen=claim.amount_fen,
        is_held=claim.is_held,
        submitted_at=claim.submitted_at,
        due_on=opinion.due_on,
        working_days_left=clock_left(opinion.due_on, business_date(now)),
        may_act=True,
        why_not="",
    )
