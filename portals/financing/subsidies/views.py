"""A quarter as its readers see it: where it stands comes from the claim and its payment, never from a copy."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.i18n import N_
from kernel.i18n import gettext as _
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import ClaimState, PaymentState
from portals.financing.institutions import institution
from portals.financing.subsidies import repository
from portals.financing.subsidies.counting import Line
from portals.financing.subsidies.models import QuarterSubsidy

Stage = Literal["none", "calculated", "bank_filed", "reviewed", "finance_approved", "paid", "refused"]
STAGES: Mapping[Stage, str] = {
    "none": N_("本季不贴息"),
    "calculated": N_("已计算，待银行申报"),
    "bank_filed": N_("银行已申报，待审核"),
    "reviewed": N_("已审核，待财政审定"),
    "finance_approved": N_("财政已审定，待拨付"),
    "paid": N_("贴息已到账"),
    "refused": N_("贴息未获批准"),
}
REASONS: Mapping[str, str] = {
    "no_interest": N_("本季没有结清利息。"),
    "overdue": N_("贷款逾期，逾期期间的利息不贴息。"),
    "extended": N_("贷款已展期，展期之日起不再贴息。"),
    "no_reference": N_("适用的LPR还没有登记，登记后自动重新计算。"),
    "no_policy": N_("目前没有适用的贴息政策。"),
}


class QuarterView(msgspec.Struct, frozen=True, kw_only=True):
    """One quarter of one loan. ``claim_id`` leads to the case with all its steps."""

    id: uuid.UUID
    loan_id: uuid.UUID
    firm_name: str
    bank_code: str
    bank_name: str
    quarter: str
    starts_on: date
    stage: Stage
    stage_label: str
    reason_text: str
    policy_id: str | None
    policy_title: str
    settled_fen: int
    counted_fen: int
    amount_fen: int | None
    rate_bp: int | None
    reference_bp: int | None
    reference_since: date | None
    lines: tuple[Line, ...]
    claim_id: uuid.UUID | None
    filed_at: datetime | None
    paid_at: datetime | None


def views_of(
    session: Session, rows: Sequence[QuarterSubsidy], titles: Mapping[str, str], *, vault: Vault
) -> list[QuarterView]:
    """``titles`` names policies by id."""
    numbers = [one.claim_id for one in rows if one.claim_id is not None]
    claims, payments = repository.claims_of(session, numbers), repository.payments_of(session, numbers)
    names = registry.describe(session, {one.firm_id for one in rows}, vault=vault)
    found = []
    for row in rows:
        claim = claims.get(row.claim_id) if row.claim_id else None
        payment = payments.get(row.claim_id) if row.claim_id else None
        stage = stage_of(row, claim, payment)
        found.append(
            QuarterView(
                id=row.id,
                loan_id=row.loan_id,
                firm_name=names[row.firm_id].name if row.firm_id in names else "",
                bank_code=row.bank_code,
                bank_name=institution(row.bank_code).title,
                quarter=row.quarter,
                starts_on=row.starts_on,
                stage=stage,
                stage_label=_(STAGES[stage]),
                reason_text=_(REASONS[row.reason]) if row.reason else "",
                policy_id=row.policy_id,
                policy_title=titles.get(row.policy_id or "", ""),
                settled_fen=row.settled_fen,
                counted_fen=row.counted_fen,
                amount_fen=payment.amount_fen if payment is not None else row.amount_fen,
                rate_bp=row.rate_bp,
                reference_bp=row.reference_bp,
                reference_since=row.reference_since,
                lines=tuple(msgspec.convert(line, Line) for line in row.lines),
                claim_id=row.claim_id,
                filed_at=row.filed_at,
                paid_at=payment.paid_at if payment is not None else None,
            )
        )
    return found


def stage_of(row: QuarterSubsidy, claim: Claim | None, payment: Payment | None) -> Stage:
    if claim is None:
        return "none" if row.state == "none" else "calculated"
    if payment is not None and payment.state == PaymentState.PAID:
        return "paid"
    state = ClaimState(claim.state)
    if state == ClaimState.GRANTED:
        return "finance_approved"
    if state in (ClaimState.REFUSED, ClaimState.WITHDRAWN):
        return "refused"
    return "bank_filed" if state in (ClaimState.SUBMITTED, ClaimState.SUPPLEMENT) else "reviewed"
