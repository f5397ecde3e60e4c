"""Facts, changes to them, and families as the engine reads them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

import msgspec

from policy_engine.catalogue.attributes import EntityKind

RawValue: TypeAlias = bool | int | str | None
FactStanding: TypeAlias = Literal["verified", "declared"]
Outcome: TypeAlias = Literal["applied", "repeated", "outranked", "outdated", "scheduled"]

#: Known to be none: no certificate, no income.
ABSENT: Final = None
#: Nobody has told us, or no longer.
UNKNOWN: Final = msgspec.UNSET


class KnownFact(msgspec.Struct, frozen=True, array_like=True):
    """A fact with its provenance, as it lies in the store. Dates as ISO text in ``value``; money in fen."""

    value: RawValue
    source: str
    observed_at: datetime
    standing: FactStanding = "verified"
    valid_from: date | None = None
    valid_until: date | None = None


class FactChange(msgspec.Struct, frozen=True, kw_only=True):
    """A source says what an attribute is: a value, ABSENT, or UNKNOWN from now on.

    From a future ``valid_from`` on it counts then; after ``valid_until`` the fact is unknown again.
    """

    subject_id: int
    attribute: str
    value: RawValue | msgspec.UnsetType = msgspec.UNSET
    source: str
    event_id: str
    observed_at: datetime
    standing: FactStanding = "verified"
    valid_from: date | None = None
    valid_until: date | None = None


class SubjectAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A newborn, a new household, firm, hire or loan; a household and a firm own themselves."""

    subject_id: int
    kind: EntityKind
    owner_id: int
    division: str
    source: str
    event_id: str
    observed_at: datetime
    about_id: int | None = None


class OwnerChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A person moves to another household."""

    subject_id: int
    owner_id: int
    source: str
    event_id: str
    observed_at: datetime


Change: TypeAlias = FactChange | SubjectAdded | OwnerChanged


class Applied(msgspec.Struct, frozen=True):
    """The sequence after the changes and the households and firms they touched (none: nothing new was said)."""

    sequence: int
    owners: tuple[int, ...]


class FactsChanged(msgspec.Struct, frozen=True):
    """Payload of topic ``facts.changed``. ``is_restructured``: members or items came or went; ``arrived`` came."""

    owner_id: int
    subject_ids: tuple[int, ...]
    attributes: tuple[str, ...]
    sequence: int
    is_restructured: bool
    arrived: tuple[int, ...] = ()


class KnownSubject(msgspec.Struct, frozen=True):
    """What is known about one subject, by the last part of the attribute's id."""

    subject_id: int
    kind: EntityKind
    owner_id: int
    about_id: int | None
    division: str
    sequence: int
    facts: dict[str, KnownFact]

    def values(self) -> dict[str, RawValue]:
        """Raw values by attribute id; None is absent, a missing id unknown."""
        return {f"{self.kind}.{key}": fact.value for key, fact in self.facts.items()}


class Family(msgspec.Struct, frozen=True):
    """A household with its members or a firm with its hires and loans, as of ``sequence``.

    Behind the members of a household stand their employments: hires of firms, as the members have them.
    """

    owner: KnownSubject
    members: tuple[KnownSubject, ...]
    sequence: int

    def __iter__(self) -> Iterator[KnownSubject]:
        yield self.owner
        yield from self.members

    def of_kind(self, kind: EntityKind) -> tuple[KnownSubject, ...]:
        return tuple(member for member in self.members if member.kind == kind)

    def employments_of(self, subject_id: int) -> tuple[KnownSubject, ...]:
        """The jobs of one member."""
        return tuple(one for one in self.of_kind("employment") if one.about_id == subject_id)

    def subject(self, subject_id: int) -> KnownSubject:
        """The owner or member with this number; KeyError if there is none."""
        for one in self:
            if one.subject_id == subject_id:
                return one
        raise KeyError(subject_id)


class SubjectValues(msgspec.Struct, frozen=True):
    """The facts of one subject without their provenance, by the last part of the attribute's id; ``about_id`` is whose
    employment it is."""

    subject_id: int
    kind: EntityKind
    values: dict[str, RawValue]
    about_id: int | None = None


class FamilyValues(msgspec.Struct, frozen=True):
    """What judging reads of a family: the owner first, then the members by number, then the members' employments."""

    subjects: tuple[SubjectValues, ...]
    sequence: int

    @property
    def owner(self) -> SubjectValues:
        return self.subjects[0]


class KnownAbout(msgspec.Struct, frozen=True):
    """One fact as its own subject sees it, with where it comes from."""

    attribute: str
    label: str
    label_en: str
    value: RawValue
    text: str
    source: str
    source_name: str
    sensitivity: str
    standing: FactStanding
    observed_at: datetime
    valid_from: date | None
    valid_until: date | None
    legal_basis: str

    @property
    def is_none(self) -> bool:
        """Known to be none: no, nothing, zero."""
        return self.value in (None, False, 0)


class OtherWord(msgspec.Struct, frozen=True, kw_only=True):
    """What another source says of the same thing; the catalogue's precedence lets it stand behind."""

    source: str
    source_name: str
    text: str
    observed_at: datetime


class PastWord(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said of a fact, and whether it counted."""

    text: str
    source_name: str
    outcome: str
    observed_at: datetime
    valid_from: date | None
    valid_until: date | None
