"""An institution's products as its officers see them."""

import uuid
from datetime import date, datetime

import msgspec

from kernel.i18n import gettext as _
from portals.financing.products.models import Product
from portals.financing.products.words import STATE_LABELS


class ShelfRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the list. ``may_publish``: another hand than the author's is at it."""

    id: uuid.UUID
    product_id: str
    version: int
    title: str
    state: str
    state_label: str
    valid_from: date
    valid_until: date | None
    published_at: datetime | None
    may_publish: bool
    may_end: bool


class ShelfVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version with its texts; ``reach`` is how many firms it fits or may fit, in words."""

    row: ShelfRow
    text: str
    cases: str
    reach: str


def shelf_row(row: Product, *, subject_id: int, seat_id: int | None, may_approve: bool) -> ShelfRow:
    is_other_hand = subject_id != row.author_id and seat_id != row.author_seat_id
    return ShelfRow(
        id=row.id,
        product_id=row.product_id,
        version=row.version,
        title=row.title,
        state=row.state,
        state_label=_(STATE_LABELS[row.state]),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        published_at=row.published_at,
        may_publish=row.state == "draft" and may_approve and is_other_hand,
        may_end=row.state == "published" and may_approve,
    )
