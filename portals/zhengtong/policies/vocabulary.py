"""名录: every name a condition may use, with an example, for whoever writes policies."""

from collections.abc import Iterable

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, Parameter, catalogue
from policy_engine.catalogue.attributes import VIEWS
from policy_engine.catalogue.parameters import ParameterArgument
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.visit import Visiting

MOST_SEARCHED = 40


class NameLine(msgspec.Struct, frozen=True, kw_only=True):
    """A name of FEEL: of whom, what kind of value, what "none" means, who tells it, and an example."""

    entity: str
    name: str
    label_en: str
    type: str
    values: tuple[str, ...]
    unit: str
    none: str
    source: str
    legal_basis: str
    example: str


def names(words: str = "") -> list[NameLine]:
    """Attributes by entity, then the dated standards; those in which ``words`` stands."""
    known = catalogue()
    lines = [_of_attribute(one) for one in known.attributes]
    lines += [_of_standard(one) for one in known.parameters.values()]
    asked = words.strip().casefold()[:MOST_SEARCHED]
    return [one for one in lines if not asked or any(asked in text.casefold() for text in _texts(one))]


def _texts(line: NameLine) -> Iterable[str]:
    return (line.name, line.label_en, line.entity, line.source, *line.values)


def _of_attribute(attribute: Attribute) -> NameLine:
    known = catalogue()
    types = {
        "boolean": _("是或否"),
        "date": _("日期"),
        "integer": _("整数"),
        "money": _("金额"),
        "ratio": _("比例"),
        "enum": _("选项"),
        "text": _("文字"),
        "division": _("区划代码"),
    }
    nones = {"false": _("算否"), "0": _("算 0"), "null": _("为 null，须先判断"), "never": _("不会没有")}
    return NameLine(
        entity=known.entities[attribute.entity].name,
        name=attribute.name,
        label_en=attribute.label_en,
        type=types[attribute.type],
        values=attribute.values,
        unit=attribute.unit,
        none=nones[attribute.none],
        source=known.departments[attribute.department].name,
        legal_basis=attribute.legal_basis,
        example=_example(attribute),
    )


def _example(attribute: Attribute) -> str:
    """A condition that the checker accepts."""
    if attribute.entity in VIEWS:
        condition = _example(msgspec.structs.replace(attribute, entity=VIEWS[attribute.entity]))
        return f"count({catalogue().entities[attribute.entity].name}[{condition}]) >= 1"
    name = attribute.name
    guard = f"{name} != null and " if attribute.is_nullable else ""
    match attribute.type:
        case "boolean":
            return name
        case "date":
            return f'{guard}{name} >= @"2026-01-01"'
        case "integer" | "money":
            return f"{guard}{name} >= 1"
        case "ratio":
            return f"{guard}{name} <= 0.2"
        case "enum":
            return f'{name} = "{attribute.values[0]}"'
        case "division":
            return f'{guard}starts with({name}, "4202")'
        case "text":
            return f"{name} != null"


def _of_standard(parameter: Parameter) -> NameLine:
    return NameLine(
        entity=_("标准"),
        name=parameter.name,
        label_en=parameter.label_en,
        type=_("按地区和日期取值"),
        values=tuple(one.name for one in parameter.arguments),
        unit=parameter.unit,
        none=_("为 null，须先判断"),
        source="",
        legal_basis="",
        example=f"{parameter.name}({', '.join(_given(one) for one in parameter.arguments)})",
    )


def _given(argument: ParameterArgument) -> str:
    """A fact of this name where somebody has one, else a value in its place."""
    if any(one.name == argument.name for one in catalogue().attributes):
        return argument.name
    return f'"{argument.values[0] if argument.values else "420200"}"'


@get("/policies/vocabulary", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def vocabulary_page(visit: Visiting, q: FromQuery[str] = "") -> Response[str]:
    """The names, those found by a word; the editor shows the same list beside the text."""
    is_fragment = visit.request.headers.get("hx-request") == "true"
    return visit.page(
        "zhengtong/policies/_names.html" if is_fragment else "zhengtong/policies/vocabulary.html",
        names=names(q),
        q=q,
        is_english=current_locale() == ENGLISH,
    )


@get(
    "/policies/vocabulary",
    sync_to_thread=True,
    tags=["policies"],
    summary="Every name that a condition may use",
    guards=[on_a_seat],
)
def list_names(q: FromQuery[str] = "") -> list[NameLine]:
    return names(q)


PAGES = [vocabulary_page]
API = [list_names]
