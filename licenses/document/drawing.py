"""The page as PDF operators: text in a font every reader has for Chinese, a QR code as squares, a watermark. Pure."""

from collections.abc import Sequence
from itertools import pairwise

import segno

A4 = (595, 842)
MARGIN = 64
_LINE = 26
_QR_SIDE = 110
FONT = "F1"


def page_content(
    *,
    title: str,
    authority: str,
    lines: Sequence[tuple[str, str]],
    watermark: Sequence[str],
    address: str,
    note: str,
) -> bytes:
    """The content stream of one A4 page (ISO 32000-2 §8, §9)."""
    width, height = A4
    parts = [_watermark(watermark)]
    parts.append(_text(title, (width - len(title) * 28) / 2, height - 110, 28, "0.72 0.1 0.1"))
    parts.append(f"0.72 0.1 0.1 RG 1.2 w {MARGIN} {height - 130} m {width - MARGIN} {height - 130} l S\n")
    top = height - 175
    for label, value in lines:
        parts.append(_text(label, MARGIN, top, 11, "0.4 0.4 0.4"))
        for piece in _wrapped(value, 26):
            parts.append(_text(piece, MARGIN + 130, top, 13, "0 0 0"))
            top -= 20
        top -= _LINE - 20
    parts.append(_text(authority, MARGIN + 190, 150, 15, "0.72 0.1 0.1"))
    parts.append(_text(note, MARGIN, 64, 9, "0.4 0.4 0.4"))
    parts.append(_qr(address, MARGIN, 90))
    return "".join(parts).encode("ascii")


def _text(text: str, x: float, y: float, size: int, colour: str) -> str:
    encoded = text.encode("utf-16-be").hex()
    return f"BT {colour} rg /{FONT} {size} Tf {x:.0f} {y:.0f} Td <{encoded}> Tj ET\n"


def _watermark(lines: Sequence[str]) -> str:
    """Across the whole page, so that no part of a copy is without it."""
    drawn = ["q 0.86 0.86 0.9 rg\n"]
    for row in range(5):
        for place, line in enumerate(lines):
            encoded = line.encode("utf-16-be").hex()
            for column in (0, 270):
                x, y = 40 + (row % 2) * 60 + column, 70 + row * 160 - place * 18
                drawn.append(f"BT /{FONT} 13 Tf 0.94 0.34 -0.34 0.94 {x} {y} Tm <{encoded}> Tj ET\n")
    return "".join([*drawn, "Q\n"])


def _qr(address: str, x: int, y: int) -> str:
    matrix = [list(map(bool, row)) for row in segno.make(address, micro=False).matrix]
    side = _QR_SIDE / len(matrix)
    squares = [
        f"{x + column * side:.2f} {y + (len(matrix) - 1 - line) * side:.2f} {side:.2f} {side:.2f} re\n"
        for line, row in enumerate(matrix)
        for column, is_dark in enumerate(row)
        if is_dark
    ]
    paper = f"q 1 1 1 rg {x - 8} {y - 8} {_QR_SIDE + 16} {_QR_SIDE + 16} re f 0 0 0 rg\n"
    return paper + "".join(squares) + "f Q\n"


def _wrapped(text: str, width: int) -> list[str]:
    """Pieces of at most ``width`` full-width characters; two narrow ones count as one."""
    cuts, used = [0], 0
    for place, character in enumerate(text):
        used += 1 if ord(character) < 0x2E80 else 2
        if used > 2 * width:
            cuts.append(place)
            used = 1 if ord(character) < 0x2E80 else 2
    return [text[start:end] for start, end in pairwise([*cuts, len(text)])] or [""]
