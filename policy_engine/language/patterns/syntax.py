"""A regular expression's text becomes a program for the machine: characters, forks, jumps, marks of groups."""

from typing import Final, Literal, TypeAlias

import msgspec

from policy_engine.language.patterns.characters import (
    BadPattern,
    Has,
    any_of,
    between,
    escaped,
    except_for,
    none_of,
    single,
    with_property,
)

Operation = Literal["character", "fork", "jump", "mark", "start", "end", "again", "done"]
LONGEST_PROGRAM: Final = 5_000
LONGEST_PATTERN: Final = 10_000
_DEEPEST: Final = 40
_NEVER_BARE: Final = frozenset("?*+{}]")
FLAGS: Final = frozenset("smixq")


class Step(msgspec.Struct, frozen=True):
    """``first`` and ``second``: the steps (relative) a fork tries in turn, a jump's goal, a mark's or group's number."""

    operation: Operation
    first: int = 0
    second: int = 0
    has: Has | None = None


Program: TypeAlias = list[Step]


def program_of(pattern: str, flags: str) -> tuple[Program, int, bool]:
    """The steps, the number of groups, and whether any looks back at one. Raises ``BadPattern``."""
    if not set(flags) <= FLAGS or len(pattern) > LONGEST_PATTERN:
        raise BadPattern
    reader = _Reader(pattern, flags)
    if "q" in flags:
        steps = [Step("character", has=single(one, ignores_case="i" in flags)) for one in pattern]
    else:
        steps = reader.alternatives()
        if reader.at < len(reader.text):
            raise BadPattern
    if len(steps) > LONGEST_PROGRAM:
        raise BadPattern
    return [*steps, Step("done")], reader.groups, reader.looks_back


