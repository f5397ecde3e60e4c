"""Policies as one generated Python function for a kind of subject: facts are read once, then every policy is judged.

A verdict is a small whole number; an answer is the verdict with an amount. Who is turned away, which is nearly everyone
by nearly every policy, costs one comparison. Which facts are missing is asked of the reference, when somebody asks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from policy_engine.compile.algebra import Value
from policy_engine.compile.amounts import Amounts
from policy_engine.compile.lowering import Lowering
from policy_engine.compile.names import NotLowerable, Place, derived_columns
from policy_engine.compile.plan import PolicyPlan
from policy_engine.compile.python_algebra import PythonAlgebra
from policy_engine.language import ast
from policy_engine.language.types import Scope
from policy_engine.language.values import UNKNOWN

INELIGIBLE: Final = 0
UNDECIDED: Final = 1
ELIGIBLE: Final = 2
#: The policy itself gives no amount: never offered.
DEFECT: Final = 3

Answer: TypeAlias = tuple[int, int | None]
#: In a row: what is derived and has not been given, and so is worked out.
NOT_GIVEN: Final = object()
_ANSWERS: Mapping[str, Answer] = {
    "A0": (INELIGIBLE, None),
    "A1": (UNDECIDED, None),
    "A2": (ELIGIBLE, None),
    "A3": (DEFECT, None),
}
_INDENT = "    "


class CompiledKind(msgspec.Struct, frozen=True):
    """All policies on one kind of subject, in the order given: statuses before what stands on them.

    A row holds the value of each of ``columns`` in order: whole numbers of the column's scale, texts, dates, booleans,
    None where absent, ``UNKNOWN``, ``NOT_GIVEN`` for one of ``derived``; for a relation its rows, each with the values
    of ``row_columns`` (``UNKNOWN`` for those that its kind has not).
    """

    columns: tuple[str, ...]
    derived: frozenset[str]
    row_columns: tuple[str, ...]
    keys: tuple[str, ...]
    source: str
    judge: Callable[[Sequence[Any]], list[Answer]]
    judge_one: Mapping[str, Callable[[Sequence[Any]], Answer]]


def compile_kind(plans: Iterable[PolicyPlan], scope: Scope) -> CompiledKind:
    """Compile the policies on one kind of subject. Raises ``NotLowerable``.

    ``judge`` works statuses out on its way; ``judge_one`` reads them from the row like any other fact.
    """
    maker = _Maker(scope)
    blocks = [maker.block(plan) for plan in plans]
    source = maker.source(blocks)
    names: dict[str, Any] = {**maker.algebra.names, **_ANSWERS, "NOT_GIVEN": NOT_GIVEN}
    try:
        exec(compile(source, "<policies>", "exec"), names)  # noqa: S102  generated from trees, no text of an author in it
    except (SyntaxError, RecursionError, MemoryError) as refused:
        raise NotLowerable(ast.Literal(value=None), "条件太深") from refused
    singles = {block.plan.key: names[f"p{index}"] for index, block in enumerate(blocks)}
    return CompiledKind(
        tuple(maker.algebra.columns),
        frozenset(maker.derived),
        tuple(maker.algebra.row_columns),
        tuple(singles),
        source,
        names["judge"],
        singles,
    )


class _Block(msgspec.Struct, frozen=True):
    """One policy as expressions; ``amount`` are statements that set ``r``, ``columns`` what all of it reads."""

    plan: PolicyPlan
    is_possible: str
    is_true: str
    amount: tuple[str, ...]
    columns: tuple[str, ...]


class _Derived(msgspec.Struct, frozen=True):
    """The statements that work out a derived column from the ``columns`` it stands on."""

    lines: tuple[str, ...]
    columns: tuple[str, ...]


class _Maker:
    def __init__(self, scope: Scope) -> None:
        self.algebra = PythonAlgebra()
        self.lowering: Lowering[str] = Lowering(self.algebra)
        self.amounts: Amounts[str] = Amounts(self.lowering)
        self.place = Place.of(scope)
        self.derived: dict[str, _Derived] = {}
        self._definitions = derived_columns(scope)

    def block(self, plan: PolicyPlan) -> _Block:
        self.algebra.begin()
        whole = self.lowering.all_of([self.lowering.condition(one, self.place) for one in plan.clauses])
        lines: list[str] = []
        if plan.amount is not None:
            fen = self.amounts.in_fen(plan.amount, self.place)
            lines = [*self.algebra.lines, *_answer(fen)]
        used = tuple(self.algebra.used)
        for column in used:
            self._work_out(column)
        return _Block(plan, whole.is_possible, whole.is_true, tuple(lines), used)

    def _work_out(self, column: str) -> None:
        """After what it stands on, so that the statements can be run in the order of ``derived``."""
        found = self._definitions.get(column)
        if column in self.derived or found is None or found.binding.definition is None:
            return
        self.algebra.begin()
        scale = found.binding.type.scale
        value = self.lowering.value(found.binding.definition, found.place)
        if value.scale > scale:
            raise NotLowerable(found.binding.definition, "推算出来的比它的单位更细")
        value = self.lowering.at(value, scale)
        used = tuple(self.algebra.used)
        name = self.algebra.column(column)
        for one in used:
            self._work_out(one)
        flag = "False" if value.is_unknown is None else value.is_unknown
        statement = f"{name} = {self.algebra.chosen(flag, 'U', value.expression)}"
        self.derived[column] = _Derived((f"if {name} is NOT_GIVEN:", _INDENT + statement), used)

    def source(self, blocks: Sequence[_Block]) -> str:
        """A function for each policy, and one for all."""
        lines: list[str] = []
        for index, block in enumerate(blocks):
            lines += [f"def p{index}(f):", *_indented(self._single(block)), ""]
        return "\n".join([*lines, "def judge(f):", *_indented(self._whole(blocks))])

    def _single(self, block: _Block) -> list[str]:
        columns = self._behind(block.columns)
        places = {column: place for place, column in enumerate(self.algebra.columns)}
        lines = [f"{self.algebra.columns[one]} = f[{places[one]}]" for one in columns]
        lines += [line for column, one in self.derived.items() if column in columns for line in one.lines]
        return [*lines, "r = A0", *_judged(block, ("pass",), None), "return r"]

    def _whole(self, blocks: Sequence[_Block]) -> list[str]:
        names = "".join(f"{name}, " for name in self.algebra.columns.values())
        lines = [f"{names.strip()} = f"] if names else []
        lines += [line for one in self.derived.values() for line in one.lines]
        lines.append(f"out = [A0] * {len(blocks)}")
        for index, block in enumerate(blocks):
            status = None if block.plan.status is None else self.algebra.columns.get(block.plan.status)
            lines += _judged(block, (f"out[{index}] = r",), status)
        return [*lines, "return out"]

    def _behind(self, columns: Iterable[str]) -> dict[str, None]:
        """The columns with all that the derived among them stand on."""
        found: dict[str, None] = {}
        pending = list(columns)
        while pending:
            column = pending.pop()
            if column not in found:
                found[column] = None
                pending += self.derived[column].columns if column in self.derived else ()
        return found


def _judged(block: _Block, then: Sequence[str], status: str | None) -> list[str]:
    """``r`` set for whom it may concern, then ``then``; and the status that it stands for."""
    held = list(block.amount) or ["r = A2"]
    lines = [f"if {block.is_possible}:"]
    if block.is_true == block.is_possible:
        lines += _indented(held)
    else:
        lines += _indented([f"if {block.is_true}:", *_indented(held), "else:", f"{_INDENT}r = A1"])
    lines += _indented(then)
    if status is not None:
        lines += [f"{_INDENT}{status} = True if r[0] == 2 else U", "else:", f"{_INDENT}{status} = False"]
    return lines


def _answer(fen: Value[str]) -> list[str]:
    none = f"{fen.expression} is None or " if fen.may_be_null else ""
    given = [
        f"if {none}{fen.expression} <= 0:",
        f"{_INDENT}r = A3",
        "else:",
        f"{_INDENT}r = (2, {fen.expression})",
    ]
    if fen.is_unknown is None:
        return given
    return [f"if {fen.is_unknown}:", f"{_INDENT}r = A1", "else:", *_indented(given)]


def _indented(lines: Iterable[str]) -> list[str]:
    return [_INDENT + line for line in lines]


__all__ = [
    "DEFECT",
    "ELIGIBLE",
    "INELIGIBLE",
    "NOT_GIVEN",
    "UNDECIDED",
    "UNKNOWN",
    "Answer",
    "CompiledKind",
    "compile_kind",
]
