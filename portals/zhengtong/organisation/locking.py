"""Locked accounts on their page: propose with a person's name and number, decide what another proposed; and for programs."""

import uuid
from datetime import datetime
from typing import Literal, cast

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from sqlalchemy.orm import Session

from identity.locking import repository
from identity.locking import service as locking
from identity.locking.models import AccountLock
from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.profiles.layout import CITY
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.organisation.acts import Named, person_named
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_LOOK = needs("admin.security", "audit.read")
MAY_LOCK = needs("admin.security")
PATH = "/zhengtong/system/locks"
MOST = 200
ACTIONS: dict[str, str] = {"lock": N_("锁定"), "unlock": N_("恢复登录")}
STATES: dict[str, str] = {
    "proposed": N_("等待另一人办理"),
    "done": N_("已办理"),
    "refused": N_("已退回"),
    "withdrawn": N_("已撤回"),
}
Outcome = Literal["carry_out", "refuse", "withdraw"]
OUTCOMES: tuple[Outcome, ...] = ("carry_out", "refuse", "withdraw")


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal as both officials see it. ``is_mine``: another has to carry it out."""

    id: uuid.UUID
    person: str
    identifier: str
    action: str
    action_label: str
    ground: str
    reason: str
    state: str
    state_label: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    is_mine: bool


class NewLock(Named, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ground`` is owner_asks, taken_over, order, or ended (to open it again)."""

    action: locking.Action
    ground: locking.Ground
    reason: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Outcome


def listed(services: Services, principal: Principal) -> list[Lock]:
    """Those of people in the seat's division."""
    house, seat = services.house, seat_of(principal)
    with house.database.read() as session:
        rows = repository.latest(session, MOST)
        places = services.ports.people.divisions_of(session, {one.subject_id for one in rows})
        here = [one for one in rows if encloses(seat.division, places.get(one.subject_id, CITY))]
        return [_view(session, services, one, principal) for one in here]


def propose(services: Services, principal: Principal, wanted: NewLock) -> Lock:
    """Raises ``InvalidInput`` for a name and number that do not belong together, ``Forbidden`` outside the division."""
    house = services.house
    with house.database.write() as session:
        subject_id = person_named(session, house, wanted)
        _require_here(session, services, principal, subject_id)
        row = locking.propose(
            session,
            subject_id=subject_id,
            action=wanted.action,
            ground=wanted.ground,
            reason=wanted.reason,
            principal=principal,
            vault=house.vault,
            now=house.clock.now(),
        )
        return _view(session, services, row, principal)


def decide(services: Services, principal: Principal, lock_id: uuid.UUID, outcome: Outcome) -> Lock:
    house = services.house
    with house.database.write() as session:
        known = repository.lock_row(session, lock_id)
        if known is None:
            raise NotFound(_("没有找到您要的内容。"))
        _require_here(session, services, principal, known.subject_id)
        row = locking.decide(session, lock_id, outcome=outcome, principal=principal, now=house.clock.now())
        return _view(session, services, row, principal)


@get("/system/locks", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOOK])
def locks_page(visit: Visiting) -> Response[str]:
    return _page(visit, {})


@post("/system/locks", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOCK])
def propose_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    try:
        propose(visit.services, visit.principal, _wanted(data))
    except (InvalidInput, Conflict, Forbidden, NotFound) as problem:
        return _page(visit, data, problem)
    return Redirect(f"{PATH}?done=lock_proposed", status_code=303)


@post("/system/locks/{lock_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_LOCK])
def decide_form(visit: Visiting, lock_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    outcome = forms.one(data, "outcome")
    try:
        if outcome not in OUTCOMES:
            raise InvalidInput(_("请选择办理、退回或撤回。"))
        decide(visit.services, visit.principal, lock_id, cast(Outcome, outcome))
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _page(visit, {}, problem)
    return Redirect(f"{PATH}?done=lock_{outcome}", status_code=303)


@get(
    "/account-locks",
    sync_to_thread=True,
    tags=["organisation"],
    summary="Accounts to be locked or opened again, and those that were",
    guards=[MAY_LOOK],
)
def list_locks(services: Given, principal: Said) -> list[Lock]:
    return listed(services, principal)


@post(
    "/account-locks",
    status_code=201,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Propose to lock an account, or to open it again",
    guards=[MAY_LOCK],
)
def add_lock(services: Given, principal: Said, data: JSONBody[NewLock]) -> Lock:
    return propose(services, principal, data)


@post(
    "/account-locks/{lock_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["organisation"],
    summary="Carry out what another proposed, refuse it, or take one's own proposal back",
    guards=[MAY_LOCK],
)
def add_decision(
    services: Given, principal: Said, lock_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> Lock:
    return decide(services, principal, lock_id, data.outcome)


def _require_here(session: Session, services: Services, principal: Principal, subject_id: int) -> None:
    place = services.ports.people.divisions_of(session, {subject_id}).get(subject_id, CITY)
    if not encloses(seat_of(principal).division, place):
        raise Forbidden(_("这个人不在您的辖区内，请联系当地管理员。"))


def _wanted(data: Sent) -> NewLock:
    action, ground = forms.one(data, "action"), forms.one(data, "ground")
    errors = [
        FieldError(name, _("请选择一项。"))
        for name, value, known in (("action", action, ACTIONS), ("ground", ground, locking.GROUNDS))
        if value not in known
    ]
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return NewLock(
        name=forms.one(data, "name"),
        id_number=forms.one(data, "id_number"),
        action=cast(locking.Action, action),
        ground=cast(locking.Ground, ground),
        reason=forms.one(data, "reason"),
    )


def _view(session: Session, services: Services, row: AccountLock, principal: Principal) -> Lock:
    vault = services.house.vault
    numbers = {row.subject_id, row.proposed_by_id} | ({row.decided_by_id} if row.decided_by_id else set())
    people = registry.describe(session, numbers, vault=vault)
    who, proposer, decider = (
        people.get(one or 0) for one in (row.subject_id, row.proposed_by_id, row.decided_by_id)
    )
    return Lock(
        id=row.lock_id,
        person=mask_name(who.name) if who is not None else "",
        identifier=who.masked_identifier if who is not None else "",
        action=row.action,
        action_label=_(ACTIONS[row.action]),
        ground=_(locking.GROUNDS[cast(locking.Ground, row.ground)]),
        reason=locking.reason_of(row, vault),
        state=row.state,
        state_label=_(STATES[row.state]),
        proposed_by=proposer.name if proposer is not None else "",
        proposed_at=row.proposed_at,
        decided_by=decider.name if decider is not None else "",
        decided_at=row.decided_at,
        is_mine=row.proposed_by_id == principal.subject_id,
    )


def _page(visit: Visit, typed: Sent, problem: DongchuError | None = None) -> Response[str]:
    return visit.page(
        "zhengtong/organisation/locks.html",
        status=200 if problem is None else problem.status,
        locks=listed(visit.services, visit.principal),
        may_lock=visit.principal.has_duty("admin.security"),
        actions=[(key, _(label)) for key, label in ACTIONS.items()],
        grounds=[(key, _(label)) for key, label in locking.GROUNDS.items()],
        typed={name: forms.one(typed, name) for name in ("name", "id_number", "action", "ground", "reason")},
        errors=() if problem is None else problem.errors or (FieldError("", problem.detail),),
    )


PAGES = [locks_page, propose_form, decide_form]
API = [list_locks, add_lock, add_decision]
