"""Inquiries to the means-test centre and its answers; sums in yuan with two decimals, as everywhere outside."""

from datetime import date
from typing import Annotated, Literal

import msgspec

#: What the centre asks for us; each answers at its own pace.
Source = Literal["banks", "housing", "social_insurance", "subsidies", "tax"]
SOURCES: tuple[Source, ...] = ("banks", "housing", "social_insurance", "subsidies", "tax")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z\-]{8,64}\Z")]
Yuan = Annotated[str, msgspec.Meta(pattern=r"^\d{1,12}\.\d{2}\Z")]


class MeansInquiry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``consent`` is the number of the person's authorisation, without which the centre asks nobody."""

    number: Number
    source: Source
    id_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{15,20}\Z")]
    name: Text
    consent: Number
    purpose: Text


class MeansQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Number


class IncomeItem(msgspec.Struct, frozen=True):
    """One kind of income in a month, by the name that the register which pays it gives it (高龄津贴)."""

    kind: Text
    amount: Yuan


class MeansState(msgspec.Struct, frozen=True):
    """``pending`` until the source has answered; then what it knows: money a month, assets, homes."""

    number: str
    state: Literal["pending", "answered", "unknown"]
    as_of: date | None = None
    monthly_income: Yuan | None = None
    #: What the monthly income is made of, where the source says so; their sum is never above it.
    income: tuple[IncomeItem, ...] = ()
    assets: Yuan | None = None
    homes: int | None = None
