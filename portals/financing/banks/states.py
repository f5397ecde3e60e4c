"""The life of an offer: open until the firm answers, its time is over, or the bank or the course of things takes it back."""

from collections.abc import Mapping
from enum import StrEnum

from kernel.i18n import N_


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    REPLACED = "replaced"  # the bank made another offer
    WITHDRAWN = (
        "withdrawn"  # the application ended: another bank was chosen, or the firm wants nothing any more
    )


OFFER_LABELS: Mapping[OfferState, str] = {
    OfferState.OPEN: N_("待企业选择"),
    OfferState.ACCEPTED: N_("企业已接受"),
    OfferState.REFUSED: N_("企业未接受"),
    OfferState.LAPSED: N_("已过期"),
    OfferState.REPLACED: N_("已被新方案取代"),
    OfferState.WITHDRAWN: N_("已结束"),
}
