"""Relations in SQL: what an owner's rows answer, grouped by owner; and an owner's columns beside its members."""

from sqlglot import exp

from policy_engine.compile.names import ROW
from policy_engine.compile.sql_algebra import POSSIBLE_SUFFIX, ROWS, UNKNOWN_SUFFIX, Asked, sql_name

#: The alias of the owner's frame.
OWNER = "o"


def beside_members(owner: str, path: str, is_fold: bool) -> list[exp.Expr]:
    """An owner's column with its companion beside its members; of nobody's household everything is unknown."""
    name, here = sql_name(path), sql_name(f"{owner}.{path}")
    value: exp.Expr = exp.column(name, table=OWNER, quoted=True)
    ending = POSSIBLE_SUFFIX if is_fold else UNKNOWN_SUFFIX
    if is_fold:
        value = exp.Coalesce(this=value, expressions=[exp.false()])
    flag = exp.Coalesce(this=exp.column(name + ending, table=OWNER, quoted=True), expressions=[exp.true()])
    return [value.as_(here, quoted=True), flag.as_(here + ending, quoted=True)]


def folded(asked: Asked, rows: str, owner: str) -> exp.Select:
    """``owner_id``, ``answer`` and ``companion`` for every owner that has rows."""

    names: dict[str, str] = {}
    for path in asked.uses:
        if not path.startswith(ROW):
            there, here = sql_name(path), sql_name(path.removeprefix(asked.relation.owner))
            names |= {there: here, there + UNKNOWN_SUFFIX: here + UNKNOWN_SUFFIX}

    def placed(expression: exp.Expr) -> exp.Expr:
        def place(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Column) and not node.table:
                return exp.column(names[node.name], table=OWNER, quoted=True)
            return node

        return expression.transform(place)

    parts = [exp.column("owner_id", table=ROWS, quoted=True)]
    parts += [placed(asked.is_true).as_("t"), placed(asked.is_possible).as_("p")]
    if asked.value is not None:
        parts.append(placed(asked.value).as_("n"))
    on = exp.EQ(
        this=exp.column("owner_id", table=ROWS, quoted=True),
        expression=exp.column("subject_id", table=OWNER, quoted=True),
    )
    judged = (
        exp.select(*parts).from_(exp.to_table(rows).as_(ROWS)).join(exp.to_table(owner).as_(OWNER), on=on)
    )
    true, possible = exp.column("t"), exp.column("p")
    is_open = exp.and_(possible.copy(), exp.not_(true.copy()))
    if asked.fold in ("any", "all"):
        least = asked.fold == "all"
        answer, companion = _reaches(true, least=least), _reaches(possible, least=least)
    else:
        answer, companion = _aggregate(asked, true), _reaches(is_open, least=False)
    return (
        exp.select(exp.column("owner_id", quoted=True), answer.as_("answer"), companion.as_("companion"))
        .from_(judged.subquery("g", copy=False), copy=False)
        .group_by(exp.column("owner_id", quoted=True))
    )


def _aggregate(asked: Asked, true: exp.Expr) -> exp.Expr:
    one, none = exp.Literal.number(1), exp.Literal.number(0)
    count = exp.cast(exp.Sum(this=exp.case().when(true.copy(), one).else_(none)), "BIGINT")
    if asked.value is None:
        return count
    kept = exp.case().when(true.copy(), exp.column("n"))
    fold = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}[asked.fold]
    is_null = exp.and_(true.copy(), exp.Is(this=exp.column("n"), expression=exp.null()))
    missing = exp.or_(exp.EQ(this=count, expression=none.copy()), _reaches(is_null, least=False))
    return exp.case().when(missing, exp.null()).else_(exp.cast(fold(this=kept), "BIGINT"))


def _reaches(flag: exp.Expr, *, least: bool) -> exp.Expr:
    """Whether a flag holds of all rows (``least``), or of one."""
    one, none = exp.Literal.number(1), exp.Literal.number(0)
    fold = exp.Min if least else exp.Max
    return exp.paren(
        exp.EQ(this=fold(this=exp.case().when(flag.copy(), one).else_(none)), expression=one.copy())
    )


__all__ = ["OWNER", "beside_members", "folded"]
