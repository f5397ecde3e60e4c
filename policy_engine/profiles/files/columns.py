"""What the first line of a file means: whom each row is about, and which attribute each column states.

Headings are the catalogue's words or ids: ``身份证号``, ``失业保险缴费月数``, ``家庭.公租房轮候``, ``firm.size``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Catalogue
from policy_engine.catalogue.attributes import EntityKind

Scheme = Literal["id_number", "uscc"]
IDENTIFIERS: dict[str, Scheme] = {
    "身份证号": "id_number",
    "公民身份号码": "id_number",
    "id_number": "id_number",
    "统一社会信用代码": "uscc",
    "uscc": "uscc",
}
DATES = {
    "数据日期": "observed_on",
    "observed_on": "observed_on",
    "生效日期": "valid_from",
    "valid_from": "valid_from",
    "失效日期": "valid_until",
    "valid_until": "valid_until",
}
#: Whom the subject of a row speaks for: a person's row may also state facts of the household.
SPEAKS_FOR: dict[Scheme, tuple[EntityKind, ...]] = {"id_number": ("person", "household"), "uscc": ("firm",)}
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in a row: of the identifier, of dates by their use, and of attributes."""

    headings: tuple[str, ...]
    scheme: Scheme
    identifier: int
    dates: dict[str, int]
    attributes: tuple[tuple[int, Attribute], ...]


def read_columns(headings: Sequence[str], source: str, catalogue: Catalogue) -> Columns:
    """Raises ``InvalidInput`` that names every heading which cannot be read, or which ``source`` may not state."""
    names = [heading.strip().lstrip("\ufeff") for heading in headings]
    if len(names) > MOST_COLUMNS:
        raise _refused([FieldError("1", _("列数超过%(most)s列", most=MOST_COLUMNS))])
    schemes = [(place, IDENTIFIERS[name]) for place, name in enumerate(names) if name in IDENTIFIERS]
    if len(schemes) != 1:
        what = _("须有且只有一列“身份证号”或“统一社会信用代码”")
        raise _refused([FieldError("1", what)])
    identifier, scheme = schemes[0]
    dates: dict[str, int] = {}
    attributes: list[tuple[int, Attribute]] = []
    errors: list[FieldError] = []
    for place, name in enumerate(names):
        if place == identifier:
            continue
        if name in DATES:
            dates[DATES[name]] = place
            continue
        attribute = _attribute(name, scheme, catalogue)
        fault = _fault(attribute, source, attributes, catalogue)
        if attribute is None or fault:
            errors.append(FieldError(f"1:{place + 1} {name[:40]}", fault))
        else:
            attributes.append((place, attribute))
    if errors:
        raise _refused(errors)
    if not attributes:
        raise _refused([FieldError("1", _("没有一列是目录中的属性"))])
    return Columns(tuple(names), scheme, identifier, dates, tuple(attributes))


def _attribute(name: str, scheme: Scheme, catalogue: Catalogue) -> Attribute | None:
    kinds = SPEAKS_FOR[scheme]
    kind, _dot, key = name.partition(".")
    for entity in (catalogue.entities[one] for one in kinds):
        if kind in (entity.kind, entity.name) and key:
            return entity.attributes.get(key) or catalogue.named(entity.kind, key)
    return catalogue.named(kinds[0], name)


def _fault(
    attribute: Attribute | None, source: str, known: list[tuple[int, Attribute]], catalogue: Catalogue
) -> str:
    if attribute is None:
        return _("目录中没有这个属性")
    if attribute.derived is not None:
        return _("这个属性由其他事实推算，不能写入")
    if source not in attribute.precedence:
        department = catalogue.departments.get(source)
        return _(
            "%(source)s不是这个属性的来源",
            source=department.name if department else source,
        )
    if any(attribute.id == one.id for _place, one in known):
        return _("同一属性出现了两列")
    return ""


def _refused(errors: list[FieldError]) -> InvalidInput:
    return InvalidInput(_("文件的表头不能识别，没有写入任何内容。请按说明更正后重新提交。"), errors=errors)
