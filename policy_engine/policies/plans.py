"""A document as the compilers take it, and its amounts in the words they know."""

from policy_engine.compile.plan import AmountPlan, PolicyPlan, TablePlan
from policy_engine.policies.amounts import rank, row_conditions, tree
from policy_engine.policies.document import AmountTable, Benefit, PolicyDocument

_ROUNDINGS = {"half_up": "round half up", "half_even": "round half even", "down": "floor", "up": "ceiling"}
_STEPS = {"0.01": 1, "0.1": 10, "1": 100, "10": 1000, "100": 10_000}


def plan_of(document: PolicyDocument) -> PolicyPlan:
    """The trees of a document that has passed the check. Raises ``ProblemList`` for a text that is no FEEL."""
    return PolicyPlan(
        f"{document.id}@{document.version}",
        document.entity,
        tuple(tree(clause.condition) for clause in document.eligibility),
        None if document.benefit is None else _amount(document.benefit),
        f"status:{document.id}" if document.is_computed_status else None,
    )


def _amount(benefit: Benefit) -> AmountPlan:
    return AmountPlan(
        formula=None if benefit.formula is None else tree(benefit.formula),
        table=None if benefit.table is None else table_plan(benefit.table),
        cap=None if benefit.cap is None else tree(benefit.cap),
        floor=None if benefit.floor is None else tree(benefit.floor),
        step_fen=_STEPS[benefit.rounding.step],
        rounding=_ROUNDINGS[benefit.rounding.name],
    )


def table_plan(table: AmountTable) -> TablePlan:
    """By priority is by the first of the rows in order of rank: rows of one rank have one output."""
    is_counted = table.hit_policy == "C#"
    outputs = [tree("1" if is_counted else rule.then or "null") for rule in table.rules]
    rows = list(zip(row_conditions(table), outputs, strict=True))
    each = tree(table.per_hit or "null") if is_counted else None
    if table.hit_policy != "P":
        return TablePlan(table.hit_policy, tuple(rows), each)
    order = sorted(range(len(rows)), key=lambda place: rank(table, place))
    return TablePlan("F", tuple(rows[place] for place in order))
