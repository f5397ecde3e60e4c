"""A loan that was not repaid: 代偿, the pool's part, and what comes back. Never commits.

Whoever claims twice, out of turn, for another's loan or beyond the bank's cap is refused, and nothing half-done stays.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.delivery.cases.repository import next_in_series
from portals.financing.guarantees.pool import books, caps, repository
from portals.financing.guarantees.pool.models import BankCap, Compensation, CompensationEvent
from portals.financing.guarantees.pool.notices import tell
from portals.financing.guarantees.pool.rules import Party, PoolRule, rule_of
from portals.financing.guarantees.pool.schemas import Hand, OverdueLoan, Paper
from portals.financing.guarantees.pool.sharing import divide, give_back
from portals.financing.guarantees.pool.states import BY, CompensationState, after

S = CompensationState
_MOST_PAPERS = 20


def request(
    session: Session, loan: OverdueLoan, papers: Sequence[Paper], *, pool_code: str, by: Hand, now: datetime
) -> Compensation:
    """The bank asks to be compensated. Raises ``Conflict`` before the rule's days of overdue have passed, or twice."""
    _require_side("request", by)
    if by.institution != loan.bank_code:
        raise NotFound(_("没有找到这笔贷款。"))
    rule = rule_of(pool_code)
    _require_ripe(rule, loan, now)
    _require_papers(papers)
    pool = repository.pool_named(session, pool_code)
    if pool is None:
        raise NotFound(_("没有找到这个资金池。"))
    compensation = _new(session, rule, pool.id, loan, papers, now)
    try:
        with session.begin_nested():
            session.add(compensation)
    except IntegrityError as clash:
        raise Conflict(_("这笔贷款已经申请过代偿，请在列表中查看进展。")) from clash
    _note(session, compensation, "request", loan.owed_fen, by, now)
    return compensation


def compensate(session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime) -> Compensation:
    """The guarantor has paid the bank."""
    compensation = _held(session, compensation_id, "compensate", by)
    _move(compensation, "compensate", now)
    compensation.compensated_at = now
    _note(session, compensation, "compensate", compensation.loss_fen, by, now)
    return compensation


