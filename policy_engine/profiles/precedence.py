"""When two sources differ: who counts. The catalogue's order of departments decides, then the newer word."""

import msgspec

from policy_engine.catalogue import Attribute
from policy_engine.profiles.schemas import FactChange, FactStanding, KnownFact, Outcome

UNLISTED = 1_000


def judge(attribute: Attribute, known: KnownFact | None, change: FactChange) -> Outcome:
    """What becomes of a change, given what is known.

    A declaration never displaces a verified fact, nor a department that comes later in the attribute's precedence one
    that comes earlier; the same authority's older word never displaces its newer one. Unknown yields to anything.
    """
    if known is None:
        return "repeated" if change.value is msgspec.UNSET else "applied"
    if is_same(known, change):
        return "repeated"
    said, before = (
        authority(attribute, change.source, change.standing),
        authority(attribute, known.source, known.standing),
    )
    if said > before:
        return "outranked"
    if said == before and change.observed_at < known.observed_at:
        return "outdated"
    return "applied"


def authority(attribute: Attribute, source: str, standing: FactStanding) -> tuple[bool, int]:
    """Smaller counts more."""
    rank = attribute.precedence.index(source) if source in attribute.precedence else UNLISTED
    return (standing == "declared", rank)


def is_same(known: KnownFact, change: FactChange) -> bool:
    """The same word by the same source: nothing to write down."""
    return (
        type(known.value) is type(change.value)
        and known.value == change.value
        and known.source == change.source
        and known.standing == change.standing
        and (known.valid_from, known.valid_until) == (change.valid_from, change.valid_until)
    )
