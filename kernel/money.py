"""Money is an integer of fen (分) everywhere inside; yuan exist only in texts."""

from typing import TypeAlias

Fen: TypeAlias = int


def format_yuan(fen: Fen) -> str:
    """As people say it: ``1,630`` or ``1,630.50``; the caller adds 元."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}" if rest == 0 else f"{sign}{yuan:,}.{rest:02d}"


def format_yuan_exact(fen: Fen) -> str:
    """As books write it, always two decimals: ``1,630.00``."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"
