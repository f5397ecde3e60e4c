"""The made policies as SQL for DuckDB: null is unknown, and SQL's own logic of three values does the rest."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.plain_policies import PlainCondition, PlainPolicy, by_stratum, facts_named
from policy_engine.catalogue import Attribute
from policy_engine.catalogue.attributes import EntityKind


class InDuckDb:
    """A city in tables of DuckDB, on two threads as the others."""

    def __init__(self, city: Path, policies: Sequence[PlainPolicy], as_of: date) -> None:
        self._policies = policies
        self._as_of = as_of
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 2")
        for kind in ("person", "household"):
            self.connection.execute(
                f"CREATE TABLE raw_{kind} AS SELECT * FROM read_parquet(?)",  # noqa: S608
                [str(city / f"{kind}s.parquet")],
            )

    def match(self) -> dict[str, tuple[int, int, int]]:
        """Rows into ``matches``; of each policy how many are eligible, for how much, and how many are unknown."""
        self.connection.execute(
            "CREATE OR REPLACE TABLE matches (policy_id VARCHAR, subject_id BIGINT, amount_fen BIGINT)"
        )
        self._make("homes", self._homes())
        people = self._people()
        done: list[tuple[EntityKind, list[PlainPolicy]]] = []
        homes = "SELECT * FROM homes"
        for kind, group in by_stratum(self._policies):
            verdicts = ", ".join(f'{_verdict(one)} AS "{one.id}"' for one in group)
            if kind == "household":
                homes = f"SELECT *, {verdicts} FROM ({homes})"  # noqa: S608
                self._make("homes_judged", homes)
            else:
                people = f"SELECT *, {verdicts} FROM ({self._beside(people, done)})"  # noqa: S608
            done.append((kind, group))
        of_people = [one for kind, group in done if kind == "person" for one in group]
        kept = ", ".join(f'"{one.id}"' for one in of_people)
        self._make("people_judged", f'SELECT subject_id, "home.member_count", {kept} FROM ({people})')  # noqa: S608
        return {one.id: self._rows(one) for _, group in done for one in group}

    def _beside(self, people: str, done: Sequence[tuple[EntityKind, list[PlainPolicy]]]) -> str:
        """The statuses that homes have by now, beside people; the first time."""
        if not done or done[-1][0] != "household":
            return people
        statuses = ", ".join(f'h."{one.id}" AS "home.{one.id}"' for one in done[-1][1])
        return (
            f"SELECT p.*, {statuses} FROM ({people}) p LEFT JOIN homes_judged h ON p.owner_id = h.subject_id"  # noqa: S608
        )

    def _rows(self, policy: PlainPolicy) -> tuple[int, int, int]:
        table = "homes_judged" if policy.kind == "household" else "people_judged"
        amount = "NULL"
        if not policy.is_status:
            large, small = policy.large_home_fen, policy.small_home_fen
            amount = f'CASE WHEN "home.member_count" >= 4 THEN {large} ELSE {small} END'
        self.connection.execute(
            f"""INSERT INTO matches SELECT '{policy.id}', subject_id, {amount} FROM {table} WHERE "{policy.id}" """  # noqa: S608
        )
        found = self.connection.execute(
            f"""SELECT count(*) FILTER (WHERE "{policy.id}"), sum({amount}) FILTER (WHERE "{policy.id}"),
            count(*) FILTER (WHERE "{policy.id}" IS NULL) FROM {table}"""  # noqa: S608
        ).fetchone()
        assert found is not None
        return int(found[0]), int(found[1] or 0), int(found[2])

    def _make(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")

    def _columns(self, kind: EntityKind) -> set[str]:
        described = self.connection.execute(f"DESCRIBE raw_{kind}").fetchall()
        return {row[0] for row in described}

    def _facts(self, kind: EntityKind) -> str:
        present = self._columns(kind)
        facts = [one for one in facts_named(self._policies, kind) if one.derived is None]
        return "".join(f', {_fact(one, present)} AS "{one.key}"' for one in facts)

    def _homes(self) -> str:
        income = "monthly_income"
        told = f"NOT {income}__unknown" if f"{income}__unknown" in self._columns("household") else "TRUE"
        return f"""SELECT subject_id{self._facts("household")}, coalesce(n, 0) AS member_count,
            CASE WHEN {told} AND n > 0 THEN (coalesce({income}, 0) * 2 + n) // (n * 2) END AS income_per_head
            FROM raw_household LEFT JOIN (SELECT owner_id AS home, count(*) AS n FROM raw_person GROUP BY 1)
            ON home = subject_id"""  # noqa: S608

    def _people(self) -> str:
        homes = facts_named(self._policies, "household")
        beside = "".join(f', h."{one.key}" AS "home.{one.key}"' for one in homes)
        age = f"date_sub('year', birth_date, DATE '{self._as_of.isoformat()}')"
        return f"""SELECT p.*{beside} FROM (SELECT subject_id, owner_id, {age} AS age{self._facts("person")}
            FROM raw_person) p LEFT JOIN homes h ON p.owner_id = h.subject_id"""  # noqa: S608


def _fact(attribute: Attribute, present: set[str]) -> str:
    value = f'"{attribute.key}"'
    absent = "''" if attribute.type == "enum" else attribute.absent
    if attribute.may_be_absent and absent is not None:
        value = f"coalesce({value}, {absent})"
    flag = f"{attribute.key}__unknown"
    return f'CASE WHEN NOT "{flag}" THEN {value} END' if flag in present else value


def _verdict(policy: PlainPolicy) -> str:
    return "(" + " AND ".join(_holds(one, policy) for one in policy.conditions) + ")"


def _holds(condition: PlainCondition, policy: PlainPolicy) -> str:
    is_of_home = condition.whose == "household" and policy.kind == "person"
    fact = f'"home.{condition.column}"' if is_of_home else f'"{condition.column}"'
    value = f"'{condition.value}'" if isinstance(condition.value, str) else condition.value
    match condition.test:
        case "is":
            return fact
        case "is not":
            return f"NOT {fact}"
        case "is or is not":
            return f"({fact} OR NOT {fact})"
        case "none or <=" | "none or >=":
            return f"({fact} IS NULL OR {fact} {condition.test[-2:]} {value})"
        case _:
            return f"{fact} {condition.test} {value}"


__all__ = ["InDuckDb"]
