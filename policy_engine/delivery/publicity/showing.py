"""What of a claim a public notice shows: the fields its policy lists and no other, of nobody under eighteen.

The law's ground is that a notice serves supervision, not curiosity: no identity number, phone, account, address, illness
or kind of disability, whatever a document may say. Pure.
"""

import uuid
from collections.abc import Collection
from datetime import date

import msgspec

from kernel.web.formats import masked
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.terms import NoticeField, Terms


class NoticeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a public notice; what its policy does not list is null."""

    id: uuid.UUID
    policy_id: str
    title: str
    department: str
    place: str
    phone: str
    name: str | None
    firm: str | None
    division: str | None
    amount_fen: int | None
    period: str | None
    until_on: date
    is_demonstration: bool


def entry_of(claim: Claim, terms: Terms, name: str, minors: Collection[int]) -> NoticeEntry | None:
    """Nothing for a claim of somebody under age: a policy cannot ask for that either."""
    if claim.subject_id in minors or claim.applicant_id in minors or claim.notice_until_on is None:
        return None

    def lists(field: NoticeField) -> bool:
        return field in terms.notice_fields

    is_firm = terms.is_audience_firm
    return NoticeEntry(
        id=claim.id,
        policy_id=terms.policy_id,
        title=terms.named.said,
        department=terms.department,
        place=terms.notice_place,
        phone=terms.phone,
        name=masked(name, "name") if lists("name_masked") and not is_firm else None,
        firm=name if lists("firm_name") and is_firm else None,
        division=claim.division if lists("division") else None,
        amount_fen=claim.amount_fen if lists("amount") else None,
        period=terms.period if lists("period") or lists("amount") else None,
        until_on=claim.notice_until_on,
        is_demonstration=terms.is_demonstration,
    )
