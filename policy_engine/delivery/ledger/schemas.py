"""Budgets as finance reads them."""

import uuid

import msgspec


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    policy_id: str
    division: str
    fund_source: str
    year: int
    appropriation: str
    kind: str
    appropriated_fen: int
    available_fen: int
    reserved_fen: int
    instructed_fen: int
    paid_fen: int
