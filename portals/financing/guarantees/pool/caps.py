"""The pool's money and each bank's cap: put in, approved for a year, stopped 熔断, opened again by a person."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.notices import notify
from kernel.wording import worded
from portals.financing.guarantees.pool import books, repository
from portals.financing.guarantees.pool.models import BankCap, Pool
from portals.financing.guarantees.pool.notices import holders_of
from portals.financing.guarantees.pool.rules import rule_of
from portals.financing.guarantees.pool.schemas import Hand

_MOST_FEN = 10_000_000_000_00
_STOPPED = N_("一家银行的风险补偿已达年度上限")
_STOPPED_BODY = N_("该银行的补偿申请已自动停止。请在融资监督中查看，由资金池管理人员研究处理。")


def put_in(session: Session, pool: Pool, amount_fen: int, reference: str, *, by: Hand, now: datetime) -> bool:
    """Money put into the pool, once per reference (the number of the treasury's voucher)."""
    _require_amount(amount_fen)
    entries = {"funding": -amount_fen, "available": amount_fen}
    return _put(session, pool, "fund", entries, reference, by, now)


def put_in_for_fees(
    session: Session, pool: Pool, amount_fen: int, reference: str, *, by: Hand, now: datetime
) -> bool:
    """Money for lower guarantee fees 担保降费, kept apart from that for losses."""
    _require_amount(amount_fen)
    entries = {"fee_funding": -amount_fen, "fee_available": amount_fen}
    return _put(session, pool, "fund_fees", entries, reference, by, now)


def approve(
    session: Session, pool: Pool, bank_code: str, year: int, covered_fen: int, *, by: Hand, now: datetime
) -> BankCap:
    """A bank's cap for a year, by the rule's share of the loans it covers; lifts a stop where there is room again.

    Never below what is used. Raises ``InvalidInput`` for amounts or years that cannot be.
    """
    _require_amount(covered_fen)
    if not 2020 <= year <= 2100:
        what = _("请填写四位年份。")
        raise InvalidInput(what, errors=[FieldError("year", what)])
    cap_fen = covered_fen * rule_of(pool.code).bank_cap_permille // 1000
    cap = repository.lock_cap(session, pool.id, bank_code, year)
    if cap is None:
        cap = BankCap(
            id=new_id(), pool_id=pool.id, bank_code=bank_code, year=year, used_fen=0, updated_at=now
        )
        session.add(cap)
    elif cap_fen < cap.used_fen:
        what = _("按这个贷款额算出的上限低于已经补偿的金额。")
        raise InvalidInput(what, errors=[FieldError("covered_fen", what, _("请核对承保贷款额。"))])
    cap.covered_fen, cap.cap_fen, cap.updated_at = covered_fen, cap_fen, now
    if cap.used_fen < cap_fen:
        cap.stopped_at = None
    session.flush()
    _audit(session, "cap", cap.id, {"bank": bank_code, "year": year, "cap_fen": cap_fen}, by, now)
    return cap


def stop(session: Session, cap: BankCap, *, now: datetime) -> None:
    """No further claims of this bank; oversight and the pool's officers are told, once."""
    if cap.stopped_at is not None:
        return
    cap.stopped_at = cap.updated_at = now
    session.flush()
    for subject_id in holders_of(session, {"financing.oversee", "financing.pool"}, now):
        notify(
            session,
            subject_id=subject_id,
            kind="financing.cap_reached",
            title=worded(_STOPPED),
            body=worded(_STOPPED_BODY),
            link="/zhengtong/financing/pool",
            now=now,
        )


def known_pool(session: Session, code: str) -> Pool:
    """Raises ``NotFound``."""
    pool = repository.pool_named(session, code)
    if pool is None:
        raise NotFound(_("没有找到这个资金池。"))
    return pool


def _put(
    session: Session, pool: Pool, kind: str, entries: dict[str, int], reference: str, by: Hand, now: datetime
) -> bool:
    reference = reference.strip()
    if not 2 <= len(reference) <= 40:
        what = _("请填写入账凭证号，2到40字。")
        raise InvalidInput(what, errors=[FieldError("reference", what)])
    is_new = books.book(
        session,
        pool.id,
        kind,
        entries,
        f"{pool.id.hex}:{kind}:{reference}",
        note=reference,
        by_id=by.subject_id,
        now=now,
    )
    if is_new:
        _audit(session, kind, pool.id, {"amount_fen": max(entries.values()), "reference": reference}, by, now)
    return is_new


def _require_amount(amount_fen: int) -> None:
    if not 0 < amount_fen <= _MOST_FEN:
        what = _("金额应当大于零，不超过100亿元。")
        raise InvalidInput(what, errors=[FieldError("amount_fen", what)])


def _audit(
    session: Session, action: str, object_id: object, detail: dict[str, object], by: Hand, now: datetime
) -> None:
    audit.record(
        session,
        actor=by.principal,
        action=f"financing.pool.{action}",
        object_kind="financing_pool",
        object_id=object_id,
        detail=detail,
        now=now,
    )
