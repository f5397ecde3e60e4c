"""Values as text, as ``string()`` gives them (DMN 1.5 §10.3.4.1): a text inside a list or context keeps its quotes."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from policy_engine.language.effort import spend, spend_text
from policy_engine.language.temporal import DateTime, FarDate, Months, Seconds, Time
from policy_engine.language.temporal_text import written
from policy_engine.language.values import Function, Span

_DEEPEST: Final = 100
#: A value costs this many rounds to write.
_PER_VALUE: Final = 3


def text_of(value: Any) -> str | None:
    """Null where the text would be too long or too deep."""
    if isinstance(value, str):
        return value
    text = _shown(value, 0)
    return None if text is None else spend_text(text)


def _shown(value: Any, depth: int) -> str | None:
    spend(_PER_VALUE)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, date | FarDate | Time | DateTime | Months | Seconds):
        return written(value) if depth == 0 else f'@"{written(value)}"'
    if isinstance(value, Function):
        return f"function({', '.join(value.parameters)})"
    if depth > _DEEPEST:
        return None
    return _shown_parts(value, depth + 1)


def _shown_parts(value: Any, depth: int) -> str | None:
    if isinstance(value, Span):
        return _shown_span(value, depth)
    if isinstance(value, dict):
        pieces = [(f"{key}: ", _shown(one, depth)) for key, one in value.items()]
    elif isinstance(value, list):
        pieces = [("", _shown(one, depth)) for one in value]
    else:
        return None
    texts = [before + text for before, text in pieces if text is not None]
    if len(texts) < len(pieces):
        return None
    inside = spend_text(", ".join(texts))
    if inside is None:
        return None
    return "{" + inside + "}" if isinstance(value, dict) else "[" + inside + "]"


def _shown_span(span: Span, depth: int) -> str | None:
    if span.form:
        end = span.high if span.form.startswith("<") else span.low
        return f"({span.form} {_shown(end, depth)})"
    low, high = _shown(span.low, depth), _shown(span.high, depth)
    return f"{'[' if span.is_low_closed else '('}{low}..{high}{']' if span.is_high_closed else ')'}"
