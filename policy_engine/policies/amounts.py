"""How much: a formula or a decision table, judged where facts may be unknown, then bounded and rounded to fen.

Tables follow DMN 1.5 §8.2: every row is judged in three values, and an unknown row matters only where it could change
the outcome.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import msgspec

from policy_engine.language import UNKNOWN, Truth, ast, judge, judge_amount, parse, parse_unary_tests
from policy_engine.policies.document import AmountTable, Benefit, Rounding
from policy_engine.policies.missing import open_amount_names, open_names

Context = Mapping[str, Any]
_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_FLOOR,
    "up": ROUND_CEILING,
}


class Amount(msgspec.Struct, frozen=True):
    """``value`` is a Decimal in yuan, null (a defect of the policy) or UNKNOWN with the ``names`` it hangs on."""

    value: Any
    names: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def tree(text: str) -> ast.Expression:
    """The tree of a FEEL text, parsed once. Raises ``ProblemList``."""
    return parse(text)


def amount_of(benefit: Benefit, context: Context) -> Amount:
    """The amount before rounding, between floor and cap."""
    if benefit.table is not None:
        found = _from_table(benefit.table, context)
    else:
        found = _from_formula(benefit.formula or "null", context)
    for text, choose in ((benefit.cap, min), (benefit.floor, max)):
        if text is None or not isinstance(found.value, Decimal):
            continue
        bound = _from_formula(text, context)
        if not isinstance(bound.value, Decimal):
            return bound
        found = Amount(choose(found.value, bound.value))
    return found


def periods_of(benefit: Benefit, context: Context) -> Amount:
    """For how many periods at most; a null value where the policy sets no end."""
    return Amount(None) if benefit.periods is None else _from_formula(benefit.periods, context)


def to_fen(amount: Decimal, rounding: Rounding) -> int:
    """Yuan to whole fen by the policy's own rounding: ``down`` and ``up`` go towards less and more money."""
    step = Decimal(rounding.step)
    steps = (amount / step).quantize(Decimal(1), rounding=_MODES[rounding.name])
    return int(steps * step * 100)


def _from_formula(text: str, context: Context) -> Amount:
    node = tree(text)
    value = judge_amount(node, context)
    if value is UNKNOWN:
        return Amount(UNKNOWN, tuple(open_amount_names(node, context)))
    return Amount(value if isinstance(value, Decimal) else None)


def row_conditions(table: AmountTable) -> list[ast.Expression]:
    """Each row as one condition: every cell's tests hold for its input; ``-`` asks nothing."""
    rows: list[ast.Expression] = []
    for rule in table.rules:
        cells: list[ast.Expression] = []
        for source, cell in zip(table.inputs, rule.when, strict=True):
            tests = parse_unary_tests(cell)
            if tests is not None:
                cells.append(ast.Membership(value=tree(source), tests=tests))
        match cells:
            case []:
                rows.append(ast.Literal(value=True))
            case [only]:
                rows.append(only)
            case _:
                rows.append(ast.Junction(operator="and", operands=tuple(cells)))
    return rows


def rank(table: AmountTable, place: int) -> int:
    """How important the output of a row is: its place in the ranking, which names its value."""
    values = [_constant(text) for text in table.ranking]
    output = _constant(table.rules[place].then)
    return values.index(output) if output in values else len(values)


def constant(text: str) -> Decimal | None:
    """The number that a text is, none where it has to be worked out. Raises ``ProblemList`` for what is no FEEL."""
    match tree(text):
        case ast.Literal(value=Decimal() as value):
            return value
        case _:
            return None


def _constant(text: str | None) -> Decimal | None:
    return None if text is None else constant(text)


def _from_table(table: AmountTable, context: Context) -> Amount:
    rows = row_conditions(table)
    truths = [judge(row, context) for row in rows]
    names = tuple(
        name
        for row, truth in zip(rows, truths, strict=True)
        if truth is Truth.UNKNOWN
        for name in open_names(row, context)
    )
    if table.hit_policy == "C#":
        return _counted(table, truths, names, context)
    outputs = [_from_formula(rule.then or "null", context) for rule in table.rules]
    true = [one for one, truth in zip(outputs, truths, strict=True) if truth is Truth.TRUE]
    unknown = [one for one, truth in zip(outputs, truths, strict=True) if truth is Truth.UNKNOWN]
    if table.hit_policy == "F":
        return _first(outputs, truths, names)
    if table.hit_policy == "P":
        order = sorted(range(len(outputs)), key=lambda place: rank(table, place))
        return _first([outputs[one] for one in order], [truths[one] for one in order], names)
    if table.hit_policy == "A":
        return _any(true, unknown, names)
    if unknown:
        return Amount(UNKNOWN, names)
    if table.hit_policy == "U":
        return true[0] if len(true) == 1 else Amount(None)
    return _collected(table.hit_policy, true)


def _first(outputs: Sequence[Amount], truths: Sequence[Truth], names: tuple[str, ...]) -> Amount:
    """Unknown if an unknown row stands before the first true one with another output."""
    open_rows: list[Amount] = []
    for output, truth in zip(outputs, truths, strict=True):
        if truth is Truth.UNKNOWN:
            open_rows.append(output)
        elif truth is Truth.TRUE:
            if all(one.value == output.value for one in open_rows):
                return output
            return Amount(UNKNOWN, names)
    return Amount(UNKNOWN, names) if open_rows else Amount(None)


def _any(true: Sequence[Amount], unknown: Sequence[Amount], names: tuple[str, ...]) -> Amount:
    """Rows may overlap when they agree; an unknown row matters unless it agrees with a true one."""
    if not true:
        return Amount(UNKNOWN, names) if unknown else Amount(None)
    if any(one.value != true[0].value for one in true):
        return Amount(None)
    if any(one.value != true[0].value for one in unknown):
        return Amount(UNKNOWN, names)
    return true[0]


def _counted(table: AmountTable, truths: Sequence[Truth], names: tuple[str, ...], context: Context) -> Amount:
    """So much for each row that hits; of none, nothing."""
    if Truth.UNKNOWN in truths:
        return Amount(UNKNOWN, names)
    each = _from_formula(table.per_hit or "null", context)
    if not isinstance(each.value, Decimal):
        return each
    return Amount(truths.count(Truth.TRUE) * each.value)


def _collected(hit_policy: str, rows: Sequence[Amount]) -> Amount:
    open_names_of_rows = tuple(name for one in rows if one.value is UNKNOWN for name in one.names)
    if any(one.value is UNKNOWN for one in rows):
        return Amount(UNKNOWN, open_names_of_rows)
    values = [one.value for one in rows]
    if not values or any(value is None for value in values):
        return Amount(None)
    choose = {"C+": sum, "C<": min, "C>": max}.get(hit_policy)
    return Amount(None if choose is None else choose(values))  # a list is no amount: the check refuses it
