"""A policy as the compilers take it: trees instead of texts, money in fen, nothing of the paper around it."""

import msgspec

from policy_engine.language.ast import Expression


class TablePlan(msgspec.Struct, frozen=True):
    """A decision table: each row's condition with its output, in order. ``hit_policy`` is U, A, F, C+, C<, C> or C#.

    ``per_hit``: what each row that hits is worth where they are counted.
    """

    hit_policy: str
    rows: tuple[tuple[Expression, Expression], ...]
    per_hit: Expression | None = None


class AmountPlan(msgspec.Struct, frozen=True):
    """A formula or a table in yuan, between ``floor`` and ``cap``, rounded to steps of ``step_fen``.

    ``rounding`` is FEEL's name of it, or ``round half even``.
    """

    formula: Expression | None
    table: TablePlan | None
    cap: Expression | None
    floor: Expression | None
    step_fen: int
    rounding: str


class PolicyPlan(msgspec.Struct, frozen=True):
    """``key`` names the policy among its like; ``entity`` is whose facts it is judged on.

    ``status``: the column in which a computed status lies for the policies that stand on it.
    """

    key: str
    entity: str
    clauses: tuple[Expression, ...]
    amount: AmountPlan | None = None
    status: str | None = None

    def trees(self) -> tuple[Expression, ...]:
        """Everything that will be lowered, clauses and amount."""
        amount = self.amount
        if amount is None:
            return self.clauses
        parts = [one for one in (amount.formula, amount.cap, amount.floor) if one is not None]
        table = amount.table
        if table is not None and table.per_hit is not None:
            parts.append(table.per_hit)
        rows = () if table is None else table.rows
        return (*self.clauses, *parts, *(tree for row in rows for tree in row))
