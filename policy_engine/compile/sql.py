"""Whole policies as SQL: frames grow column by column, statuses stratum by stratum, as named steps of one query.

A step is a query over the steps before it. ``as_query`` puts them into one statement (``WITH``); an engine that works a
named query out again for each mention runs them one after the other instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlglot import exp

from policy_engine.compile.algebra import Condition, Value
from policy_engine.compile.amounts import Amounts
from policy_engine.compile.lowering import Lowering
from policy_engine.compile.names import ROW, Place, derived_columns
from policy_engine.compile.plan import PolicyPlan
from policy_engine.compile.sql_algebra import (
    POSSIBLE_SUFFIX,
    UNKNOWN_SUFFIX,
    Asked,
    SqlAlgebra,
    sql_name,
)
from policy_engine.compile.sql_related import OWNER, beside_members, folded
from policy_engine.language.types import Scope

#: The verdicts of the final query: what it hangs on is unknown, it holds, or the policy gives no amount.
UNDECIDED, ELIGIBLE, DEFECT = 1, 2, 3


class Kind(msgspec.Struct, frozen=True):
    """``base`` gives subject_id, owner_id and each base column with its companion, neither ever null by mistake.

    ``owner``: the kind whose facts stand beside one's own.
    """

    scope: Scope
    base: exp.Query
    columns: frozenset[str]
    owner: str | None = None


class Step(msgspec.Struct, frozen=True):
    name: str
    query: exp.Query


class SqlPolicies:
    """Adds policies in the order of their strata. Every method raises ``NotLowerable`` with place and reason."""

    def __init__(self, kinds: Mapping[str, Kind], dialect: str) -> None:
        self.dialect = dialect
        self.kinds = kinds
        self.steps: list[Step] = []
        self.frames: dict[str, str] = {}
        self._columns: dict[str, set[str]] = {kind: set(one.columns) for kind, one in kinds.items()}
        self._derived = {kind: derived_columns(one.scope) for kind, one in kinds.items()}
        self._read: set[str] = set()
        self._beside: dict[str, set[str]] = {kind: set() for kind in kinds}
        self._algebras = {kind: SqlAlgebra(dialect) for kind in kinds}

    def add(self, plan: PolicyPlan, policy_id: str) -> exp.Query:
        """The policy's verdicts as a query over the steps: policy_id, subject_id, unit_id, verdict, amount_fen.

        Those whom it turns away are not in it. A status becomes a column for the policies that are added after it.
        """
        algebra = self._algebras[plan.entity]
        lowering: Lowering[exp.Expr] = Lowering(algebra)
        place = Place.of(self.kinds[plan.entity].scope)
        algebra.begin()
        whole = lowering.all_of([lowering.condition(one, place) for one in plan.clauses])
        fen = None
        if plan.amount is not None:
            fen = Amounts(lowering).in_fen(plan.amount, place)
        steps = list(algebra.steps)
        source = self._source(plan.entity, tuple(algebra.used))
        if plan.status is not None:
            self._put_status(plan.entity, plan.status, whole, source, tuple(algebra.used))
        rows = source.select(
            _named(whole.is_true, "is_true"), _named(whole.is_possible, "is_possible"), copy=False
        )
        possible = _all_of(rows, "j").where(exp.column("is_possible", quoted=True), copy=False)
        return self._verdicts(plan, policy_id, _layered(possible, steps), fen)

    def _verdicts(
        self, plan: PolicyPlan, policy_id: str, rows: exp.Select, fen: Value[exp.Expr] | None
    ) -> exp.Query:
        amount: exp.Expr = exp.cast(exp.null(), "BIGINT")
        verdict: exp.Expr = exp.Literal.number(ELIGIBLE)
        if fen is not None:
            amount, verdict = fen.expression, exp.case()
            if fen.is_unknown is not None:
                verdict = verdict.when(fen.is_unknown.copy(), exp.Literal.number(UNDECIDED), copy=False)
            has_amount = exp.Coalesce(
                this=exp.GT(this=amount.copy(), expression=exp.Literal.number(0)), expressions=[exp.false()]
            )
            verdict = verdict.when(has_amount, exp.Literal.number(ELIGIBLE), copy=False)
            verdict = verdict.else_(exp.Literal.number(DEFECT), copy=False)
        verdict = (
            exp.case().when(exp.column("is_true", quoted=True), verdict).else_(exp.Literal.number(UNDECIDED))
        )
        judged = exp.select(
            exp.Literal.string(policy_id).as_("policy_id"),
            exp.column(
                "owner_id" if self.kinds[plan.entity].owner and plan.entity in UNITS else "subject_id",
                quoted=True,
            ).as_("audience"),
            exp.column("subject_id", quoted=True).as_("unit"),
            verdict.as_("verdict"),
            amount.copy().as_("amount"),
        ).from_(rows.subquery("a", copy=False), copy=False)
        self._read.update(one.name for one in judged.find_all(exp.Column))
        return exp.select(
            "policy_id",
            exp.column("audience").as_("subject_id"),
            exp.column("unit").as_("unit_id"),
            "verdict",
            exp.case()
            .when(exp.column("verdict").eq(exp.Literal.number(ELIGIBLE)), exp.column("amount"))
            .as_("amount_fen"),
        ).from_(judged.subquery("v", copy=False), copy=False)

    def prune(self) -> None:
        """Once all policies are added: the base frames without the columns that nobody reads."""
        bases = {id(kind.base) for kind in self.kinds.values()}
        mentioned = {"subject_id", "owner_id"}
        for step in self.steps:
            if id(step.query) not in bases:
                mentioned.update(one.name for one in step.query.find_all(exp.Column))
        mentioned.update(self._read)
        for index, step in enumerate(self.steps):
            if id(step.query) in bases:
                kept = [one.copy() for one in step.query.selects if one.alias_or_name in mentioned]
                pruned = step.query.copy()
                pruned.set("expressions", kept)
                self.steps[index] = Step(step.name, pruned)

    def as_query(self, final: exp.Query) -> exp.Query:
        """One statement: the steps as common table expressions."""
        query = final.copy()
        for step in self.steps:
            query = query.with_(step.name, as_=step.query.copy(), copy=False)
        return query

    def _put_status(
        self, kind: str, status: str, whole: Condition[exp.Expr], source: exp.Select, used: Sequence[str]
    ) -> None:
        is_not = exp.Not(this=exp.Paren(this=whole.is_true))
        is_open = exp.And(this=exp.Paren(this=whole.is_possible), expression=is_not)
        name = sql_name(status)
        self._grow(
            kind,
            source.copy().select(
                _named(whole.is_true, name), _named(is_open, name + UNKNOWN_SUFFIX), copy=False
            ),
            used,
        )
        self._columns[kind].add(status)

    def _frame(self, kind: str) -> str:
        if kind not in self.frames:
            self._grow(kind, self.kinds[kind].base)
        return self.frames[kind]

    def _grow(self, kind: str, query: exp.Query, used: Sequence[str] = ()) -> None:
        """A new frame of the kind; what its query has read of the owner's now lies in it too."""
        owner = self.kinds[kind].owner
        self._beside[kind].update(
            path.removeprefix(f"{owner}.") for path in used if path.startswith(f"{owner}.")
        )
        name = f"{kind}_{len(self.steps)}"
        self.steps.append(Step(name, query))
        self.frames[kind] = name

    def _source(self, kind: str, paths: Sequence[str]) -> exp.Select:
        """The kind's frame with all of these columns, those of its owners beside it."""
        owner = self.kinds[kind].owner
        beside: list[str] = []
        for path in paths:
            head, _, rest = path.partition(".")
            if owner is not None and head == owner and rest:
                self._need_from(kind, owner, path, rest)
                if rest not in self._beside[kind]:
                    beside.append(rest)
            else:
                self._need(kind, path)
        frame = self._frame(kind)
        if owner is None or not beside:
            return exp.select(exp.Star()).from_(exp.to_table(frame))
        columns = [
            part
            for path in dict.fromkeys(beside)
            for part in beside_members(owner, path, self._is_asked_fold(kind, owner, path))
        ]
        joined = exp.select("s.*", *columns).from_(exp.to_table(frame).as_("s"))
        on = exp.EQ(
            this=exp.column("owner_id", table="s", quoted=True),
            expression=exp.column("subject_id", table=OWNER, quoted=True),
        )
        joined = joined.join(exp.to_table(self._frame(owner)).as_(OWNER), on=on, join_type="left")
        return _all_of(joined, "w")

    def _is_asked_fold(self, kind: str, owner: str, path: str) -> bool:
        asked = self._algebras[kind].asked.get(f"{owner}.{path}") or self._algebras[owner].asked.get(path)
        return asked is not None and asked.fold in ("any", "all")

    def _need_from(self, kind: str, owner: str, path: str, rest: str) -> None:
        """A question asked through one's owner is answered in the owner's frame."""
        asked = self._algebras[kind].asked.get(path)
        if asked is not None and rest not in self._columns[owner]:
            self._answer(owner, asked)
        self._need(owner, rest)

    def _need(self, kind: str, path: str) -> None:
        """Sees to it that the kind's frame has a column: derived ones and answers are worked out when first needed."""
        if path in self._columns[kind]:
            return
        algebra = self._algebras[kind]
        asked = algebra.asked.get(path)
        if asked is not None:
            self._answer(kind, asked)
            return
        found = self._derived[kind].get(path)
        if found is None or found.binding.definition is None:
            raise KeyError(f"{kind} has no column {path!r}")
        before = algebra.used
        algebra.used = dict[str, None]()
        lowering: Lowering[exp.Expr] = Lowering(algebra)
        value = lowering.value(found.binding.definition, found.place)
        value = lowering.at(value, max(value.scale, found.binding.type.scale))
        used, algebra.used = tuple(algebra.used), before
        source = self._source(kind, used)
        flag = exp.false() if value.is_unknown is None else value.is_unknown
        name = sql_name(path)
        grown = source.select(_named(value.expression, name), _named(flag, name + UNKNOWN_SUFFIX), copy=False)
        self._grow(kind, grown, used)
        self._columns[kind].add(path)

    def _answer(self, owner: str, asked: Asked) -> None:
        """The owner's frame with what its rows answer."""
        rows = asked.relation.entity
        for path in asked.uses:
            if path.startswith(ROW):
                self._need(rows, path[len(ROW) :])
            else:
                self._need(owner, path.removeprefix(asked.relation.owner))
        answers = folded(asked, self._frame(rows), self._frame(owner))
        name = sql_name(asked.name)
        is_fold = asked.fold in ("any", "all")
        nothing: Any = exp.true() if asked.fold == "all" else exp.false()
        first = exp.column("answer", table="f", quoted=True)
        if is_fold:
            first = exp.Coalesce(this=first, expressions=[nothing])
        elif asked.fold == "count":
            first = exp.Coalesce(this=first, expressions=[exp.cast(exp.Literal.number(0), "BIGINT")])
        second = exp.Coalesce(this=exp.column("companion", table="f", quoted=True), expressions=[nothing])
        ending = POSSIBLE_SUFFIX if is_fold else UNKNOWN_SUFFIX
        on = exp.EQ(
            this=exp.column("subject_id", table="s", quoted=True),
            expression=exp.column("owner_id", table="f", quoted=True),
        )
        grown = exp.select("s.*", first.as_(name, quoted=True), second.as_(name + ending, quoted=True))
        grown = grown.from_(exp.to_table(self._frame(owner)).as_("s")).join(
            answers.subquery("f", copy=False), on=on, join_type="left", copy=False
        )
        self._grow(owner, grown)
        self._columns[owner].add(asked.name)


