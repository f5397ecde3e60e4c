"""One parameter for thousands of values: what ``in_`` finds, on both databases, whatever the kind of column."""

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import among
from kernel.database import Database
from kernel.house import House

_METADATA = sa.MetaData()
_THINGS = sa.Table(
    "among_thing",
    _METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Uuid),
    sa.Column("word", sa.String(20)),
)
KEYS = [uuid.UUID(int=one) for one in range(6)]
WORDS = ["1", 'a "quoted" one', "back\\slash", "a,50%(x)s", "{}", "空"]


@pytest.fixture
def filled(any_house: House) -> Database:
    with any_house.database.write() as session:
        _METADATA.create_all(session.connection())
        rows = zip(range(6), KEYS, WORDS, strict=True)
        session.execute(
            sa.insert(_THINGS), [{"number": one, "key": key, "word": word} for one, key, word in rows]
        )
    return any_house.database


def found(session: Session, column: sa.Column[object], values: list[object]) -> list[int]:
    statement = sa.select(_THINGS.c.number).where(among(session, column, values))
    return sorted(session.scalars(statement))


def test_numbers_keys_and_words_are_found(filled: Database) -> None:
    with filled.read() as session:
        assert found(session, _THINGS.c.number, [1, 4, 99, 2**62]) == [1, 4]
        assert found(session, _THINGS.c.key, [KEYS[0], KEYS[5], uuid.UUID(int=77)]) == [0, 5]
        assert found(session, _THINGS.c.word, [*WORDS, "nothing"]) == [0, 1, 2, 3, 4, 5]
        assert found(session, _THINGS.c.number, []) == []
        assert found(session, _THINGS.c.number, list(range(40_000))) == [0, 1, 2, 3, 4, 5]


def test_rows_are_changed_by_it(filled: Database) -> None:
    with filled.write() as session:
        session.execute(
            sa.update(_THINGS).where(among(session, _THINGS.c.key, KEYS[:2])).values(word="changed")
        )
    with filled.read() as session:
        assert found(session, _THINGS.c.word, ["changed"]) == [0, 1]
