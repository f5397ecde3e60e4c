"""What a bank sends, and what it, or the firm, gets to see."""

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from kernel.i18n import N_
from portals.financing.costs.statement import Charge
from portals.financing.costs.terms import Method

NoteKind = Literal["contact", "visit", "call", "documents", "opinion", "approval"]
NOTE_KINDS: dict[NoteKind, str] = {
    "contact": N_("联系记录"),
    "visit": N_("实地走访"),
    "call": N_("电话访谈"),
    "documents": N_("材料核对"),
    "opinion": N_("调查意见"),
    "approval": N_("审批意见"),
}
METHOD_LABELS: dict[Method, str] = {
    "equal_instalments": N_("等额本息"),
    "equal_principal": N_("等额本金"),
    "interest_first": N_("按期付息、到期还本"),
    "one_off": N_("到期一次还本付息"),
}
Words = Annotated[str, msgspec.Meta(max_length=2000)]
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z\-]+\Z")]


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of due diligence."""

    kind: NoteKind
    text: Words


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step with some words, or none."""

    note: Words = ""


class Decline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``reason_code`` is one of ``demands/reasons.yaml``; ``other`` needs words."""

    reason_code: str
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for declining, and what the firm reads that it can do about it."""

    reason_code: str
    text: str
    mend: str


class NewOffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rate_bp`` is a year's rate in 万分之一 (345 is 3.45 %); the word holds for ``valid_days`` from today."""

    amount_fen: int
    rate_bp: int
    term_months: int
    method: Method
    every_months: int = 1
    charges: tuple[Charge, ...] = ()
    conditions: Annotated[str, msgspec.Meta(max_length=500)] = ""
    needs_guarantee: bool = False
    is_startup_guaranteed: bool = False
    valid_days: int = 15


class NewContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed contract: the bank's number for it, the day, and the document uploaded before."""

    number: Reference
    signed_on: date
    document_id: uuid.UUID


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """An offer. ``is_answerable``: the firm may accept or refuse it now."""

    id: uuid.UUID
    application_id: uuid.UUID
    demand_id: uuid.UUID
    bank_code: str
    bank_name: str
    number: int
    state: str
    state_label: str
    is_answerable: bool
    amount_fen: int
    rate_bp: int
    term_months: int
    method: Method
    method_label: str
    every_months: int
    charges: tuple[Charge, ...]
    conditions: str
    needs_guarantee: bool
    valid_until: datetime
    made_at: datetime
    answered_at: datetime | None


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    name: str
    size: int
    pages: int
    sha256: str
    sm3: str
    uploaded_at: datetime


class ContractView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    number: str
    signed_on: date
    document: DocumentView


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    kind: NoteKind
    kind_label: str
    text: str
    officer_name: str
    at: datetime


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of 1-3-5 that runs now."""

    name: str
    label: str
    due_at: datetime
    is_breached: bool


class ApplicationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One application in a bank's queue: what is asked for, and nothing of who asks."""

    id: uuid.UUID
    number: str
    amount_fen: int
    term_months: int
    purpose_label: str
    product_id: str
    limit_fen: int | None
    state: str
    state_label: str
    routed_at: datetime
    clocks: tuple[ClockView, ...]
    breaches: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an application's history, as the bank and the firm may both read it."""

    at: datetime
    command: str
    state_label: str
    note: str


class ApplicationView(msgspec.Struct, frozen=True, kw_only=True):
    """An application as its bank works on it; the firm's data is another reading, under the firm's authorisation."""

    row: ApplicationRow
    product_title: str
    purpose_note: str
    repayment_label: str
    collateral_labels: tuple[str, ...]
    reason_text: str
    commands: tuple[str, ...]
    may_approve: bool
    may_write_notes: bool
    notes: tuple[NoteView, ...]
    offers: tuple[OfferView, ...]
    contract: ContractView | None
    documents: tuple[DocumentView, ...]
    history: tuple[Step, ...]
