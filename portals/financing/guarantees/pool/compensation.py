"""A loan that was not repaid: 代偿, the pool's part, and what comes back. Never commits.

Whoever claims twice, out of turn, for another's loan or beyond the bank's cap is refused, and nothing half-done stays.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.guarantees.pool import books, caps, repository
from portals.financing.guarantees.pool.asking import request
from portals.financing.guarantees.pool.models import BankCap, Compensation
from portals.financing.guarantees.pool.rules import Party, rule_of
from portals.financing.guarantees.pool.schemas import Hand
from portals.financing.guarantees.pool.sharing import divide, give_back
from portals.financing.guarantees.pool.stepping import (
    book,
    checked_reason,
    checked_receipt,
    held_for,
    move,
    note,
    require_other_person,
)

__all__ = ["claim", "compensate", "pay", "recover", "refuse", "refuse_claim", "request", "write_off"]


def compensate(session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime) -> Compensation:
    """The guarantor has paid the bank."""
    compensation = held_for(session, compensation_id, "compensate", by)
    move(compensation, "compensate", now)
    compensation.compensated_at = now
    note(session, compensation, "compensate", compensation.loss_fen, by, now)
    return compensation


def refuse(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """The guarantor does not stand in, and says why; the bank may ask again with better papers."""
    compensation = held_for(session, compensation_id, "refuse", by)
    compensation.reason = checked_reason(reason)
    move(compensation, "refuse", now)
    compensation.closed_at = now
    note(session, compensation, "refuse", None, by, now, note=compensation.reason)
    return compensation


def claim(
    session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime
) -> Literal["claimed", "cap_reached"]:
    """Claim the pool's part: set aside at once, within the bank's cap of the year.

    ``cap_reached`` leaves the claim undone and stops the bank's cap; the caller commits that and tells. Raises
    ``ShortOfPool`` when the pool lacks the money.
    """
    compensation = held_for(session, compensation_id, "claim", by)
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
    book(session, compensation, "claim", entries, by, now)
    cap.used_fen, cap.updated_at = cap.used_fen + pool_fen, now
    if cap.used_fen == cap.cap_fen:
        caps.stop(session, cap, now=now)
    move(compensation, "claim", now)
    compensation.cap_id, compensation.claimed_at = cap.id, now
    compensation.shares = _kept(parts)
    compensation.borne = _kept(parts)
    note(session, compensation, "claim", pool_fen, by, now)
    return "claimed"


def refuse_claim(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """The pool's officer refuses, and says why; what was set aside goes back, and it can be claimed anew."""
    compensation = held_for(session, compensation_id, "refuse_claim", by)
    reason = checked_reason(reason)
    pool_fen = compensation.shares.get("pool", 0)
    cap = _cap_of(session, compensation)
    book(session, compensation, "release", {"claimed": -pool_fen, "available": pool_fen}, by, now)
    _give_room(cap, pool_fen, now)
    move(compensation, "refuse_claim", now)
    compensation.reason, compensation.cap_id = reason, None
    compensation.shares = _kept({})
    compensation.borne = _kept({})
    note(session, compensation, "refuse_claim", None, by, now, note=reason)
    return compensation


def pay(session: Session, compensation_id: uuid.UUID, *, by: Hand, now: datetime) -> Compensation:
    """The pool's officer pays the pool's part; from here on the loss is borne by its parties."""
    compensation = held_for(session, compensation_id, "pay", by)
    require_other_person(session, compensation, "claim", by)
    pool_fen = compensation.shares.get("pool", 0)
    entries = {
        "claimed": -pool_fen,
        "paid": pool_fen,
        "losses": -compensation.loss_fen,
        **books.borne(_parts(compensation.shares), 1),
    }
    book(session, compensation, "pay", entries, by, now)
    move(compensation, "pay", now)
    compensation.paid_at = now
    note(session, compensation, "pay", pool_fen, by, now)
    return compensation


def recover(
    session: Session, compensation_id: uuid.UUID, amount_fen: int, reference: str, *, by: Hand, now: datetime
) -> dict[Party, int]:
    """Money that came back from the debtor, split back by the shares of the loss; what each party gets.

    ``reference`` (the receipt's number) makes it booked once. Raises ``InvalidInput`` for more than is still lost.
    """
    compensation = held_for(session, compensation_id, "recover", by)
    left_fen = compensation.loss_fen - compensation.recovered_fen
    reference = checked_receipt(reference)
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
    book(session, compensation, "recover", entries, by, now, reference=booking, note=reference)
    _give_room(cap, back_fen, now)
    move(compensation, "recover", now)
    compensation.recovered_fen += amount_fen
    compensation.borne = _kept(
        {party: fen - parts.get(party, 0) for party, fen in _parts(compensation.borne).items()}
    )
    note(session, compensation, "recover", amount_fen, by, now, note=reference)
    if compensation.recovered_fen == compensation.loss_fen:
        move(compensation, "share", now)
        compensation.closed_at = now
        note(session, compensation, "share", compensation.loss_fen, by, now)
    return parts


def write_off(
    session: Session, compensation_id: uuid.UUID, reason: str, *, by: Hand, now: datetime
) -> Compensation:
    """核销: the rest is lost for good, each party bearing its own; the cap keeps what the pool lost."""
    compensation = held_for(session, compensation_id, "write_off", by)
    reason = checked_reason(reason)
    parts = _parts(compensation.borne)
    pool_fen = parts.get("pool", 0)
    entries = {
        "paid": -pool_fen,
        "spent": pool_fen,
        "written_off": sum(parts.values()),
        **books.borne(parts, -1),
    }
    book(session, compensation, "write_off", entries, by, now)
    move(compensation, "write_off", now)
    compensation.reason, compensation.closed_at = reason, now
    note(session, compensation, "write_off", sum(parts.values()), by, now, note=reason)
    return compensation


def _cap_of(session: Session, compensation: Compensation) -> BankCap | None:
    return None if compensation.cap_id is None else repository.lock_cap_by_id(session, compensation.cap_id)


def _give_room(cap: BankCap | None, amount_fen: int, now: datetime) -> None:
    """What comes back makes room under the cap; a stop stays until the pool's officer lifts it."""
    if cap is not None:
        cap.used_fen, cap.updated_at = max(cap.used_fen - amount_fen, 0), now


def _kept(parts: Mapping[Party, int]) -> dict[str, int]:
    return {str(party): fen for party, fen in parts.items()}


def _parts(kept: dict[str, int]) -> dict[Party, int]:
    return msgspec.convert(kept, dict[Party, int])
