"""Pictures drawn on the server as SVG: icons, charts and QR codes; no script, no style attribute, no request."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import segno
from markupsafe import Markup, escape

from kernel.web.formats import number

_SPRITE: Final = Path(__file__).parent / "templates" / "kernel" / "icons.svg"
_SYMBOL: Final = re.compile(r'<symbol id="([a-z0-9-]+)"[^>]*>(.*?)</symbol>', re.DOTALL)

#: The units a line is drawn in; the page stretches them.
_WIDE: Final = 300
_HIGH: Final = 100


@cache
def icon_shapes() -> dict[str, str]:
    """Every icon's shapes by its name, read from the one sprite file."""
    return {
        name: re.sub(r"\s*\n\s*", "", body)
        for name, body in _SYMBOL.findall(_SPRITE.read_text(encoding="utf-8"))
    }


@cache
def icon(name: str, css_class: str = "") -> Markup:
    """An icon of the house, 1em square and silent to screen readers; KeyError where the sprite has no such name."""
    classes = f"icon {css_class}".strip()
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(
        classes,
        Markup(icon_shapes()[name]),  # noqa: S704  our own file
    )


def qr_svg(data: str, label: str) -> Markup:
    """A QR code (error correction M) with the quiet zone that scanners need."""
    code = segno.make(data, error="m", micro=False)
    drawing = code.svg_inline(border=4, omitsize=True, svgclass="qr-code", lineclass=None, light="#fff")
    body = Markup(drawing)  # noqa: S704  segno writes numbers only
    return Markup('<span role="img" aria-label="{}">{}</span>').format(label, body)


def chart_bar_svg(items: Sequence[Sequence[object]], unit: str = "") -> Markup:
    """Bars that grow with the page, their words as text beside them; items are (label, value) or (label, value, tone)."""
    values = [_as_number(item[1]) for item in items]
    most = max([*values, 0]) or 1
    rows = [
        Markup(
            '<div class="bar"><span>{}</span><span class="bar-value">{}</span>'
            '<svg viewBox="0 0 100 1" preserveAspectRatio="none" focusable="false">'
            '<rect class="chart-ground" width="100" height="1"/>'
            '<rect class="chart-mark tone-{}" width="{:.2f}" height="1"/></svg></div>'
        ).format(item[0], _said(value, unit), item[2] if len(item) > 2 else "way", max(value / most, 0) * 100)
        for item, value in zip(items, values, strict=True)
    ]
    return Markup('<div class="bars" aria-hidden="true">{}</div>').format(Markup("").join(rows))


def chart_line_svg(items: Sequence[Sequence[object]], unit: str = "") -> Markup:
    """A line over time, its last value written above its end, first and last labels below; items are (label, value)."""
    values = [_as_number(item[1]) for item in items]
    if not values:
        return Markup("")
    least = min([*values, 0])
    reach = (max([*values, 0]) - least) or 1
    step = _WIDE / max(len(values) - 1, 1)
    points = [
        (place * step, _HIGH - (value - least) / reach * (_HIGH - 4)) for place, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end_x, end_y = points[-1]
    return Markup(
        '<div class="line" aria-hidden="true"><p class="line-value">{}</p>'
        '<svg viewBox="0 0 {wide} {high}" preserveAspectRatio="none" focusable="false">'
        '<polygon class="chart-area" points="0,{high} {path} {x:.1f},{high}"/>'
        '<polyline class="chart-line" points="{path}"/><path class="chart-dot" d="M{x:.1f} {y:.1f}h0"/></svg>'
        '<p class="line-labels"><span>{}</span><span>{}</span></p></div>'
    ).format(
        *(_said(values[-1], unit), items[0][0], items[-1][0]),
        wide=_WIDE,
        high=_HIGH,
        path=path,
        x=end_x,
        y=end_y,
    )


def _said(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def _as_number(value: object) -> float:
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"a chart draws numbers, not {escape(repr(value))}")
