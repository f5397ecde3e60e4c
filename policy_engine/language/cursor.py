"""Where the parser stands in its tokens, and the names it knows: the longest name that fits wins (DMN 1.5 §10.3.1.2)."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from policy_engine.language import ast
from policy_engine.language.lexer import KEYWORDS, Token, tokens_of
from policy_engine.language.problems import Problem, ProblemList

Result = TypeVar("Result")

LONGEST_TEXT = 20_000
#: Each level costs some fifteen calls; Python has a thousand.
DEEPEST = 30
#: ``some … satisfies some … satisfies …`` takes as long as the product of its lists.
MOST_LOOPS = 3
#: Names of several words that are always known.
BUILT_IN_NAMES = (
    "years and months duration",
    "days and time duration",
    "date and time",
    "round half up",
    "round half down",
    "round up",
    "round down",
    "starts with",
    "ends with",
    "string length",
    "string join",
    "substring before",
    "substring after",
    "upper case",
    "lower case",
    "list contains",
    "list replace",
    "insert before",
    "index of",
    "distinct values",
    "get value",
    "get entries",
    "context put",
    "context merge",
    "day of year",
    "day of week",
    "month of year",
    "week of year",
    "met by",
    "overlaps before",
    "overlaps after",
    "finished by",
    "started by",
    "time offset",
    "start included",
    "end included",
)
#: Besides words and numbers, what may stand inside a name.
_INSIDE_NAMES = frozenset(".-/+*'")
_BLANKS = re.compile(r"\s+")
_PLAIN = re.compile(r"[^\W\d]\w*")


class Cursor:
    """Raises ``ProblemList`` where a text is too long or holds what is no token."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > LONGEST_TEXT:
            raise ProblemList([Problem(1, 1, f"表达式过长（超过{LONGEST_TEXT}个字符）", "请拆成几个条款。")])
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0
        self.depth = 0
        self.loops = 0
        self.phrases: dict[str, list[tuple[tuple[str, ...], str]]] = _BUILT_IN_PHRASES
        for name in names:
            self.know(name)

    def know(self, name: str) -> None:
        """From here on a name of several words or signs is read as one."""
        if (words := _words(name)) is not None:
            if self.phrases is _BUILT_IN_PHRASES:
                self.phrases = {first: list(phrases) for first, phrases in _BUILT_IN_PHRASES.items()}
            _add(self.phrases, words, name)

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def whole(self, rule: Callable[["Cursor"], Result]) -> Result:
        result = rule(self)
        if self.here.kind != "end":
            raise self.refusal(f"多出了“{self.here.text}”", "请检查前面是否少了运算符或括号。")
        return result

    def refusal(self, message: str, mend: str = "") -> ProblemList:
        return ProblemList([Problem(self.here.line, self.here.column, message, mend)])

    def sees(self, *texts: str) -> bool:
        return self.here.kind in ("symbol", "word") and self.here.text in texts

    def accept(self, text: str) -> bool:
        if self.here.kind in ("symbol", "word") and self.here.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            found = self.here.text or "结尾"
            raise self.refusal(f"这里应为“{text}”，却是“{found}”", f"请补上 {text}。")

    def descend(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refusal(f"嵌套过深（超过{DEEPEST}层）", "请拆成几个条款。")

    def enter_loop(self) -> None:
        """What follows is worked out for each item of a list."""
        self.loops += 1
        if self.loops > MOST_LOOPS:
            raise self.refusal(f"名单套名单过多（超过{MOST_LOOPS}层）", "请拆成几个条款。")

    def phrase(self) -> str | None:
        """The longest known name of several words that begins here."""
        for words, name in self.phrases.get(self.here.text, ()):
            ahead = self.tokens[self.at : self.at + len(words)]
            if all(
                token.kind != "string" and token.text == word
                for token, word in zip(ahead, words, strict=False)
            ) and len(ahead) == len(words):
                self.at += len(words)
                return name
        return None

    def simple_name(self) -> str:
        token = self.here
        if token.kind != "word" or token.text in KEYWORDS:
            raise self.refusal(
                f"这里应为名称，却是“{token.text or '结尾'}”", "请检查是否多了关键字或少了名称。"
            )
        self.at += 1
        return token.text

    def name_before(self, *ends: str) -> str:
        """A new name of any words up to one of ``ends``, known from here on; one word where none of them follows."""
        last = self.at
        while self.tokens[last].text not in ends and _may_be_inside(self.tokens[last]):
            last += 1
        if last == self.at or self.tokens[last].text not in ends or self.here.kind != "word":
            return self.simple_name()
        beginning, end = self.here.offset, self.tokens[last - 1]
        if last == self.at + 1:
            return self.simple_name()
        self.at = last
        name = _BLANKS.sub(" ", self.text[beginning : end.offset + len(end.text)])
        self.know(name)
        return name

    def member_name(self) -> str:
        """After a dot: a known name, or words up to whatever else follows."""
        if (known := self.phrase()) is not None:
            return known
        words = [self.simple_name()]
        while self.here.kind == "word" and self.here.text not in KEYWORDS:
            words.append(self.simple_name())
        return " ".join(words)

    def place(self) -> dict[str, int]:
        return {"line": self.here.line, "column": self.here.column}

    def expression(self) -> ast.Expression:
        raise NotImplementedError


def _may_be_inside(token: Token) -> bool:
    if token.kind == "word":
        return token.text not in KEYWORDS or token.text in ("and", "or")
    return token.kind == "number" or (token.kind == "symbol" and token.text in _INSIDE_NAMES)


def _words(name: str) -> tuple[str, ...] | None:
    """The tokens of a name that has more than one; null for a plain word and for what can be no name."""
    if _PLAIN.fullmatch(name) or len(name) > 200:
        return None
    try:
        tokens = tokens_of(name)[:-1]
    except ProblemList:
        return None
    return tuple(token.text for token in tokens) if len(tokens) > 1 else None


def _add(phrases: dict[str, list[tuple[tuple[str, ...], str]]], words: tuple[str, ...], name: str) -> None:
    known = phrases.setdefault(words[0], [])
    if (words, name) not in known:
        known.append((words, name))
        known.sort(key=lambda one: -len(one[0]))


def _phrases(names: Iterable[str]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name in names:
        if (words := _words(name)) is not None:
            _add(found, words, name)
    return found


_BUILT_IN_PHRASES = _phrases(BUILT_IN_NAMES)
