"""The bank against the books, as a finance or an auditor's seat reads it."""

from datetime import date

from sqlalchemy.orm import Session

from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.reconciliation import repository
from policy_engine.delivery.reconciliation.models import Difference
from policy_engine.delivery.reconciliation.schemas import DifferenceView, ReconciledDayView

MOST_DAYS = 60


def reconciled_days(session: Session, principal: Principal) -> list[ReconciledDayView]:
    """The newest first."""
    _require(principal)
    return [
        ReconciledDayView(
            day=one.day,
            line_count=one.line_count,
            out_fen=one.out_fen,
            back_fen=one.back_fen,
            matched_count=one.matched_count,
            matched_fen=one.matched_fen,
            state=one.state,
            reconciled_at=one.reconciled_at,
        )
        for one in repository.days(session, MOST_DAYS)
    ]


def differences_of_day(session: Session, principal: Principal, day: date) -> list[DifferenceView]:
    _require(principal)
    return [_view(session, one) for one in repository.differences_of(session, day)]


def _view(session: Session, one: Difference) -> DifferenceView:
    payment = payment_rows.get_payment(session, one.payment_id) if one.payment_id is not None else None
    return DifferenceView(
        id=one.id,
        day=one.day,
        kind=one.kind,
        instruction_id=one.instruction_id,
        claim_id=payment.claim_id if payment is not None else None,
        bank_fen=one.bank_fen,
        books_fen=one.books_fen,
        state=one.state,
        explanation=one.explanation or "",
    )


def _require(principal: Principal) -> None:
    if principal.seat is None or not principal.seat.duties & {"payment.approve", "audit.read"}:
        raise Forbidden(_("查看资金不属于您所在席位的职责。"))
