"""From the text of an upload to a typed document, every slip told with its line."""

import re
from pathlib import Path as FilePath
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from kernel.i18n import N_
from kernel.i18n import gettext as _
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.problems import DocumentRefused, Path, Problem, path_text
from policy_engine.policies.source import SourceText, read_source

Shape = TypeVar("Shape", bound=msgspec.Struct)
_AT = re.compile(r" - at `(key in )?\$(.*)`$")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[\.\.\.\]")
_NAMES = {
    "str": N_("文字（必要时加引号）"),
    "int": N_("整数"),
    "float": N_("小数"),
    "bool": N_("true 或 false"),
    "array": N_("列表"),
    "object": N_("键值"),
    "date": N_("日期（如 2025-07-01）"),
    "null": N_("空"),
}


class LoadedDocument(msgspec.Struct, frozen=True):
    """A document with the source it was read from, so that later checks can name lines."""

    document: PolicyDocument
    source: SourceText


def load_document(text: str | bytes) -> LoadedDocument:
    """The document in ``text``. Raises ``DocumentRefused`` with line, reason and mend."""
    source = read_source(text)
    return LoadedDocument(shaped(source, PolicyDocument), source)


def load_document_file(path: FilePath) -> LoadedDocument:
    return load_document(path.read_bytes())


def shaped(source: SourceText, shape: type[Shape]) -> Shape:
    """The content of ``source`` as ``shape``. Raises ``DocumentRefused``."""
    try:
        return msgspec.convert(source.content, shape)
    except msgspec.ValidationError as error:
        raise DocumentRefused([_problem(str(error), source, shape)]) from None


def _problem(message: str, source: SourceText, shape: type[msgspec.Struct]) -> Problem:
    path = _path_in(message, source.content, shape)
    text = _AT.sub("", message)
    reason, mend = _explained(text, path, shape)
    named = re.search(r"unknown field `(\w+)`", text)
    if named:
        path = (*path, named[1])
    return Problem("shape", path_text(path), source.line_of(path), reason, mend)


def _path_in(message: str, content: Any, shape: type[msgspec.Struct]) -> Path:
    """The path that msgspec names; it writes ``[...]`` for the key of a mapping, so the key is looked for."""
    match = _AT.search(message)
    path: list[str | int] = []
    here = content
    for step in _STEP.finditer(match[2] if match else ""):
        key: str | int = step[1] if step[1] is not None else int(step[2] or 0)
        if step[1] is None and step[2] is None:
            found = _wrong_key(here, _type_at(tuple(path), shape))
            if found is None:
                break
            key = found
        path.append(key)
        here = _entry(here, key)
    return tuple(path)


def _entry(here: Any, key: str | int) -> Any:
    """What stands under a key or place, or None."""
    if isinstance(here, dict):
        return here.get(key)
    if isinstance(here, list) and isinstance(key, int) and key < len(here):
        return here[key]
    return None


def _wrong_key(here: Any, type_: inspect.Type) -> str | None:
    inner = _inner(type_.value_type) if isinstance(type_, inspect.DictType) else None
    if not isinstance(here, dict) or not isinstance(inner, inspect.StructType):
        return None
    for key, value in here.items():
        try:
            msgspec.convert(value, inner.cls)
        except msgspec.ValidationError:
            return key
    return None


def _explained(text: str, path: Path, shape: type[msgspec.Struct]) -> tuple[str, str]:
    if match := re.match(r"Expected `(.+?)`, got `(.+?)`", text):
        wanted = _("或").join(_kind(one.strip()) for one in match[1].split("|"))
        return _("这里应为%(wanted)s，实际是%(match)s", wanted=wanted, match=_kind(match[2])), _(
            "请改成要求的写法。"
        )
    if match := re.match(r"Object missing required field `(\w+)`", text):
        return _("缺少必填项 %(match)s", match=match[1]), _("请补上 %(match)s。", match=match[1])
    if match := re.match(r"Object contains unknown field `(\w+)`", text):
        known = "、".join(_fields_at(path, shape))
        return _("不认识的项 %(match)s", match=match[1]), _(
            "请删去或改名；这里可以写：%(known)s。", known=known
        )
    if text.startswith("Invalid enum value"):
        value = text.removeprefix("Invalid enum value ").strip("'")
        choices = "、".join(str(one) for one in _choices_at(path, shape))
        return _("“%(value)s”不在可选范围内", value=value), _("可以写：%(choices)s。", choices=choices)
    if text.startswith("Invalid RFC3339"):
        return _("日期的写法不对"), _("请写成 2025-07-01 的样子。")
    if match := re.match(r"Expected `(.+?)` of length (.+)", text):
        return _("长度不符合要求（%(match)s）", match=match[2]), _("请增减内容。")
    if match := re.match(r"Expected `str` matching regex (.+)", text):
        return _("写法不符合要求"), _("应符合 %(match)s。", match=match[1])
    return _("内容不符合要求：%(text)s", text=text), _("请按提示改正。")


def _kind(name: str) -> str:
    """A type of JSON as people call it."""
    return _(_NAMES[name]) if name in _NAMES else name


def _type_at(path: Path, shape: type[msgspec.Struct]) -> inspect.Type:
    here = inspect.type_info(shape)
    for step in path:
        here = _inner(here)
        if isinstance(here, inspect.StructType):
            here = next(field.type for field in here.fields if field.encode_name == step)
        elif isinstance(here, inspect.VarTupleType | inspect.ListType):
            here = here.item_type
        elif isinstance(here, inspect.DictType):
            here = here.value_type
    return _inner(here)


def _inner(here: inspect.Type) -> inspect.Type:
    if isinstance(here, inspect.Metadata):
        return _inner(here.type)
    if isinstance(here, inspect.UnionType):
        return next(_inner(one) for one in here.types if not isinstance(one, inspect.NoneType))
    return here


def _fields_at(path: Path, shape: type[msgspec.Struct]) -> list[str]:
    here = _type_at(path, shape)
    return [field.encode_name for field in here.fields] if isinstance(here, inspect.StructType) else []


def _choices_at(path: Path, shape: type[msgspec.Struct]) -> list[Any]:
    here = _type_at(path, shape)
    if isinstance(here, inspect.VarTupleType | inspect.ListType):
        here = _inner(here.item_type)
    return list(here.values) if isinstance(here, inspect.LiteralType) else []
