"""The common form of a department's event: what is left once its own wire format has been read.

Whatever a department calls things, above this storey an event is: who it is about (in which role, by which
identifier), which catalogue attributes changed (ids, raw scaled values), and how the subjects belong together.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from connectors.wire import check_id_number

Scheme = Literal[
    "id_number",  # 公民身份号码, also residence permits of the same length (GB 11643)
    "uscc",  # 统一社会信用代码 (GB 32100)
    "birth_certificate",  # 出生医学证明编号: a newborn before registration has no other number
    "household_number",  # 户号 of the household register
    "relief_family",  # 救助家庭编号 of civil affairs
    "hire_record",  # 就业登记号 of social insurance
    "loan_contract",  # 借款合同号 of a bank
    "home_contract",  # 网签备案号 of housing
    "project_filing",  # 项目代码 of industry
]
SubjectKind = Literal["person", "household", "firm", "hire", "loan", "home", "project"]
RelationKind = Literal[
    "household_of",  # role is the household that to_role lives in
    "joins_household_of",  # role becomes a member of to_role's household
    "member_of",  # role becomes a member of the household to_role
    "mother_is",
    "father_is",
    "belongs_to",  # role (a hire, a loan, a home, a project) is an item of to_role (a firm, a household or a person)
    "employee_is",  # role (a hire) is about the person to_role
    "lives_with",  # role shares its living with to_role for relief (共同生活成员), register or not
    "represented_by",  # role (a firm) has to_role as its legal representative
    "no_longer_represented_by",
    "is_dissolved",  # role (a firm) is no more; to_role repeats it
]
RawValue = bool | int | str | None


class Identifier(msgspec.Struct, frozen=True):
    """One number by which an outside system knows a subject."""

    scheme: Scheme
    value: str


class SubjectRef(msgspec.Struct, frozen=True):
    """Somebody an event is about; without identifiers found by a relation (the household of a person)."""

    role: str
    kind: SubjectKind
    identifiers: tuple[Identifier, ...]
    name: str | None = None


class AttributeChange(msgspec.Struct, frozen=True):
    """A catalogue attribute's new raw value: money in fen, ratios in per-mille, dates as ISO text, None = absent.

    After ``valid_until`` the fact is unknown again (an authorised means test). ``source`` is the department whose word
    it is when the sender only passes it on; otherwise the event's.
    """

    role: str
    attribute: str
    value: RawValue
    valid_from: date | None = None
    valid_until: date | None = None
    source: str | None = None


class Relation(msgspec.Struct, frozen=True):
    """How two subjects of the event belong together."""

    role: str
    relation: RelationKind
    to_role: str


class DepartmentEvent(msgspec.Struct, frozen=True):
    """What a department reported, in the form every reader above shares."""

    #: The department as the catalogue names it; the folder here may be called after what it does.
    source: str
    event_id: str
    occurred_at: datetime
    kind: str
    subjects: tuple[SubjectRef, ...]
    changes: tuple[AttributeChange, ...]
    relations: tuple[Relation, ...] = ()

    def subject(self, role: str) -> SubjectRef:
        """The subject in that role; KeyError if the event has none."""
        for subject in self.subjects:
            if subject.role == role:
                return subject
        raise KeyError(role)


class Mapped(msgspec.Struct, frozen=True):
    """What a department's mapping makes of one message: the common form without its envelope."""

    subjects: tuple[SubjectRef, ...]
    changes: tuple[AttributeChange, ...] = ()
    relations: tuple[Relation, ...] = ()


class Reading(NamedTuple):
    """How one kind of message is read: its wire structure, then its meaning."""

    message: type[msgspec.Struct]
    mapping: Callable[[Any], Mapped]


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every department wraps its messages in, pushed or polled."""

    event_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-]{8,64}\Z")]
    event_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{3,40}\Z")]
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    data: msgspec.Raw


def person(role: str, id_number: str, name: str | None = None) -> SubjectRef:
    """A person by id number. Raises ``UnmappableError`` when the number is mistyped."""
    return SubjectRef(role, "person", (Identifier("id_number", check_id_number(role, id_number)),), name)


def firm(role: str, uscc: str, name: str | None = None) -> SubjectRef:
    return SubjectRef(role, "firm", (Identifier("uscc", uscc),), name)


def household_of(role: str) -> tuple[SubjectRef, Relation]:
    """The household that a person of the event lives in, to be named as ``household`` in its changes."""
    return SubjectRef("household", "household", ()), Relation("household", "household_of", role)
