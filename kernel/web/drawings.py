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

_BAR_HEIGHT: Final = 22
_ROW_HEIGHT: Final = 52
_WIDTH: Final = 640


@cache
def icon_shapes() -> dict[str, str]:
    """Every icon's shapes by its name, read from the one sprite file."""
    return {
        name: re.sub(r"\s*\n\s*", "", body)
        for name, body in _SYMBOL.findall(_SPRITE.read_text(encoding="utf-8"))
    }


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


def _svg(css_class: str, height: float, label: str, body: Sequence[Markup]) -> Markup:
    return Markup('<svg class="{}" viewBox="0 0 {} {:g}" role="img" aria-label="{}">{}</svg>').format(
        css_class, _WIDTH, height, label, Markup("").join(body)
    )


def chart_bar_svg(items: Sequence[Sequence[object]], title: str, unit: str = "") -> Markup:
    """Horizontal bars, each with its own label and value; items are (label, value) or (label, value, tone)."""
    values = [_as_number(item[1]) for item in items]
    most = max([*values, 0]) or 1
    body = []
    for place, (item, value) in enumerate(zip(items, values, strict=True)):
        top = place * _ROW_HEIGHT
        tone = str(item[2]) if len(item) > 2 else "way"
        said = f"{number(value)}{unit and ' ' + unit}"
        body.append(
            Markup(
                '<text class="chart-label" x="0" y="{}">{}</text><text class="chart-value" x="{}" y="{}">{}</text>'
                '<rect class="chart-ground" x="0" y="{}" width="{}" height="{}" rx="5"/>'
                '<rect class="chart-mark tone-{}" x="0" y="{}" width="{:.1f}" height="{}" rx="5"/>'
            ).format(
                *(top + 17, str(item[0]), _WIDTH, top + 17, said),
                *(top + 24, _WIDTH, _BAR_HEIGHT - 10),
                *(tone, top + 24, max(value / most, 0) * _WIDTH, _BAR_HEIGHT - 10),
            )
        )
    return _svg("chart-drawing", len(items) * _ROW_HEIGHT, title, body)


def chart_line_svg(items: Sequence[Sequence[object]], title: str, unit: str = "") -> Markup:
    """A line over time: first and last labels under it, the last value written at its end; items are (label, value)."""
    values = [_as_number(item[1]) for item in items]
    if not values:
        return _svg("chart-drawing", 1, title, [])
    left, right, top, bottom = 4.0, _WIDTH - 110.0, 24.0, 176.0
    most, least = max([*values, 0]), min([*values, 0])
    reach = (most - least) or 1
    step = (right - left) / max(len(values) - 1, 1)
    points = [
        (left + place * step, bottom - (value - least) / reach * (bottom - top))
        for place, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end_x, end_y = points[-1]
    said = f"{number(values[-1])}{unit and ' ' + unit}"
    body = [
        Markup('<line class="chart-axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>').format(left, bottom, right),
        Markup('<polygon class="chart-area" points="{:.1f},{} {} {:.1f},{}"/>').format(
            left, bottom, path, end_x, bottom
        ),
        Markup('<polyline class="chart-line" points="{}"/>').format(path),
        Markup('<circle class="chart-dot" cx="{:.1f}" cy="{:.1f}" r="5"/>').format(end_x, end_y),
        Markup('<text class="chart-end" x="{:.1f}" y="{:.1f}">{}</text>').format(end_x + 12, end_y + 6, said),
        Markup('<text class="chart-label" x="{}" y="{}">{}</text>').format(
            left, bottom + 26, str(items[0][0])
        ),
        Markup('<text class="chart-value" x="{}" y="{}">{}</text>').format(
            right, bottom + 26, str(items[-1][0])
        ),
    ]
    return _svg("chart-drawing", bottom + 36, title, body)


def _as_number(value: object) -> float:
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"a chart draws numbers, not {escape(repr(value))}")
