"""What is wrong with a text, where, and how to put it right."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """``line`` and ``column`` count from 1; ``mend`` says how to put it right."""

    line: int
    column: int
    message: str
    mend: str = ""

    def __str__(self) -> str:
        return f"第{self.line}行第{self.column}列：{self.message}。{self.mend}"


class ProblemList(Exception):
    """A text that cannot be used; ``problems`` says why, in order of their place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.line, one.column))
        super().__init__("\n".join(map(str, self.problems)))
