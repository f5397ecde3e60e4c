"""Which licences there are: their fields, who issues them, what a scan shows, and which facts they state."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput, NotFound

TYPES = Path(__file__).parent / "types"


class LicenceField(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    label_en: str
    type: Literal["text", "integer", "date"]
    values: tuple[Any, ...] = ()
    is_sensitive: bool = False


class NumberRule(msgspec.Struct, frozen=True, kw_only=True):
    """How the licence number 证照编号 is formed; most numbers contain the holder's own."""

    is_holder_identifier: bool = False
    prefix_holder_identifier: bool = False


class LicenceType(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue. ``facts`` maps catalogue attribute ids to field ids: issuing states them as facts."""

    id: str
    name: str
    label_en: str
    code: str
    code_standing: Literal["official", "demonstration"]
    holder: Literal["person", "firm"]
    authority: str
    authority_en: str
    issuer: str
    department: str
    valid_years: int | None
    number: NumberRule
    fields: tuple[LicenceField, ...]
    shown_fields: tuple[str, ...]
    facts: dict[str, str]
    keep_facts_when_ended: bool = False

    def check_fields(self, given: dict[str, Any]) -> None:
        """Every field present, of its type and among its values; raises ``InvalidInput`` with each that is not."""
        known = {field.id: field for field in self.fields}
        errors = [
            FieldError(name, f"{self.name}没有这一项", "请删去") for name in given.keys() - known.keys()
        ]
        for name, field in known.items():
            if name not in given:
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
