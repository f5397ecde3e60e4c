"""One step of a compensation: whose turn it is, what it books, and what is kept and told of it. Never commits."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from portals.financing.guarantees.pool import books, repository
from portals.financing.guarantees.pool.models import Compensation, CompensationEvent
from portals.financing.guarantees.pool.notices import tell
from portals.financing.guarantees.pool.schemas import Hand
from portals.financing.guarantees.pool.states import BY, CompensationState, after


def held_for(session: Session, compensation_id: uuid.UUID, command: str, by: Hand) -> Compensation:
    """The compensation, locked; another institution's is as if it were not there."""
    compensation = repository.lock_compensation(session, compensation_id)
    concerned = compensation is not None and (
        by.side == "pool" or by.institution == _institution_of(compensation, by)
    )
    if compensation is None or not concerned:
        raise NotFound(_("没有找到这笔代偿。"))
    require_side(command, by)
    holder = compensation.guarantor_code or compensation.bank_code
    if command in ("claim", "recover") and by.institution != holder:
        raise Forbidden(_("这一步由代偿的担保机构办理；没有担保的，由贷款银行办理。"))
    after(CompensationState(compensation.state), command)
    return compensation


def _institution_of(compensation: Compensation, by: Hand) -> str | None:
    return compensation.guarantor_code if by.side == "guarantor" else compensation.bank_code


def require_side(command: str, by: Hand) -> None:
    """Raises ``Forbidden`` for whoever has no such step."""
    if by.side not in BY[command]:
        raise Forbidden(_("这一步由另一方办理。"))


def require_other_person(session: Session, compensation: Compensation, command: str, by: Hand) -> None:
    """Who claimed does not pay, whatever seats they hold."""
    events = repository.events_of(session, compensation.id)
    if any(one.command == command and one.by_id == by.subject_id for one in events):
        raise Forbidden(_("申请补偿和批准补偿不能是同一个人。"))


def move(compensation: Compensation, command: str, now: datetime) -> None:
    """By the table of states; raises for a step out of turn."""
    compensation.state = after(CompensationState(compensation.state), command)
    compensation.updated_at = now


def book(
    session: Session,
    compensation: Compensation,
    kind: str,
    entries: dict[str, int],
    by: Hand,
    now: datetime,
    *,
    reference: str | None = None,
    note: str = "",
) -> None:
    """One movement of this compensation: claims and releases by how often, the rest once."""
    if reference is None:
        turn = len([one for one in repository.events_of(session, compensation.id) if one.command == "claim"])
        reference = f"{compensation.id.hex}:{kind}:{turn if kind in ('claim', 'release') else 0}"
    booked = books.book(
        session,
        compensation.pool_id,
        kind,
        entries,
        reference,
        object_id=compensation.id,
        note=note or compensation.number,
        by_id=by.subject_id,
        now=now,
    )
    if not booked:
        raise Conflict(_("这笔款项已经入账，请刷新页面查看最新进展。"))


def note(
    session: Session,
    compensation: Compensation,
    command: str,
    amount_fen: int | None,
    by: Hand,
    now: datetime,
    *,
    note: str = "",
) -> None:
    session.add(
        CompensationEvent(
            compensation_id=compensation.id,
            command=command,
            state=compensation.state,
            amount_fen=amount_fen,
            by_name=by.principal.name,
            by_id=by.subject_id,
            seat_id=by.principal.seat.id if by.principal.seat else None,
            note=note,
            at=now,
        )
    )
    session.flush()
    tell(session, compensation, command, now=now)
    audit.record(
        session,
        actor=by.principal,
        action=f"financing.pool.{command}",
        object_kind="financing_compensation",
        object_id=compensation.id,
        detail={"amount_fen": amount_fen, "state": compensation.state},
        now=now,
    )


def checked_reason(reason: str) -> str:
    """Raises ``InvalidInput``."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        what = _("请写明理由，4到500字，对方会看到。")
        raise InvalidInput(what, errors=[FieldError("reason", what)])
    return reason


def checked_receipt(reference: str) -> str:
    """Raises ``InvalidInput``."""
    reference = reference.strip()
    if not 2 <= len(reference) <= 40:
        what = _("请填写回款凭证号，2到40字。")
        raise InvalidInput(what, errors=[FieldError("reference", what)])
    return reference