def refuse(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """The guarantor does not stand in, and says why; the bank may ask again with better papers."""
    compensation = _held(session, compensation_id, "refuse", by)
    compensation.reason = _reason(reason)
    _move(compensation, "refuse", now)
    compensation.closed_at = now
    _note(session, compensation, "refuse", None, by, now, note=compensation.reason)
    return compensation


def claim(
    session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime
) -> Literal["claimed", "cap_reached"]:
    """Claim the pool's part: set aside at once, within the bank's cap of the year.

    ``cap_reached`` leaves the claim undone and stops the bank's cap; the caller commits that and tells. Raises
    ``ShortOfPool`` when the pool lacks the money.
    """
    compensation = _held(session, compensation_id, "claim", by)
    rule = rule_of(compensation.rule_code, compensation.rule_version)
    parts = divide(compensation.loss_fen, rule.shares(has_guarantor=compensation.guarantor_code is not None))
    pool_fen = parts.get("pool", 0)
    year = business_date(now).year
    cap = repository.lock_cap(session, compensation.pool_id, compensation.bank_code, year)
    if cap is None:
        raise Conflict(_("本行今年的补偿限额尚未核定，请联系资金池管理人员。"))
    if cap.stopped_at is not None or cap.used_fen + pool_fen > cap.cap_fen:
        caps.stop(session, cap, now=now)
        return "cap_reached"
    entries = {"available": -pool_fen, "claimed": pool_fen}
    _book(session, compensation, "claim", entries, by, now)
    cap.used_fen, cap.updated_at = cap.used_fen + pool_fen, now
    if cap.used_fen == cap.cap_fen:
        caps.stop(session, cap, now=now)
    _move(compensation, "claim", now)
    compensation.cap_id, compensation.claimed_at = cap.id, now
    compensation.shares = _kept(parts)
    compensation.borne = _kept(parts)
    _note(session, compensation, "claim", pool_fen, by, now)
    return "claimed"


def refuse_claim(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """The pool's officer refuses, and says why; what was set aside goes back, and it can be claimed anew."""
    compensation = _held(session, compensation_id, "refuse_claim", by)
    reason = _reason(reason)
    pool_fen = compensation.shares.get("pool", 0)
    cap = _cap_of(session, compensation)
    _book(session, compensation, "release", {"claimed": -pool_fen, "available": pool_fen}, by, now)
    _give_room(cap, pool_fen, now)
    _move(compensation, "refuse_claim", now)
    compensation.reason, compensation.cap_id = reason, None
    compensation.shares = _kept({})
    compensation.borne = _kept({})
    _note(session, compensation, "refuse_claim", None, by, now, note=reason)
    return compensation


def pay(session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime) -> Compensation:
    """The pool's officer pays the pool's part; from here on the loss is borne by its parties."""
    compensation = _held(session, compensation_id, "pay", by)
    _require_other_person(session, compensation, "claim", by)
    pool_fen = compensation.shares.get("pool", 0)
    entries = {
        "claimed": -pool_fen,
        "paid": pool_fen,
        "losses": -compensation.loss_fen,
        **books.borne(_parts(compensation.shares), 1),
    }
    _book(session, compensation, "pay", entries, by, now)
    _move(compensation, "pay", now)
    compensation.paid_at = now
    _note(session, compensation, "pay", pool_fen, by, now)
    return compensation


def recover(
    session: Session, compensation_id: uuid.UUID, amount_fen: int, reference: str, *, by: Hand, now: datetime
) -> dict[Party, int]:
    """Money that came back from the debtor, split back by the shares of the loss; what each party gets.

    ``reference`` (the receipt's number) makes it booked once. Raises ``InvalidInput`` for more than is still lost.
    """
    compensation = _held(session, compensation_id, "recover", by)
    left_fen = compensation.loss_fen - compensation.recovered_fen
    reference = _receipt(reference)
    booking = f"{compensation.id.hex}:recover:{reference}"
    if repository.is_booked(session, booking):
        raise Conflict(_("这张回款凭证已经登记过。"))
    if not 0 < amount_fen <= left_fen:
        what = _("追回的金额应当大于零，不超过尚未追回的损失。")
        raise InvalidInput(what, errors=[FieldError("amount_fen", what, _("请核对回款凭证上的金额。"))])
    parts = give_back(amount_fen, _parts(compensation.borne))
    back_fen = parts.get("pool", 0)
    cap = _cap_of(session, compensation)
    entries = {
        "paid": -back_fen,
        "available": back_fen,
        "losses": amount_fen,
        **books.borne(parts, -1),
    }
    _book(session, compensation, "recover", entries, by, now, reference=booking, note=reference)
    _give_room(cap, back_fen, now)
    _move(compensation, "recover", now)
    compensation.recovered_fen += amount_fen
    compensation.borne = _kept(
        {party: fen - parts.get(party, 0) for party, fen in _parts(compensation.borne).items()}
    )
    _note(session, compensation, "recover", amount_fen, by, now, note=reference)
    if compensation.recovered_fen == compensation.loss_fen:
        _move(compensation, "share", now)
        compensation.closed_at = now
        _note(session, compensation, "share", compensation.loss_fen, by, now)
    return parts


def write_off(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """核销: the rest is lost for good, each party bearing its own; the cap keeps what the pool lost."""
    compensation = _held(session, compensation_id, "write_off", by)
    reason = _reason(reason)
    parts = _parts(compensation.borne)
    pool_fen = parts.get("pool", 0)
    entries = {
        "paid": -pool_fen,
        "spent": pool_fen,
        "written_off": sum(parts.values()),
        **books.borne(parts, -1),
    }
    _book(session, compensation, "write_off", entries, by, now)
    _move(compensation, "write_off", now)
    compensation.reason, compensation.closed_at = reason, now
    _note(session, compensation, "write_off", sum(parts.values()), by, now, note=reason)
    return compensation


def _new(
    session: Session,
    rule: PoolRule,
    pool_id: uuid.UUID,
    loan: OverdueLoan,
    papers: Sequence[Paper],
    now: datetime,
) -> Compensation:
    day = business_date(now)
    serial = next_in_series(session, f"compensation/{day:%Y%m%d}")
    has_guarantor = loan.guarantor_code is not None
    return Compensation(
        id=new_id(),
        number=f"DC{day:%Y%m%d}{serial:05d}",
        pool_id=pool_id,
        rule_code=rule.id,
        rule_version=rule.version,
        loan_id=loan.loan_id,
        firm_id=loan.firm_id,
        bank_code=loan.bank_code,
        guarantor_code=loan.guarantor_code,
        loss_fen=loan.owed_fen,
        recovered_fen=0,
        overdue_since=loan.overdue_since,
        evidence=[msgspec.to_builtins(paper) for paper in papers],
        shares={},
        borne={},
        state=S.REQUESTED if has_guarantor else S.COMPENSATED,
        requested_at=now,
        updated_at=now,
    )


def _require_ripe(rule: PoolRule, loan: OverdueLoan, now: datetime) -> None:
    if loan.owed_fen <= 0 or loan.overdue_since is None:
        raise Conflict(_("这笔贷款没有逾期欠款，不能申请代偿。"))
    days = (business_date(now) - loan.overdue_since).days
    if days < rule.overdue_days:
        text = _(
            "逾期满%(days)d天才能申请代偿，现在是第%(now)d天。请继续催收。", days=rule.overdue_days, now=days
        )
        raise Conflict(text)


def _require_papers(papers: Sequence[Paper]) -> None:
    what = ""
    if not papers:
        what = _("请至少提交一份证据，例如催收记录。")
    elif len(papers) > _MOST_PAPERS or any(
        not paper.title.strip() or not paper.reference.strip() for paper in papers
    ):
        what = _("每份证据都要有名称和编号，最多20份。")
    elif any(len(paper.title) > 120 or len(paper.reference) > 120 for paper in papers):
        what = _("证据的名称和编号各不超过120字。")
    if what:
        raise InvalidInput(what, errors=[FieldError("papers", what)])


def _held(session: Session, compensation_id: uuid.UUID, command: str, by: Hand) -> Compensation:
    """The compensation, locked; another institution's is as if it were not there."""
    compensation = repository.lock_compensation(session, compensation_id)
    concerned = compensation is not None and (
        by.side == "pool" or by.institution == _institution_of(compensation, by)
    )
    if compensation is None or not concerned:
        raise NotFound(_("没有找到这笔代偿。"))
    _require_side(command, by)
    holder = compensation.guarantor_code or compensation.bank_code
    if command in ("claim", "recover") and by.institution != holder:
        raise Forbidden(_("这一步由代偿的担保机构办理；没有担保的，由贷款银行办理。"))
    after(S(compensation.state), command)
    return compensation


def _institution_of(compensation: Compensation, by: Hand) -> str | None:
    return compensation.guarantor_code if by.side == "guarantor" else compensation.bank_code


def _require_side(command: str, by: Hand) -> None:
    if by.side not in BY[command]:
        raise Forbidden(_("这一步由另一方办理。"))


def _require_other_person(session: Session, compensation: Compensation, command: str, by: Hand) -> None:
    """Who claimed does not pay, whatever seats they hold."""
    events = repository.events_of(session, compensation.id)
    if any(one.command == command and one.by_id == by.subject_id for one in events):
        raise Forbidden(_("申请补偿和批准补偿不能是同一个人。"))


def _move(compensation: Compensation, command: str, now: datetime) -> None:
    compensation.state = after(S(compensation.state), command)
    compensation.updated_at = now


def _cap_of(session: Session, compensation: Compensation) -> BankCap | None:
    return None if compensation.cap_id is None else repository.lock_cap_by_id(session, compensation.cap_id)


def _give_room(cap: BankCap | None, amount_fen: int, now: datetime) -> None:
    """What comes back makes room under the cap; a stop stays until the pool's officer lifts it."""
    if cap is not None:
        cap.used_fen, cap.updated_at = max(cap.used_fen - amount_fen, 0), now


def _book(
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


def _note(
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


def _kept(parts: Mapping[Party, int]) -> dict[str, int]:
    return {str(party): fen for party, fen in parts.items()}


def _parts(kept: dict[str, int]) -> dict[Party, int]:
    return msgspec.convert(kept, dict[Party, int])


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        what = _("请写明理由，4到500字，对方会看到。")
        raise InvalidInput(what, errors=[FieldError("reason", what)])
    return reason


def _receipt(reference: str) -> str:
    reference = reference.strip()
    if not 2 <= len(reference) <= 40:
        what = _("请填写回款凭证号，2到40字。")
        raise InvalidInput(what, errors=[FieldError("reference", what)])
    return reference
