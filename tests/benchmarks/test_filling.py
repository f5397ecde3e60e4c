"""A store that was filled the fast way has every row and every index that another has."""

from itertools import chain

import polars as pl
import pytest
import sqlalchemy as sa

from benchmarks.filling import Hand, Task, filling
from kernel.house import House
from policy_engine.profiles.models import FactSequence
from policy_engine.profiles.models import Profile as Row

TABLES = ("profile", "subject", "fact_change")


def _indices(house: House) -> list[str]:
    looked = sa.inspect(house.database.engine)
    return sorted(
        f"{table}: {one}"
        for table in TABLES
        for one in chain(looked.get_indexes(table), looked.get_unique_constraints(table))
    )


def _rows(first: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "subject_id": range(first, first + 10),
            "kind": "person",
            "owner_id": first,
            "about_id": pl.Series([None] * 10, dtype=pl.Int64),
            "division": "420203007",
            "facts": '{"sex":["男","public_security","2026-11-22T16:00:00Z"]}',
            "sequence": 1,
        }
    )


def test_rows_come_and_every_index_returns(any_house: House) -> None:
    before = _indices(any_house)
    with filling(any_house) as hands, hands.without_indices(TABLES):
        left = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'profile'"
        if not any_house.database.is_sqlite:
            left = "SELECT count(*) FROM pg_indexes WHERE tablename = 'profile' AND indexname NOT LIKE 'pk%'"
        assert hands.first.run(left) == [(0,)]
        hands.each(_putting(first) for first in range(0, 100, 10))
    assert _indices(any_house) == before
    with any_house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Row)) == 100
        found = session.get(Row, 57)
        assert found is not None
        assert found.facts["sex"][0] == "男"
    with any_house.database.write() as session:  # and the store is written to as any other
        session.add(FactSequence(name="made", value=7))


def _putting(first: int) -> Task:
    return lambda hand: hand.put("profile", _rows(first))


def test_what_goes_wrong_in_a_hand_is_heard(any_house: House) -> None:
    def fail(_hand: Hand) -> None:
        raise ValueError("no")

    with filling(any_house) as hands, pytest.raises(ValueError, match="no"):
        hands.each([fail])
