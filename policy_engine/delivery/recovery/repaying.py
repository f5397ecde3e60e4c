"""Money that comes back: booked once per receipt, into the budget each period was paid from, never more than asked.

In a year that was closed it does not stay: ``ledger.late`` says where it goes.
"""

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.cases.timeline import actor_of
from policy_engine.delivery.ledger import late
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.recovery import repository
from policy_engine.delivery.recovery.models import Overpayment, Repayment
from policy_engine.delivery.recovery.notices import log
from policy_engine.delivery.states import OVERPAYMENT, OverpaymentState

LONGEST_RECEIPT = 64


def record_repayment(
    session: Session,
    *,
    overpayment_id: uuid.UUID,
    principal: Principal,
    amount_fen: int,
    receipt: str,
    received_on: date,
    now: datetime,
) -> Overpayment:
    """Enter a bank receipt. The same receipt again changes nothing; another sum under it raises ``Conflict``."""
    overpayment = repository.lock_overpayment(session, overpayment_id)
    seat = principal.seat
    if overpayment is None or seat is None or not encloses(seat.division, overpayment.division):
        raise NotFound(_("没有找到您要的内容。"))
    if not principal.has_duty("payment.approve"):
        raise Forbidden(_("登记退款不属于您所在席位的职责。"))
    _check(receipt, amount_fen, received_on, today=business_date(now))
    known = repository.find_repayment(session, receipt)
    if known is not None:
        if (known.overpayment_id, known.amount_fen) != (overpayment.id, amount_fen):
            raise Conflict(_("这个回单号已经登记过另一笔退款，请核对。"))
        return overpayment
    left = overpayment.amount_fen - overpayment.repaid_fen
    if amount_fen > left:
        raise InvalidInput(_("退回的金额超过应退的金额，多出的部分请原路退还。"))
    before = OverpaymentState(overpayment.state)
    overpayment.state = OVERPAYMENT.move(
        before, "repay", OverpaymentState.REPAID if amount_fen == left else before
    )
    repayment = Repayment(
        id=new_id(),
        overpayment_id=overpayment.id,
        receipt=receipt,
        amount_fen=amount_fen,
        received_on=received_on,
        recorded_by_id=principal.subject_id,
        recorded_at=now,
    )
    session.add(repayment)
    session.flush()
    _book(session, overpayment, repayment, now=now)
    overpayment.repaid_fen += amount_fen
    log(
        session,
        overpayment,
        "overpayment.repayment",
        actor_of(principal),
        before,
        amount_fen=amount_fen,
        now=now,
    )
    audit.record(
        session,
        actor=principal,
        action="overpayment.repayment",
        object_kind="overpayment",
        object_id=overpayment.id,
        detail={"amount_fen": amount_fen, "receipt": receipt},
        now=now,
    )
    return overpayment


def _check(receipt: str, amount_fen: int, received_on: date, *, today: date) -> None:
    if not receipt.strip() or len(receipt) > LONGEST_RECEIPT:
        raise InvalidInput(_("请填写银行回单号（64字以内）。"))
    if amount_fen <= 0:
        raise InvalidInput(_("金额必须大于零。"))
    if received_on > today:
        raise InvalidInput(_("收款日期不能晚于今天。"))


def _book(session: Session, overpayment: Overpayment, repayment: Repayment, *, now: datetime) -> None:
    """From what was paid back to what is available, the oldest period first."""
    left = repayment.amount_fen
    for period in repository.periods_of(session, overpayment.id):
        share = min(left, period.amount_fen - period.repaid_fen)
        if share == 0:
            continue
        payment = payment_rows.get_payment(session, period.payment_id)
        if payment is None or payment.budget_id is None:
            raise LookupError(f"payment {period.payment_id} lost its budget")
        ledger.move(
            session,
            payment.budget_id,
            "repay",
            "paid",
            "available",
            share,
            f"{repayment.id.hex}:{payment.id.hex}",
            payment_id=payment.id,
            now=now,
        )
        came_back = ledger.Movement(f"{repayment.id.hex}:{payment.id.hex}", share, payment.id)
        late.settle(session, payment.budget_id, came_back, now=now)
        period.repaid_fen += share
        left -= share
    if left:
        raise LookupError(f"overpayment {overpayment.id} has periods for less than its sum")
