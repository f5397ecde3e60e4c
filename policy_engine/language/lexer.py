"""Cuts a text into tokens (DMN 1.5 §10.3.1.2). Names may be Chinese; words of a multi-word name are joined by the parser."""

import re
from typing import Literal

import msgspec

from policy_engine.language.problems import Problem, ProblemList

Kind = Literal["number", "string", "word", "symbol", "end"]

KEYWORDS = frozenset(
    (
        "if",
        "then",
        "else",
        "and",
        "or",
        "in",
        "between",
        "true",
        "false",
        "null",
        "some",
        "every",
        "satisfies",
        "for",
        "return",
        "function",
        "instance",
    )
)
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.(?!\.)\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+")
_WORD = re.compile(r"\?|(?:[^\W\d]|[\U00010000-\U000EFFFF])(?:\w|[\U00010000-\U000EFFFF])*")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_SYMBOLS = (
    "**",
    "<=",
    ">=",
    "!=",
    "..",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "+",
    "-",
    "*",
    "/",
    "=",
    "<",
    ">",
    "@",
    "'",
)
_FULL_WIDTH = str.maketrans("（）［］，：＝＜＞“”", '()[],:=<>""')
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


class Token(msgspec.Struct, frozen=True):
    kind: Kind
    text: str
    offset: int
    line: int
    column: int


def tokens_of(text: str) -> list[Token]:
    """All tokens, an ``end`` last. Raises ``ProblemList`` at the first character that begins nothing."""
    found: list[Token] = []
    offset = 0
    while True:
        space = _SPACE.match(text, offset)
        offset = space.end() if space else offset
        line, column = place_of(text, offset)
        if offset >= len(text):
            found.append(Token("end", "", offset, line, column))
            return found
        if text.startswith("/*", offset):
            raise ProblemList([Problem(line, column, "注释没有写完", "请在注释的结尾补上 */。")])
        kind, value, end = _token_at(text, offset, line, column)
        found.append(Token(kind, value, offset, line, column))
        offset = end


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _token_at(text: str, offset: int, line: int, column: int) -> tuple[Kind, str, int]:
    if number := _NUMBER.match(text, offset):
        return "number", number[0], number.end()
    if word := _WORD.match(text, offset):
        return "word", word[0], word.end()
    if string := _STRING.match(text, offset):
        return "string", _unescaped(string[1], line, column), string.end()
    for symbol in _SYMBOLS:
        if text.startswith(symbol, offset):
            return "symbol", symbol, offset + len(symbol)
    character = text[offset]
    plain = character.translate(_FULL_WIDTH)
    mend = f"请改用半角符号 {plain}" if plain != character else "请删去它"
    if character == '"':
        raise ProblemList([Problem(line, column, "文字没有写完，缺少右引号", '请在同一行补上 "')])
    raise ProblemList([Problem(line, column, f"看不懂的符号“{character}”", f"{mend}。")])


def _unescaped(text: str, line: int, column: int) -> str:
    """Escapes put in place (grammar rule 64); two halves of a character written as UTF-16 become one."""
    plain = _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else _ESCAPES.get(m[1], m[0]), text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        problem = Problem(line, column, "文字里有半个字符", "请检查以 \\u 写的字符。")
        raise ProblemList([problem]) from None
