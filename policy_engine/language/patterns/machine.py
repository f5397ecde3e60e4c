"""Runs a program over a text: alternatives in order, each place in program and text at most once."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from policy_engine.language.effort import TooMuchWork, spend
from policy_engine.language.patterns.characters import BadPattern, variants
from policy_engine.language.patterns.syntax import Program, program_of

#: Of one search, a second's work at most.
MOST_STEPS: Final = 400_000
_STEPS_PER_ROUND: Final = 8

Groups = tuple[int, ...]


class Pattern(msgspec.Struct, frozen=True):
    """``groups``: how many are marked, the whole not counted."""

    program: Program
    groups: int
    looks_back: bool

    def search(self, text: str, start: int) -> Groups | None:
        """Where the first match from ``start`` on begins and ends, then its groups; -1 where a group took no part.

        Raises ``TooMuchWork``.
        """
        run = _Run(self, text)
        for begin in range(start, len(text) + 1):
            found = run.match(begin)
            if found is not None:
                return found
        return None

    def all_in(self, text: str) -> Iterator[Groups]:
        """Match after match; empty ones are passed over."""
        start = 0
        while start <= len(text) and (found := self.search(text, start)) is not None:
            if found[1] > found[0]:
                yield found
                start = found[1]
            else:
                start = found[1] + 1

    def template(self, replacement: str) -> list[str | int] | None:
        """A replacement's parts: text, and numbers of groups; null where ``$`` or ``\\`` stands wrongly."""
        parts: list[str | int] = []
        at = 0
        while at < len(replacement):
            character = replacement[at]
            following = replacement[at + 1 : at + 2]
            if character == "\\":
                if following not in ("\\", "$"):
                    return None
                parts.append(following)
                at += 2
            elif character == "$":
                if not (following.isdecimal() and following.isascii()):
                    return None
                digits = following
                while (more := replacement[at + 1 + len(digits) : at + 2 + len(digits)]).isdecimal():
                    if int(digits + more) > self.groups:
                        break
                    digits += more
                parts.append(int(digits) if int(digits) <= self.groups else "")
                at += 1 + len(digits)
            else:
                parts.append(character)
                at += 1
        return parts


class _Run:
    """One search: what was tried from one beginning need not be tried from the next."""

    def __init__(self, pattern: Pattern, text: str) -> None:
        self.pattern = pattern
        self.program = pattern.program
        self.text = text
        self.tried: set[int | tuple[int, int, Groups]] = set()
        self.steps = 0
        # Groups must be remembered along with the place, which takes longer.
        self.weight = 4 if pattern.looks_back else 1

    def match(self, begin: int) -> Groups | None:
        program, text, tried = self.program, self.text, self.tried
        size, looks_back = len(program), self.pattern.looks_back
        nothing: Groups = (begin, -1) + (-1, -1) * self.pattern.groups
        pending: list[tuple[int, int, Groups]] = [(0, begin, nothing)]
        while pending:
            at, place, groups = pending.pop()
            while True:
                key = (at, place, groups) if looks_back else place * size + at
                if key in tried:
                    break
                tried.add(key)
                self.count()
                step = program[at]
                if step.operation == "character":
                    if place >= len(text) or step.has is None or not step.has(text[place]):
                        break
                    at, place = at + 1, place + 1
                elif step.operation == "fork":
                    pending.append((at + step.second, place, groups))
                    at += step.first
                elif step.operation == "jump":
                    at += step.first
                elif step.operation == "mark":
                    groups = (*groups[: step.first], place, *groups[step.first + 1 :])
                    at += 1
                elif step.operation == "done":
                    return (groups[0], place, *groups[2:])
                else:
                    length = self.looked(step.operation, step.first, step.second, place, groups)
                    if length is None:
                        break
                    at, place = at + 1, place + length
        return None

    def count(self) -> None:
        self.steps += self.weight
        if self.steps > MOST_STEPS:
            raise TooMuchWork
        if self.steps % _STEPS_PER_ROUND == 0:
            spend(self.weight)

    def looked(self, operation: str, number: int, option: int, place: int, groups: Groups) -> int | None:
        """How far a look around or back leads on; null where it does not hold."""
        text = self.text
        if operation == "start":
            is_line = bool(number) and place < len(text) and text[place - 1 : place] == "\n"
            return 0 if place == 0 or is_line else None
        if operation == "end":
            is_line = bool(number) and text[place : place + 1] == "\n"
            return 0 if place == len(text) or is_line else None
        wanted = text[groups[2 * number] : groups[2 * number + 1]] if groups[2 * number + 1] >= 0 else ""
        found = text[place : place + len(wanted)]
        if found == wanted:
            return len(wanted)
        is_like = len(found) == len(wanted) and all(
            not variants(a).isdisjoint(variants(b)) for a, b in zip(found, wanted, strict=True)
        )
        return len(wanted) if option and is_like else None


@lru_cache(maxsize=256)
def pattern_of(pattern: str, flags: str) -> Pattern | None:
    """The pattern ready to run; null where it is no regular expression of XPath, or is too long."""
    try:
        return Pattern(*program_of(pattern, flags))
    except BadPattern:
        return None