class _Reader:
    def __init__(self, pattern: str, flags: str) -> None:
        self.text = _without_blanks(pattern) if "x" in flags else pattern
        self.flags = flags
        self.ignores_case = "i" in flags
        self.at = 0
        self.depth = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.looks_back = False

    @property
    def here(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        character = self.here
        if not character:
            raise BadPattern
        self.at += 1
        return character

    def accept(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def alternatives(self) -> Program:
        branches = [self.branch()]
        while self.accept("|"):
            branches.append(self.branch())
        steps = branches.pop()
        for branch in reversed(branches):
            steps = _bounded(
                [
                    Step("fork", 1, len(branch) + 2),
                    *branch,
                    Step("jump", len(steps) + 1),
                    *steps,
                ]
            )
        return steps

    def branch(self) -> Program:
        steps: Program = []
        while self.here and self.here not in "|)":
            steps = _bounded([*steps, *self.quantified(self.atom())])
        return steps

    def atom(self) -> Program:
        character = self.take()
        if character == "(":
            return self.group()
        if character == "[":
            return [Step("character", has=self.bracket())]
        if character == "\\":
            return [self.escape()]
        if character == ".":
            return [Step("character", has=_any_character if "s" in self.flags else _any_but_line_end)]
        if character in "^$":
            return [Step("start" if character == "^" else "end", int("m" in self.flags))]
        if character in _NEVER_BARE:
            raise BadPattern
        return [Step("character", has=single(character, ignores_case=self.ignores_case))]

    def group(self) -> Program:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise BadPattern
        is_marked = not self.accept("?:")
        if is_marked:
            self.groups += 1
        number = self.groups
        inside = self.alternatives()
        if not self.accept(")"):
            raise BadPattern
        self.depth -= 1
        if not is_marked:
            return inside
        self.closed.add(number)
        return [Step("mark", 2 * number), *inside, Step("mark", 2 * number + 1)]

    def escape(self) -> Step:
        letter = self.take()
        if letter.isdecimal() and letter.isascii():
            return self.back_reference(letter)
        found = self.property(letter) if letter in "pP" else escaped(letter)
        if isinstance(found, str):
            found = single(found, ignores_case=self.ignores_case)
        return Step("character", has=found)

    def back_reference(self, digits: str) -> Step:
        while self.here.isdecimal() and self.here.isascii() and int(digits + self.here) <= self.groups:
            digits += self.take()
        if int(digits) not in self.closed:
            raise BadPattern
        self.looks_back = True
        return Step("again", int(digits), int(self.ignores_case))

    def property(self, letter: str) -> Has:
        if not self.accept("{") or (end := self.text.find("}", self.at)) < 0:
            raise BadPattern
        has = with_property(self.text[self.at : end])
        self.at = end + 1
        return none_of(has) if letter == "P" else has

    def bracket(self) -> Has:
        """After ``[``: characters, ranges and escapes, perhaps negated, perhaps without another class."""
        is_negated = self.accept("^")
        parts: list[Has] = []
        left_out: Has | None = None
        while not self.accept("]"):
            if parts and self.accept("-["):
                left_out = self.bracket()
                if not self.accept("]"):
                    raise BadPattern
                break
            parts.append(self.member())
        if not parts:
            raise BadPattern
        has = none_of(any_of(parts)) if is_negated else any_of(parts)
        return has if left_out is None else except_for(has, left_out)

    def member(self) -> Has:
        low = self.one_of_class()
        if not isinstance(low, str):
            return low
        following = self.text[self.at + 1 : self.at + 2]
        if self.here != "-" or following in ("]", "[", ""):
            return single(low, ignores_case=self.ignores_case)
        self.at += 1
        high = self.one_of_class()
        if not isinstance(high, str):
            raise BadPattern
        return between(low, high, ignores_case=self.ignores_case)

    def one_of_class(self) -> str | Has:
        character = self.take()
        if character == "[":
            raise BadPattern
        if character != "\\":
            return character
        letter = self.take()
        return self.property(letter) if letter in "pP" else escaped(letter)

    def quantified(self, atom: Program) -> Program:
        fewest, most = self.times()
        if (fewest, most) == (1, 1):
            return atom
        is_lazy = self.accept("?")
        steps: Program = []
        for _ in range(fewest):
            steps = _bounded([*steps, *atom])
        if most is None:
            loop = _fork(1, len(atom) + 2, is_lazy=is_lazy)
            return _bounded([*steps, loop, *atom, Step("jump", -len(atom) - 1)])
        for left in range(most - fewest, 0, -1):
            past = left * (len(atom) + 1)
            steps = _bounded([*steps, _fork(1, past, is_lazy=is_lazy), *atom])
        return steps

    def times(self) -> tuple[int, int | None]:
        if self.accept("?"):
            return 0, 1
        if self.accept("*"):
            return 0, None
        if self.accept("+"):
            return 1, None
        if not self.accept("{"):
            return 1, 1
        end = self.text.find("}", self.at)
        low, separator, high = self.text[self.at : max(end, self.at)].partition(",")
        self.at = end + 1
        if end < 0 or not _is_count(low) or (high and not _is_count(high)):
            raise BadPattern
        most = int(low) if not separator else int(high) if high else None
        if most is not None and most < int(low):
            raise BadPattern
        # One time and no more is told from no quantifier by its being lazy or not, which changes nothing.
        if (int(low), most) == (1, 1):
            self.accept("?")
        return int(low), most


def _is_count(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= 4


def _fork(first: int, second: int, *, is_lazy: bool) -> Step:
    return Step("fork", second, first) if is_lazy else Step("fork", first, second)


def _bounded(steps: Program) -> Program:
    if len(steps) > LONGEST_PROGRAM:
        raise BadPattern
    return steps


def _any_character(_given: str) -> bool:
    return True


def _any_but_line_end(given: str) -> bool:
    return given not in "\n\r"


def _without_blanks(pattern: str) -> str:
    """Flag ``x``: blanks count only inside brackets."""
    kept: list[str] = []
    depth = 0
    is_escaped = False
    for character in pattern:
        if character in " \t\n\r" and not depth:
            continue
        kept.append(character)
        if not is_escaped:
            depth += (character == "[") - (character == "]" and depth > 0)
        is_escaped = character == "\\" and not is_escaped
    return "".join(kept)
