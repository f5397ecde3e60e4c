"""What an attribute is: a fact with a source, a law that allows it, and a stated meaning of "none".

Raw values outside FEEL text: bool, int (scaled), str, ISO date; ``None`` is absent, a missing key unknown.
"""

from typing import Literal

import msgspec

EntityKind = Literal["person", "household", "firm", "hire", "loan", "home", "project", "employment"]
#: What is a unit of its owner, and whose: the right is the firm's or the household's, paid for each of them.
ITEM_OWNERS: dict[EntityKind, EntityKind] = {
    "hire": "firm",
    "loan": "firm",
    "home": "household",
    "project": "firm",
}
#: What has no row of its own: the facts of another kind as somebody else's (decision 16). An employment is a hire as
#: the person has it who was taken on, whom the hire's row names beside the firm.
VIEWS: dict[EntityKind, EntityKind] = {"employment": "hire"}
AttributeType = Literal["boolean", "integer", "money", "ratio", "text", "enum", "date", "division"]
Sensitivity = Literal["general", "sensitive", "highest"]
Use = Literal["eligibility", "payment", "routing", "statistics"]

#: How many raw units make one unit of FEEL: money is kept in fen and read in yuan, ratios in per-mille.
SCALES: dict[str, int] = {"money": 100, "ratio": 1000}


class Attribute(msgspec.Struct, frozen=True):
    """One kind of fact. ``name`` is its word in FEEL; ``derived`` its FEEL text when it is computed."""

    id: str
    name: str
    entity: EntityKind
    type: AttributeType
    none: Literal["false", "0", "null", "never"]
    department: str
    precedence: tuple[str, ...]
    sensitivity: Sensitivity
    legal_basis: str
    permitted_uses: tuple[Use, ...]
    retention: str
    label_en: str
    unit: str = ""
    values: tuple[str, ...] = ()
    derived: str | None = None

    @property
    def key(self) -> str:
        """The last part of the id: the column name in frames and the key of a fact."""
        return self.id.rpartition(".")[2]

    @property
    def scale(self) -> int:
        return SCALES.get(self.type, 1)

    @property
    def is_nullable(self) -> bool:
        return self.none == "null"

    @property
    def absent(self) -> bool | int | None:
        """What FEEL sees when the fact is known to be none; ask ``may_be_absent`` first."""
        return {"false": False, "0": 0}.get(self.none)

    @property
    def may_be_absent(self) -> bool:
        """False for what everybody has, such as a date of birth: a null there is unknown, not absent."""
        return self.none != "never"


class Relation(msgspec.Struct, frozen=True):
    """A name in FEEL that leads from one entity to another: 家庭, 成员, 住房, 企业, 招用, 贷款, 项目, 就业."""

    name: str
    to: EntityKind
    many: bool
    label_en: str


class Entity(msgspec.Struct, frozen=True):
    """A kind of subject with its attributes by key and its relations by name."""

    kind: EntityKind
    name: str
    relations: dict[str, Relation]
    attributes: dict[str, Attribute]

    @property
    def base_attributes(self) -> tuple[Attribute, ...]:
        """Those that arrive as facts, in the order of the catalogue: the columns of a snapshot."""
        return tuple(one for one in self.attributes.values() if one.derived is None)

    @property
    def derived_attributes(self) -> tuple[Attribute, ...]:
        return tuple(one for one in self.attributes.values() if one.derived is not None)
