"""What the pool is told: a loan that was not repaid, its papers, and who acts."""

import uuid
from datetime import date

import msgspec

from kernel.web.principal import Principal
from portals.financing.guarantees.pool.states import Side


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence: what it is, and where it is kept (the number of a document, a court's file)."""

    title: str
    reference: str


class OverdueLoan(msgspec.Struct, frozen=True, kw_only=True):
    """What the pool must know of a loan, as the loan's own books have it today."""

    loan_id: uuid.UUID
    firm_id: int
    bank_code: str
    guarantor_code: str | None
    #: Principal and interest that are not repaid.
    owed_fen: int
    overdue_since: date | None


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: an institution's officer (``institution`` is its code), or the pool's at the city."""

    side: Side
    institution: str | None = None
    principal: Principal

    @property
    def subject_id(self) -> int:
        return self.principal.subject_id
