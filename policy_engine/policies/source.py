"""Reads YAML from outside within bounds, and remembers on which line everything stands.

A document comes from an upload: it must not be able to grow in memory (aliases), exhaust the stack (nesting), hide
one value behind another (duplicate keys, merge keys) or make objects (tags). Text, numbers, dates and lists are left.
"""

from datetime import date
from typing import Any

import msgspec
import yaml

from kernel.i18n import gettext as _
from policy_engine.policies.problems import DocumentRefused, Path, Problem, path_text

#: libyaml reads ten times as fast, where PyYAML has it.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_ALIASES = 20
MAX_NODES = 50_000
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{one}" for one in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
}


class SourceText(msgspec.Struct, frozen=True):
    """The content of a YAML text with the line of every value."""

    content: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of the value at ``path``, or of the nearest thing around it that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def read_source(text: str | bytes) -> SourceText:
    """The content of one bounded YAML document. Raises ``DocumentRefused``."""
    text = _decoded(text)
    try:
        _measure(text)
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise _refused(
            "syntax",
            (),
            line,
            _("不是规范的 YAML：%(context)s", context=error.problem or error.context),
            _("请检查缩进、冒号和引号。"),
        ) from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        reason = _("含有不能使用的字符：%(splitlines)s", splitlines=str(error).splitlines()[0])
        raise _refused("syntax", (), 0, reason, _("请删去控制字符，以 UTF-8 保存。")) from None
    reader = _Reader(loader)
    content = reader.read(node, ()) if node is not None else None
    return SourceText(content, reader.lines)


def _decoded(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _refused(
            "too_large",
            (),
            0,
            _("文件有 %(size)s 字节，超过 %(value)s 字节的上限", size=f"{size:,}", value=f"{MAX_BYTES:,}"),
            _("请精简文件。"),
        )
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise _refused(
            "encoding", (), line, _("文件不是 UTF-8 编码"), _("请另存为 UTF-8 后再上传。")
        ) from None


def _measure(text: str) -> None:
    """Refuse by counting events, before anything is built or recursed into."""
    depth = aliases = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH:
            raise _refused(
                "too_deep", (), line, _("嵌套超过 %(value)s 层", value=MAX_DEPTH), _("请减少嵌套。")
            )
        if aliases > MAX_ALIASES:
            raise _refused(
                "too_many_aliases",
                (),
                line,
                _("别名（*）超过 %(value)s 处", value=MAX_ALIASES),
                _("请直接写出内容。"),
            )
        if nodes > MAX_NODES:
            raise _refused(
                "too_large", (), line, _("内容超过 %(value)s 项", value=f"{MAX_NODES:,}"), _("请精简文件。")
            )


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.lines: dict[Path, int] = {}
        self._loader = loader

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        # An alias is read again where it stands, within the bounds already measured.
        if len(path) > MAX_DEPTH or len(self.lines) > MAX_NODES:
            raise _refused("too_large", path, line, _("别名展开后的内容过大"), _("请直接写出内容。"))
        if node.tag not in _PLAIN_TAGS:
            raise _refused(
                "bad_tag",
                path,
                line,
                _("不支持的类型标记 %(tag)s", tag=node.tag),
                _("请去掉感叹号开头的标记。"),
            )
        self.lines[path] = line
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path, line)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag == "tag:yaml.org,2002:merge":
                raise _refused(
                    "bad_key", path, line, _("键必须是普通文字，不支持合并键（<<）"), _("请逐项写出。")
                )
            if key in found:
                raise _refused(
                    "duplicate_key", (*path, key), line, _("“%(key)s”写了两次", key=key), _("请只保留一处。")
                )
            found[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = line
        return found

    def _scalar(self, node: yaml.Node, path: Path, line: int) -> Any:
        try:
            value = self._loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            raise _refused(
                "bad_value",
                path,
                line,
                _("读不懂这个值：%(value)s", value=str(node.value)[:40]),
                _("请检查日期或数字的写法。"),
            ) from None
        return value.isoformat() if isinstance(value, date) else value


def _refused(code: str, path: Path, line: int, reason: str, mend: str) -> DocumentRefused:
    return DocumentRefused([Problem(code, path_text(path), line, reason, mend)])
