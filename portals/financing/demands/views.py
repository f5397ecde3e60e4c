"""Demands as the firm sees them."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.i18n import gettext as _
from portals.financing.demands import repository
from portals.financing.demands.schemas import PURPOSES
from portals.financing.demands.states import DEMAND_LABELS, DemandState


class DemandRow(msgspec.Struct, frozen=True, kw_only=True):
    """One demand in a list."""

    id: uuid.UUID
    number: str
    amount_fen: int
    term_months: int
    purpose: str
    purpose_label: str
    state: str
    state_label: str
    created_at: datetime


def demands_of(session: Session, firm_id: int) -> list[DemandRow]:
    """The newest first."""
    return [
        DemandRow(
            id=one.id,
            number=one.number,
            amount_fen=one.amount_fen,
            term_months=one.term_months,
            purpose=one.purpose,
            purpose_label=_(PURPOSES[one.purpose]),
            state=one.state,
            state_label=_(DEMAND_LABELS[DemandState(one.state)]),
            created_at=one.created_at,
        )
        for one in repository.demands_of(session, firm_id)
    ]
