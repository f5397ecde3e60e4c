"""How an amount came about, step by step: the formula or row, the bounds, the rounding."""

from decimal import Decimal
from typing import Any

import msgspec

from policy_engine.language import Truth, judge
from policy_engine.policies.amounts import Context, amount_of, row_conditions, to_fen
from policy_engine.policies.document import Benefit


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``yuan`` is a decimal as text, empty where the step has no value."""

    what: str
    feel: str
    yuan: str


def amount_steps(benefit: Benefit, context: Context) -> tuple[Step, ...]:
    """Every step from the formula to whole fen; what is unknown or null stays empty."""
    plain = msgspec.structs.replace(benefit, cap=None, floor=None)
    steps = [
        Step(what=_origin(benefit, context), feel=_text(benefit), yuan=_yuan(amount_of(plain, context).value))
    ]
    for what, text in (("cap", benefit.cap), ("floor", benefit.floor)):
        if text is not None:
            bound = msgspec.structs.replace(plain, table=None, formula=text)
            steps.append(Step(what=what, feel=text, yuan=_yuan(amount_of(bound, context).value)))
    value = amount_of(benefit, context).value
    if isinstance(value, Decimal):
        rule = f"{benefit.rounding.name} {benefit.rounding.step}"
        rounded = Decimal(to_fen(value, benefit.rounding)) / 100
        steps.append(Step(what="rounding", feel=rule, yuan=_yuan(rounded)))
    return tuple(steps)


def _origin(benefit: Benefit, context: Context) -> str:
    if benefit.table is None:
        return "formula"
    rows = [judge(row, context) for row in row_conditions(benefit.table)]
    hit = [str(place + 1) for place, truth in enumerate(rows) if truth is Truth.TRUE]
    return f"table {benefit.table.hit_policy} rows {','.join(hit)}"


def _text(benefit: Benefit) -> str:
    return benefit.formula or ""


def _yuan(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else ""
