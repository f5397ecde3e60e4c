"""What is asked of the exchange, and its signed answers. Field names in answers are those of the data set."""

from datetime import datetime
from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ExchangeQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``grant`` is the number under which the use is allowed; ``purpose`` and ``basis`` go on record there too."""

    query_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-]{8,64}\Z")]
    grant: Text
    dataset: Text
    identifier: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{15,20}\Z")]
    fields: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=50)]
    purpose: Text
    basis: Text


class ExchangeAnswer(msgspec.Struct, frozen=True):
    """``receipt`` names this delivery for both sides; ``record`` is empty when the owner has none."""

    query_id: str
    receipt: str
    as_of: datetime
    record: dict[str, str]


class SignedAnswer(msgspec.Struct, frozen=True):
    """The answer as bytes in text, with the headers of its signature: verified before it is read."""

    body: str
    headers: dict[str, str]
