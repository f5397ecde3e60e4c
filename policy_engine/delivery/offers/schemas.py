"""Offers as those they are made to read them."""

import uuid
from datetime import date

import msgspec

from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.cases.schemas import PolicyHead
from policy_engine.delivery.ports import ClauseLine


class OfferRow(msgspec.Struct, frozen=True, kw_only=True):
    """One card of the inbox."""

    id: uuid.UUID
    policy: PolicyHead
    for_name: str
    state: str
    state_label: str
    amount_fen: int | None
    offered_on: date
    lapses_on: date | None
    is_new: bool
    #: What a yearly cap leaves of the first payment, where that is less than ``amount_fen``; and the cap in words.
    payable_fen: int | None = None
    cap_note: str = ""

    @property
    def first_fen(self) -> int | None:
        """What will be paid first."""
        return self.amount_fen if self.payable_fen is None else self.payable_fen


class OfferDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An offer, read top down: what, how much, since when, why you, what we will do, where the money goes."""

    row: OfferRow
    reason: str
    as_of: date
    clauses: tuple[ClauseLine, ...]
    missing: tuple[str, ...]
    steps: tuple[str, ...]
    accounts: tuple[AccountView, ...]
    needs_account: bool
    relation: str
    may_confirm: bool
    may_add_account: bool
    may_apply_anyway: bool
    claim_id: uuid.UUID | None
