"""The city beyond one machine: the published policies as SQL for ClickHouse, PostgreSQL or Spark.

ClickHouse runs inside the process by chDB, over the Parquet files of a city: the same engine as a cluster's.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
from sqlglot import exp

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import VIEWS, Attribute, EntityKind
from policy_engine.catalogue.loading import ALL_KINDS, KINDS
from policy_engine.catalogue.scopes import scope_of
from policy_engine.compile.sql import DEFECT, ELIGIBLE, UNDECIDED, Kind, SqlPolicies, Step
from policy_engine.compile.sql_algebra import UNKNOWN_SUFFIX
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.bulk_columns import OWNED
from policy_engine.policies.checking import bindings
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.plans import plan_of
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.layout import ABOUT_COLUMN, FRAME_NAMES

Dialect = Literal["clickhouse", "postgres", "spark"]


def policy_to_sql(
    document: PolicyDocument,
    dialect: Dialect,
    as_of: date,
    *,
    published: PublishedSet,
    tables: Mapping[EntityKind, str] = FRAME_NAMES,
    columns: Mapping[EntityKind, Collection[str]] | None = None,
) -> str:
    """One statement that gives policy_id, subject_id, unit_id and amount_fen of those to whom the policy applies.

    The statuses that it stands on are taken from ``published``. ``columns`` are what each table has; all attributes with
    their companions when nothing is said. Raises ``NotLowerable``.
    """
    in_force = {one.document.id: one.document for one in published.effective_on(as_of)}
    needed = with_statuses_below([document], in_force, published.statuses) - {document.id}
    below = [one for one in in_force.values() if one.id in needed]
    sql, queries = _compiled([*below, document], published, dialect, as_of, tables, columns)
    verdicts = queries[-1].subquery("all_verdicts")
    eligible = exp.select("policy_id", "subject_id", "unit_id", "amount_fen").from_(verdicts)
    eligible = eligible.where(exp.column("verdict").eq(exp.Literal.number(ELIGIBLE)))
    return sql.as_query(eligible).sql(dialect, copy=False)


def match_city(
    directory: Path, published: PublishedSet, as_of: date, *, policies: Collection[str] | None = None
) -> BulkResult:
    """Every policy in force (or those named) over the Parquet files of a city, by ClickHouse in this process.

    Raises ``NotLowerable``, and ``ImportError`` where chDB is not installed.
    """
    from chdb import session

    in_force = {one.document.id: one.document for one in published.effective_on(as_of)}
    asked = [one for one in in_force.values() if policies is None or one.id in policies]
    needed = with_statuses_below(asked, in_force, published.statuses)
    documents = [one for one in in_force.values() if one.id in needed]
    paths = {kind: directory / f"{name}.parquet" for kind, name in FRAME_NAMES.items()}
    columns = {kind: list(pl.read_parquet_schema(path)) for kind, path in paths.items()}
    tables = {kind: f"raw_{kind}" for kind in KINDS}
    sql, queries = _compiled(documents, published, "clickhouse", as_of, tables, columns)
    engine = session.Session()
    try:
        engine.query("SET join_use_nulls = 1")
        for kind, path in paths.items():
            place = exp.Literal.string(str(path)).sql("clickhouse")
            engine.query(f"CREATE VIEW {tables[kind]} AS SELECT * FROM file({place}, 'Parquet')")  # noqa: S608
        for statement in _statements(sql.steps):
            engine.query(statement)
        found = [
            _read(engine.query(query.sql("clickhouse", copy=False), "Parquet").bytes())
            for document, query in zip(documents, queries, strict=True)
            if policies is None or document.id in policies
        ]
    finally:
        engine.close()
    return _result(pl.concat([_NOTHING, *found]), [one.id for one in documents])


def _statements(steps: Sequence[Step]) -> list[str]:
    """Each step as a table: ClickHouse would work a named query out again for each mention of it."""
    return [
        f"CREATE TABLE {step.name} ENGINE = Memory AS {step.query.sql('clickhouse', copy=False)}"
        for step in steps
    ]


def _compiled(
    documents: Sequence[PolicyDocument],
    published: PublishedSet,
    dialect: Dialect,
    as_of: date,
    tables: Mapping[EntityKind, str],
    columns: Mapping[EntityKind, Collection[str]] | None,
) -> tuple[SqlPolicies, list[exp.Query]]:
    kinds: dict[str, Kind] = {kind: _kind(kind, as_of, published, tables, columns) for kind in ALL_KINDS}
    sql = SqlPolicies(kinds, dialect)
    queries = [sql.add(plan_of(one), one.id) for one in documents]
    sql.prune()
    return sql, queries


def _kind(
    kind: EntityKind,
    as_of: date,
    published: PublishedSet,
    tables: Mapping[EntityKind, str],
    columns: Mapping[EntityKind, Collection[str]] | None,
) -> Kind:
    """A view has the rows of the kind that it is of, as theirs whom those are about."""
    attributes = catalogue().entities[kind].base_attributes
    stored = VIEWS.get(kind, kind)
    present = None if columns is None else columns[stored]
    selected = [part for one in attributes for part in _base_columns(one, present)]
    owner: exp.Expr = exp.column("owner_id")
    if stored != kind:
        is_said = present is None or ABOUT_COLUMN in present
        whose = exp.column(ABOUT_COLUMN) if is_said else exp.null()
        owner = exp.cast(whose, "BIGINT").as_("owner_id")
    base = exp.select(exp.column("subject_id"), owner, *selected).from_(exp.to_table(tables[stored]))
    names = frozenset(one.key for one in attributes)
    return Kind(scope_of(kind, as_of, bindings(published.statuses)), base, names, OWNED.get(kind))


def _base_columns(attribute: Attribute, present: Collection[str] | None) -> list[exp.Expr]:
    """A fact and its companion: absence as the catalogue says; what nobody lacks is unknown where it is null."""
    key, flag = attribute.key, attribute.key + UNKNOWN_SUFFIX
    value: exp.Expr = exp.column(key, quoted=True)
    if attribute.type in ("integer", "money", "ratio"):
        value = exp.cast(value, "BIGINT")
    unknown: exp.Expr = exp.false()
    if present is None or flag in present:
        unknown = exp.Coalesce(this=exp.column(flag, quoted=True), expressions=[exp.false()])
    if not attribute.may_be_absent:
        unknown = exp.paren(
            exp.or_(unknown, exp.Is(this=exp.column(key, quoted=True), expression=exp.null()))
        )
    elif attribute.absent is not None:
        absent = exp.false() if attribute.type == "boolean" else exp.Literal.number(0)
        value = exp.Coalesce(this=value, expressions=[absent])
    return [value.as_(key, quoted=True), unknown.as_(flag, quoted=True)]


def _read(parquet: bytes) -> pl.DataFrame:
    if not parquet:
        return _NOTHING
    return pl.read_parquet(io.BytesIO(parquet)).cast(_NOTHING.schema)


def _result(verdicts: pl.DataFrame, policies: Sequence[str]) -> BulkResult:
    defects = verdicts.filter(verdict=DEFECT).group_by("policy_id").len()
    return BulkResult.of(
        verdicts.filter(verdict=ELIGIBLE).drop("verdict").select(*_ROWS, "amount_fen"),
        verdicts.filter(verdict=UNDECIDED).select(_ROWS),
        {**dict.fromkeys(policies, 0), **dict(defects.iter_rows())},
    )


_ROWS = ["policy_id", "subject_id", "unit_id"]
_NOTHING = pl.DataFrame(
    schema={
        "policy_id": pl.String,
        "subject_id": pl.Int64,
        "unit_id": pl.Int64,
        "verdict": pl.Int64,
        "amount_fen": pl.Int64,
    }
)
__all__ = ["Dialect", "match_city", "policy_to_sql"]
