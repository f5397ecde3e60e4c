"""What the registry takes in and shows."""

from datetime import date
from typing import Literal

import msgspec

from identity.registry.identifiers import IdentifierKind

SubjectKind = Literal["person", "household", "firm", "institution"]
RelationshipKind = Literal["parent", "guardian", "spouse", "legal_representative", "head_office"]
#: What kind of firm the register says it is.
FirmForm = Literal["enterprise", "sole_proprietor", "cooperative", "branch", "social_organisation"]


class SubjectView(msgspec.Struct, frozen=True, kw_only=True):
    """A subject as its own pages show it: the name whole, the identifier masked (``""`` when it has none).

    ``form`` is set for firms.
    """

    subject_id: int
    kind: SubjectKind
    name: str
    masked_identifier: str
    form: FirmForm | None


class SubjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of a bulk load, with the number it shall have."""

    subject_id: int
    kind: SubjectKind
    name: str
    identifier_kind: IdentifierKind | None
    identifier: str | None


class RelationshipRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stated relationship; ``until_on`` is the first day on which it no longer holds."""

    kind: RelationshipKind
    from_subject: int
    to_subject: int
    source: str
    from_on: date
    until_on: date | None