#: Kinds that are units of their owner: the owner is the subject.
UNITS = ("hire", "loan", "home", "project")


def _layered(rows: exp.Select, steps: Sequence[tuple[str, exp.Expr]]) -> exp.Select:
    """Each kept expression as a column, in as few levels as its uses of the others allow."""
    levels: dict[str, int] = {}
    for name, expression in steps:
        below = [levels[one.name] for one in expression.find_all(exp.Column) if one.name in levels]
        levels[name] = max(below, default=0) + 1
    for level in range(1, max(levels.values(), default=0) + 1):
        here = [_named(expression, name) for name, expression in steps if levels[name] == level]
        rows = _all_of(rows, f"l{level}").select(*here, copy=False)
    return rows


def _named(expression: exp.Expr, name: str) -> exp.Expr:
    """A copy as a column of a query: what an algebra made may stand in many places."""
    return exp.Alias(this=expression.copy(), alias=exp.to_identifier(name, quoted=True))


def _all_of(rows: exp.Select, alias: str) -> exp.Select:
    """``SELECT *`` of a query that stands nowhere else."""
    return exp.select(exp.Star()).from_(rows.subquery(alias, copy=False), copy=False)


__all__ = ["DEFECT", "ELIGIBLE", "UNDECIDED", "Kind", "SqlPolicies", "Step"]
