"""SQL must say what the reference evaluator says, on ClickHouse and on PostgreSQL, whatever the condition and the people."""

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import given, settings
from psycopg.rows import tuple_row
from sqlglot import exp

from policy_engine.compile.plan import AmountPlan, PolicyPlan
from policy_engine.compile.sql import DEFECT, ELIGIBLE, UNDECIDED, Kind, SqlPolicies
from policy_engine.compile.sql_algebra import UNKNOWN_SUFFIX, SqlAlgebra
from policy_engine.language import UNKNOWN, Scope, Truth, judge, judge_amount, parse
from tests.policy_engine.compile.formulas import (
    FACTS,
    HOUSEHOLD,
    SCOPE,
    conditions,
    context_of,
    numbers,
    people,
    raw,
)

Verdict = tuple[int, int, int | None]
FIRST_HOUSEHOLD = 100
#: How each fact lies in PostgreSQL and in ClickHouse.
TYPES = {
    "age": ("BIGINT", "Int64"),
    "level": ("BIGINT", "Int64"),
    "kind": ("TEXT", "String"),
    "place": ("TEXT", "String"),
    "born": ("DATE", "Date32"),
    "orphan": ("BOOLEAN", "Bool"),
    "rate": ("BIGINT", "Int64"),
    "household.is_dibao": ("BOOLEAN", "Bool"),
    "household.income": ("BIGINT", "Int64"),
}


def compiled(
    text: str, formula: str, rows: list[dict[str, Any]], dialect: str
) -> tuple[SqlPolicies, exp.Query]:
    """What judges ``rows``, which are written into it."""
    condition = parse(text, list(SCOPE.names))
    amount = parse(f"round half up({formula}, 2)", list(SCOPE.names))
    plan = PolicyPlan(
        "only", "person", (condition,), AmountPlan(amount, None, None, None, 1, "round half up")
    )
    kinds = {
        "person": kind_of(SCOPE, "", rows, dialect),
        "household": kind_of(HOUSEHOLD, "household.", rows, dialect),
    }
    sql = SqlPolicies(kinds, dialect)
    verdicts = sql.add(plan, "only").subquery("found")
    return sql, exp.select("unit_id", "verdict", "amount_fen").from_(verdicts)


def kind_of(scope: Scope, prefix: str, rows: list[dict[str, Any]], dialect: str) -> Kind:
    """The people, or the households that each of them has alone."""
    names = {one: name for name, (one, _, _) in FACTS.items() if ("." in one) == bool(prefix)}
    base: exp.Query | None = None
    for place, row in enumerate(rows):
        number = FIRST_HOUSEHOLD + place if prefix else place
        selected = f"SELECT {number} AS subject_id, {FIRST_HOUSEHOLD + place} AS owner_id"
        one: exp.Select = exp.maybe_parse(selected, dialect=dialect, into=exp.Select)
        for column, name in names.items():
            one = one.select(*fact(column, column.removeprefix(prefix), name, row[name], dialect))
        base = one if base is None else exp.union(base, one, distinct=False)
    assert base is not None
    columns = frozenset(one.removeprefix(prefix) for one in names)
    return Kind(scope, base, columns, None if prefix else "household")


def fact(column: str, key: str, name: str, value: Any, dialect: str) -> tuple[exp.Expr, exp.Expr]:
    """A value and whether it is unknown."""
    algebra = SqlAlgebra(dialect)
    lies = algebra.constant(None if value is UNKNOWN else raw(name, value)).sql(dialect)
    plain, nullable = TYPES[column]
    typed = f"CAST({lies} AS {plain})" if dialect == "postgres" else f"CAST({lies}, 'Nullable({nullable})')"
    flag = algebra.constant(value is UNKNOWN)
    return (
        exp.maybe_parse(typed, dialect=dialect).as_(key, quoted=True),
        flag.as_(key + UNKNOWN_SUFFIX, quoted=True),
    )


def by_the_oracle(text: str, formula: str, rows: list[dict[str, Any]]) -> list[Verdict]:
    condition = parse(text, list(SCOPE.names))
    amount = parse(f"round half up({formula}, 2)", list(SCOPE.names))
    found: list[Verdict] = []
    for place, row in enumerate(rows):
        truth = judge(condition, context_of(row))
        if truth is Truth.NOT_TRUE:
            continue
        value = UNKNOWN if truth is Truth.UNKNOWN else judge_amount(amount, context_of(row))
        if value is UNKNOWN:
            found.append((place, UNDECIDED, None))
        elif isinstance(value, Decimal) and value > 0:
            found.append((place, ELIGIBLE, int(value * 100)))
        else:
            found.append((place, DEFECT, None))
    return found


@pytest.fixture(scope="module")
def postgres(postgres_server: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(postgres_server, row_factory=tuple_row, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[Any]:
    session = pytest.importorskip("chdb.session").Session()
    session.query("SET join_use_nulls = 1")
    yield session
    session.close()


@settings(max_examples=40, deadline=None)
@given(conditions, numbers, people)
def test_postgres_gives_the_same_verdicts_and_amounts(
    postgres: psycopg.Connection[tuple[Any, ...]], text: str, formula: str, rows: list[dict[str, Any]]
) -> None:
    sql, verdicts = compiled(text, formula, rows, "postgres")
    found = postgres.execute(sql.as_query(verdicts).sql("postgres").encode()).fetchall()
    assert sorted(found) == by_the_oracle(text, formula, rows)


@settings(max_examples=12, deadline=None)
@given(conditions, numbers, people)
def test_clickhouse_gives_the_same_verdicts_and_amounts(
    clickhouse: Any, text: str, formula: str, rows: list[dict[str, Any]]
) -> None:
    sql, verdicts = compiled(text, formula, rows, "clickhouse")
    for step in sql.steps:
        clickhouse.query(f"CREATE TABLE {step.name} ENGINE = Memory AS {step.query.sql('clickhouse')}")
    answer = clickhouse.query(verdicts.sql("clickhouse"), "Parquet").bytes()
    for step in sql.steps:
        clickhouse.query(f"DROP TABLE {step.name}")
    found = sorted(pl.read_parquet(io.BytesIO(answer)).iter_rows()) if answer else []
    assert found == by_the_oracle(text, formula, rows)
