"""What goes into a demand, and who moves it."""

from typing import Annotated, Literal

import msgspec

from kernel.i18n import N_
from kernel.web.principal import Principal
from portals.financing.demands.states import Side
from portals.financing.products.document import Collateral, Purpose
from portals.financing.products.views import COLLATERALS as COLLATERALS
from portals.financing.products.views import PURPOSES as PURPOSES
from portals.financing.products.views import REPAYMENTS

Wished = Literal["any", "equal_instalments", "equal_principal", "interest_first", "one_off"]
Routing = Literal["named", "open", "rotation"]

WISHED: dict[str, str] = {"any": N_("都可以"), **REPAYMENTS}
ROUTINGS: dict[str, str] = {
    "open": N_("同时送所有匹配的银行"),
    "rotation": N_("逐家轮候，一家不办再送下一家"),
    "named": N_("先送我指定的银行"),
}

#: What a demand may ask for: 1,000 yuan to a thousand million, in whole yuan; one month to thirty years.
LEAST_FEN, MOST_FEN = 100_000, 100_000_000_000
LEAST_MONTHS, MOST_MONTHS = 1, 360


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a firm wants. ``wanted_bank`` is needed for ``named`` unless ``wanted_product`` names one of its products."""

    amount_fen: int
    term_months: int
    purpose: Purpose
    purpose_note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    repayment: Wished = "any"
    collateral: tuple[Collateral, ...] = ("none",)
    routing: Routing = "open"
    wanted_bank: str | None = None
    wanted_product: str | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One product of one bank that a demand may be put to, with what pre-qualification found."""

    bank_code: str
    product_id: str
    product_version: int
    verdict: Literal["eligible", "unknown"]
    limit_fen: int | None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who moves it, from which side; for a firm ``firm_id``, for an institution its ``institution`` code."""

    side: Side
    firm_id: int | None = None
    institution: str | None = None
    subject_id: int | None = None
    seat_id: int | None = None
    client_id: str = ""

    @classmethod
    def firm(cls, principal: Principal) -> "Actor":
        return cls(
            side="firm",
            firm_id=principal.acting_for,
            subject_id=principal.subject_id,
            client_id=principal.client_id,
        )

    @classmethod
    def officer(cls, principal: Principal, institution: str, side: Side = "bank") -> "Actor":
        return cls(
            side=side,
            institution=institution,
            subject_id=principal.subject_id,
            seat_id=None if principal.seat is None else principal.seat.id,
            client_id=principal.client_id,
        )


CLOCK = Actor(side="clock")
