"""Evidence of decisions and payments in the transparency log, for those who may read the decision or the payment."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from licenses.log.evidence import EvidenceFile, evidence_of
from policy_engine.decisions import logged as decisions
from policy_engine.delivery.access import sees_claim
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.stages import stages_of
from policy_engine.delivery.claims.standing import find_relation
from policy_engine.delivery.ledger import logged as movements
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.payments.schemas import PaymentView
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.views.parts import account_of, payment_view
from policy_engine.delivery.views.records import readable_record

MOVEMENTS = {
    "reserve": N_("预留资金"),
    "instruct": N_("发出支付指令"),
    "pay": N_("支付到账"),
    "return": N_("退票，资金退回"),
    "return_paid": N_("到账后退回"),
    "release": N_("释放预留"),
    "lower": N_("调低金额"),
    "repay": N_("退还多发的钱"),
    "carry_out": N_("年终转出"),
    "carry_in": N_("由上一年度转入"),
    "late_carry_out": N_("结转后退回，转出"),
    "late_carry_in": N_("结转后退回，由上一年度转入"),
    "late_withdraw": N_("结转后退回，上缴国库"),
}


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a payment's money; ``label`` in the reader's language, ``account`` where it was to go then."""

    id: uuid.UUID
    kind: str
    label: str
    amount_fen: int
    account: AccountView | None
    booked_at: datetime


class PaymentTrail(msgspec.Struct, frozen=True, kw_only=True):
    """A payment and all that moved for it, the oldest first."""

    payment: PaymentView
    movements: tuple[MovementView, ...]


def decision_evidence(
    session: Session, ports: Ports, record_id: uuid.UUID, principal: Principal, *, now: datetime
) -> EvidenceFile:
    """What shows that a decision record is in the log. ``NotFound`` for strangers, and for the second before it is."""
    row, _may_read = readable_record(session, ports, record_id, principal, now=now)
    return evidence_of(session, decisions.KIND, row.id, decisions.content_of_record(row))


def payment_trail(
    session: Session, ports: Ports, payment_id: uuid.UUID, principal: Principal, *, now: datetime
) -> PaymentTrail:
    """Raises ``NotFound`` for strangers and for seats that have no business with it."""
    payment = _readable(session, ports, payment_id, principal, now)
    return PaymentTrail(
        payment=payment_view(session, ports, payment, now),
        movements=tuple(
            MovementView(
                id=moved.id,
                kind=moved.kind,
                label=_(MOVEMENTS.get(moved.kind, moved.kind)),
                amount_fen=amount_fen,
                account=account_of(session, moved.payee_account_id, now),
                booked_at=moved.booked_at,
            )
            for moved, amount_fen in ledger_rows.movements_of(session, payment.id)
        ),
    )


def movement_evidence(
    session: Session,
    ports: Ports,
    payment_id: uuid.UUID,
    movement_id: uuid.UUID,
    principal: Principal,
    *,
    now: datetime,
) -> EvidenceFile:
    """What shows that a movement of a payment is in the log. Raises ``NotFound`` as ``payment_trail`` does."""
    payment = _readable(session, ports, payment_id, principal, now)
    if movement_id not in {moved.id for moved, _sum in ledger_rows.movements_of(session, payment.id)}:
        raise NotFound(_("没有找到您要的内容。"))
    said = movements.contents(session, [movement_id])[movement_id]
    return evidence_of(session, movements.KIND, movement_id, said)


def _readable(
    session: Session, ports: Ports, payment_id: uuid.UUID, principal: Principal, now: datetime
) -> Payment:
    payment = payment_rows.get_payment(session, payment_id)
    if payment is not None and _may_read(session, ports, payment, principal, now):
        return payment
    raise NotFound(_("没有找到您要的内容。"))


def _may_read(session: Session, ports: Ports, payment: Payment, principal: Principal, now: datetime) -> bool:
    if principal.capacity == "seat":
        claim = claim_rows.get_claim(session, payment.claim_id)
        if claim is not None and sees_claim(principal, stages_of(claim), claim.division):
            return True
    relation = find_relation(session, ports, principal, payment.subject_id, payment.division, now)
    return relation is not None
