"""SQL must say what the columns say, which say what the reference says: on ClickHouse, on PostgreSQL, unknowns included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlglot
from psycopg.rows import tuple_row

from policy_engine.matching import distributed
from policy_engine.matching.bulk import match_city
from policy_engine.matching.distributed import policy_to_sql
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.layout import FRAME_NAMES
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.matching.comparison import in_columns, shaken_city
from tests.policy_engine.matching.test_relations import about_relations
from tests.policy_engine.matching.test_tables import HIT_POLICIES, with_table
from tests.policy_engine.matching.town import AS_OF, CARED_ELDER, ELDER_ALLOWANCE, everything

LIBRARY = (
    "disability-living",
    "hiring-grant",
    "skill-grant",
    "dibao",
    "childcare-subsidy",
    "startup-loan-interest",
)
TYPES = {"Int64": "BIGINT", "Boolean": "BOOLEAN", "String": "TEXT", "Categorical": "TEXT", "Date": "DATE"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city")


@pytest.fixture(scope="module")
def shaken(directory: Path) -> Snapshot:
    return shaken_city(directory)


@pytest.fixture(scope="module")
def published() -> PublishedSet:
    """Statuses in strata, tables, standards by place, and conditions on relations."""
    of_library = [one.document for one in everything().policies if one.document.id in LIBRARY]
    documents = [one.document for one in about_relations().policies]
    chained: list[PolicyDocument] = [CARED_ELDER, ELDER_ALLOWANCE]
    tables = [with_table(one) for one in HIT_POLICIES]
    return publish_documents([(one, "official") for one in (*documents, *chained, *of_library, *tables)])


def test_clickhouse_matches_the_city(directory: Path, shaken: Snapshot, published: PublishedSet) -> None:
    expected = in_columns(match_city(shaken, published, AS_OF))
    assert in_columns(distributed.match_city(directory, published, AS_OF)) == expected
    assert len({row[0] for row in expected[0]}) >= 15


@pytest.fixture
def postgres(postgres_url: str, shaken: Snapshot) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    url = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        for kind, frame in shaken.frames.items():
            columns = ", ".join(f'"{name}" {TYPES[str(dtype)]}' for name, dtype in frame.schema.items())
            connection.execute(f"CREATE TEMPORARY TABLE {FRAME_NAMES[kind]} ({columns})".encode())
            with connection.cursor().copy(f"COPY {FRAME_NAMES[kind]} FROM STDIN".encode()) as copy:
                for row in frame.iter_rows():
                    copy.write_row(row)
        yield connection


def test_postgres_gives_every_amount(
    postgres: psycopg.Connection[tuple[Any, ...]], shaken: Snapshot, published: PublishedSet
) -> None:
    expected = match_city(shaken, published, AS_OF).eligible
    for policy in published.effective_on(AS_OF):
        sql = policy_to_sql(policy.document, "postgres", AS_OF, published=published)
        found = sorted(postgres.execute(sql.encode()).fetchall())
        assert found == sorted(expected.filter(policy_id=policy.document.id).iter_rows()), policy.document.id


def test_spark_reads_what_is_written_for_it(published: PublishedSet) -> None:
    for policy in published.effective_on(AS_OF)[-3:]:
        sql = policy_to_sql(policy.document, "spark", AS_OF, published=published)
        assert sqlglot.parse_one(sql, dialect="spark").sql("spark") == sql
