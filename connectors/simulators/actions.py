"""What a demonstrator can make a department do: one form each, for the page and for the API alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from connectors.simulators.desk import Desk, SentEvent
from connectors.wire import Count, FirmName, IdNumber, PersonName, Uscc, Yuan


def choice(title: str, **choices: str) -> msgspec.Meta:
    """The title of a field and, by code, what each choice means (codes that are digits as ``_1``)."""
    return msgspec.Meta(
        title=title, extra={"choices": {code.lstrip("_"): text for code, text in choices.items()}}
    )


def titled(title: str) -> msgspec.Meta:
    return msgspec.Meta(title=title)


YesNo = Literal["1", "0"]
YES_NO = {"_1": "是", "_0": "否"}
OptionalDay = Annotated[date | None, titled("日期（默认今天）")]


class PersonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id_number: Annotated[IdNumber, titled("身份证号")]


class FirmForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    uscc: Annotated[Uscc, titled("统一社会信用代码")]


@dataclass(frozen=True, slots=True)
class Action:
    """``about`` says whether it starts from a person or a firm."""

    department: str
    id: str
    label: str
    about: Literal["person", "firm"]
    form: type[msgspec.Struct]
    make: Callable[[Desk, Any], SentEvent]


@dataclass(frozen=True, slots=True)
class FormField:
    """One input of the page, drawn from the form's structure."""

    name: str
    title: str
    kind: Literal["text", "number", "date", "select", "subject"]
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = True


def fields_of(form: type[msgspec.Struct]) -> list[FormField]:
    return [_field_of(field) for field in msgspec.structs.fields(form)]


def from_page(form: type[msgspec.Struct], values: dict[str, str]) -> msgspec.Struct:
    """A form from what a browser sends: empty inputs mean the default. Raises ``msgspec.ValidationError``."""
    given = {name: text.strip() for name, text in values.items() if text.strip()}
    return msgspec.convert(given, type=form, strict=False)


def _field_of(field: msgspec.structs.FieldInfo) -> FormField:
    plain, metas = _unwrap(field.type)
    title = next((meta.title for meta in metas if meta.title), field.name)
    choices: dict[str, str] = next((meta.extra["choices"] for meta in metas if meta.extra), {})
    is_required = field.required
    value = "" if is_required or field.default in (None, msgspec.NODEFAULT) else str(field.default)
    if field.name in ("id_number", "uscc") and is_required:
        return FormField(field.name, title, "subject", "")
    if choices:
        return FormField(field.name, title, "select", value, tuple(choices.items()), is_required)
    if date in get_args(plain) or plain is date:
        return FormField(field.name, title, "date", value, (), is_required)
    kind: Literal["number", "text"] = "number" if plain is int else "text"
    return FormField(field.name, title, kind, value, (), is_required)


def _unwrap(annotation: Any) -> tuple[Any, list[msgspec.Meta]]:
    metas: list[msgspec.Meta] = []
    while get_origin(annotation) is Annotated:
        inner, *found = get_args(annotation)
        metas = [meta for meta in found if isinstance(meta, msgspec.Meta)][::-1] + metas
        annotation = inner
    return annotation, metas


__all__ = [
    "YES_NO",
    "Action",
    "Count",
    "FirmForm",
    "FirmName",
    "FormField",
    "IdNumber",
    "OptionalDay",
    "PersonForm",
    "PersonName",
    "Uscc",
    "YesNo",
    "Yuan",
    "choice",
    "fields_of",
    "from_page",
    "titled",
]
