"""Which licences there are: versions of their fields, who sees what, and which facts they state."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import Named

TYPES = Path(__file__).parent / "types"

#: Whom a shown licence is for: anyone who scans it, a counter of the city, the police on the street.
Purpose = Literal["anyone", "counter", "police"]
Sensitivity = Literal["general", "sensitive", "highest"]
Holder = Literal["person", "firm"]


class LicenceField(msgspec.Struct, frozen=True, kw_only=True):
    """``element`` is its name in the national metadata (``KZ_…`` are extensions); a statement older than
    ``fresh_days`` is shown, and said to be old."""

    id: str
    name: str
    label_en: str
    type: Literal["text", "integer", "date"]
    element: str
    values: tuple[Any, ...] = ()
    sensitivity: Sensitivity = "general"
    fresh_days: int = 3650
    is_required: bool = True

    @property
    def is_sensitive(self) -> bool:
        return self.sensitivity != "general"


class NumberRule(msgspec.Struct, frozen=True, kw_only=True):
    """How the licence number 证照编号 is formed; most numbers contain the holder's own."""

    is_holder_identifier: bool = False
    prefix_holder_identifier: bool = False


class SchemaVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The fields from a day on; a licence keeps those of its own day."""

    number: int
    since: date
    fields: tuple[LicenceField, ...]


class Definer(msgspec.Struct, frozen=True):
    """The authority that defines the type 证照定义机构."""

    name: str
    label_en: str


class LicenceType(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue.

    ``facts`` maps catalogue attribute ids to field ids, ``constants`` to what merely holding it means; with
    ``facts_when`` only licences with these values state anything. ``sharing`` is the national scope 共享范围: for
    ``conditional`` types a consumer needs the holder's grant as well as its entitlement.
    """

    id: str
    name: str
    label_en: str
    code: str
    code_standing: Literal["official", "demonstration"]
    defined_by: Definer
    holder: Holder
    issuer: str
    department: str
    valid_years: int | None
    number: NumberRule
    versions: tuple[SchemaVersion, ...]
    disclosures: dict[Purpose, tuple[str, ...]]
    sharing: Literal["unconditional", "conditional", "none"]
    offline_hours: int
    asks_holder: bool
    facts: dict[str, str]
    constants: dict[str, Any] = {}
    number_fact: str = ""
    facts_when: dict[str, Any] = {}
    keep_facts_when_ended: bool = False
    is_plural: bool = False
    is_reference: bool = False

    @property
    def named(self) -> Named:
        return Named(self.name, self.label_en)

    @property
    def fields(self) -> tuple[LicenceField, ...]:
        """Those of the newest version."""
        return self.versions[-1].fields

    @property
    def version(self) -> int:
        return self.versions[-1].number

    @property
    def shown_fields(self) -> tuple[str, ...]:
        """What anyone sees who scans it."""
        return self.disclosures["anyone"]

    def fields_of(self, version: int) -> tuple[LicenceField, ...]:
        """The fields a licence was issued with."""
        return next(one.fields for one in self.versions if one.number == version)

    def attributes(self) -> set[str]:
        """Every catalogue attribute this type can state."""
        return {*self.facts, *self.constants, *([self.number_fact] if self.number_fact else [])}

    def stated(self, fields: Mapping[str, Any] | None, number: str) -> dict[str, Any]:
        """The facts that a licence with these fields states; without fields each is known to be none."""
        if fields is None:
            return {} if self.keep_facts_when_ended else dict.fromkeys(sorted(self.attributes()))
        if any(fields.get(name) != value for name, value in self.facts_when.items()):
            return {}
        told = {attribute: fields[field] for attribute, field in self.facts.items() if field in fields}
        return told | self.constants | ({self.number_fact: number} if self.number_fact else {})

    def check_fields(self, given: Mapping[str, Any]) -> None:
        """Every field present, of its type and among its values; raises ``InvalidInput`` with each that is not."""
        known = {field.id: field for field in self.fields}
        errors = [
            FieldError(name, f"{self.name}没有这一项", "请删去") for name in given.keys() - known.keys()
        ]
        for name, field in known.items():
            if name not in given:
                if field.is_required:
                    errors.append(FieldError(name, f"缺少“{field.name}”", "请补上"))
            elif not _fits(field, given[name]):
                allowed = "、".join(map(str, field.values)) or {"integer": "整数", "date": "日期"}.get(
                    field.type, "文字"
                )
                errors.append(FieldError(name, f"“{field.name}”的值不对", f"应为：{allowed}"))
        if errors:
            raise InvalidInput(f"{self.name}的内容有 {len(errors)} 处需要改正。", errors=errors)


def _fits(field: LicenceField, value: Any) -> bool:
    if field.values and value not in field.values:
        return False
    if field.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        return False
    if field.type == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
    return True


@cache
def licence_types() -> dict[str, LicenceType]:
    """All types by id."""
    loaded = [
        msgspec.yaml.decode(path.read_bytes(), type=LicenceType) for path in sorted(TYPES.glob("*.yaml"))
    ]
    return {each.id: each for each in loaded}


def licence_type(type_id: str) -> LicenceType:
    try:
        return licence_types()[type_id]
    except KeyError:
        raise NotFound("没有这种证照。") from None


@cache
def _types_by_code() -> dict[str, LicenceType]:
    return {each.code: each for each in licence_types().values()}


def type_of_code(code: str) -> LicenceType | None:
    """The type with this national code 证照类型代码."""
    return _types_by_code().get(code)
