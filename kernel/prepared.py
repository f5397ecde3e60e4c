"""Statements that run in nearly every transaction: written out once for each dialect, and run by the driver itself.

SQLAlchemy looks a statement up in its cache, gathers its parameters and makes a result of the answer each time: five
times what SQLite takes to find a row. ``Prepared`` keeps what came of that the first time. It takes part in the
session's transaction, and savepoints, like everything else. An engine that somebody listens to is asked by SQLAlchemy,
so that whoever counts or delays statements hears these too.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class

#: A statement is kept for each count of values in its lists up to this one.
LONGEST_KEPT = 16
#: Under this name a driver's connection keeps its cursor.
_CURSOR = "prepared-cursor"
_Processor: TypeAlias = Callable[[Any], Any]


class Answer(NamedTuple):
    """What the driver said: its rows, how many it touched, and of what kind each column is, where that was asked."""

    rows: Sequence[Any]
    count: int
    kinds: Sequence[Any]


def run(
    connection: sa.Connection, written: str, values: Any, *, is_many: bool = False, reads: bool = False
) -> Answer:
    """Run SQL of this dialect by the driver. Errors are SQLAlchemy's, as everywhere."""
    return _ask(connection, written, values, is_many=is_many, reads=reads, wants_kinds=False)


def _ask(
    connection: sa.Connection, written: str, values: Any, *, is_many: bool, reads: bool, wants_kinds: bool
) -> Answer:
    """``wants_kinds``: telling them costs psycopg as much as the whole statement, and they stay the same."""
    if _is_heard(connection):
        return _ask_heard(connection, written, values, reads=reads)
    cursor = _cursor(connection)
    try:
        (cursor.executemany if is_many else cursor.execute)(written, values)
        rows = cursor.fetchall() if reads else ()
        kinds = [column[1] for column in cursor.description] if wants_kinds else ()
        return Answer(rows, cursor.rowcount, kinds)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection, error, written, values, cursor) from error


def _cursor(connection: sa.Connection) -> Any:
    """One for all that a driver's connection runs: each statement is read to its end before the next."""
    cursor = connection.info.get(_CURSOR)
    if cursor is None:
        driver: Any = connection.connection.dbapi_connection
        cursor = connection.info[_CURSOR] = driver.cursor()
    return cursor


def _is_heard(connection: Any) -> bool:
    """What SQLAlchemy itself looks at before each statement; asking for the listeners takes as long as the statement."""
    return bool(connection._has_events or connection.engine._has_events)


def _ask_heard(connection: sa.Connection, written: str, values: Any, *, reads: bool) -> Answer:
    result: Any = connection.exec_driver_sql(written, values)
    if not reads:
        return Answer((), result.rowcount, ())
    kinds = [column[1] for column in result.cursor.description]
    return Answer([tuple(row) for row in result], -1, kinds)


def _translated(
    connection: sa.Connection, error: Exception, written: str, values: Any, cursor: Any
) -> BaseException:
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(cast(Any, error), cast(Any, connection.connection), cursor)
    if is_lost:
        connection.invalidate(error)
    return sa.exc.DBAPIError.instance(
        written,
        values,
        error,
        dialect.loaded_dbapi.Error,
        connection_invalidated=is_lost,
        dialect=dialect,
    )


class _Written(NamedTuple):
    """A statement in one dialect for lists of one length: its SQL, and where each value comes from."""

    sql: str
    #: Name, whose value, which of a list (None: no list), what the driver takes it as; a constant is its own value.
    values: Sequence[tuple[str, str, int | None, _Processor | None]]
    constants: Mapping[str, Any]
    is_positional: bool

    def bound(self, given: Mapping[str, Any]) -> Any:
        found = []
        for name, source, place, processor in self.values:
            if not source:
                found.append(self.constants[name])
                continue
            value = given[source] if place is None else given[source][place]
            found.append(value if processor is None else processor(value))
        if self.is_positional:
            return tuple(found)
        return dict(zip((one[0] for one in self.values), found, strict=True))


class _Read(NamedTuple):
    """How the rows of a statement are read in one dialect."""

    row: Callable[[Sequence[Any]], Any]
    processors: Sequence[tuple[int, _Processor]]


class Prepared:
    """``flushes=False``: what a session may still hold back has no part in the answer, and is not written for it."""

    def __init__(self, statement: Any, *, flushes: bool = True) -> None:
        self._statement = statement
        self._flushes = flushes
        self._compiled: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._written: dict[tuple[str, tuple[int, ...]], _Written] = {}
        self._read: dict[str, _Read] = {}

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """The rows as named tuples."""
        found, read = self._found(session, values)
        return [read.row(row) for row in found]

    def first(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        found, read = self._found(session, values)
        return read.row(found[0]) if found else None

    def scalar(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first column of the first row, or None."""
        found, _ = self._found(session, values)
        return found[0][0] if found else None

    def scalars(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """The first column of every row."""
        found, _ = self._found(session, values)
        return [row[0] for row in found]

    def change(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE or DELETE touched."""
        return self._answer(session, values, reads=False, wants_kinds=False)[0].count

    def _found(self, session: Session, values: Mapping[str, Any]) -> tuple[Sequence[Sequence[Any]], _Read]:
        read = self._read.get(session.get_bind().dialect.name)
        answer, dialect = self._answer(session, values, reads=True, wants_kinds=read is None)
        if read is None:
            read = self._read[dialect.name] = _reading(self._statement, answer.kinds, dialect)
        if not read.processors:
            return answer.rows, read
        found = []
        for row in answer.rows:
            mended = list(row)
            for place, processor in read.processors:
                mended[place] = processor(mended[place])
            found.append(mended)
        return found, read

    def _answer(
        self, session: Session, values: Mapping[str, Any], *, reads: bool, wants_kinds: bool
    ) -> tuple[Answer, sa.Dialect]:
        if self._flushes and session.autoflush:
            session.flush()
        connection = session.connection()
        written = self._writing(connection.dialect, values)
        bound = written.bound(values)
        answer = _ask(connection, written.sql, bound, is_many=False, reads=reads, wants_kinds=wants_kinds)
        return answer, connection.dialect

    def _writing(self, dialect: sa.Dialect, values: Mapping[str, Any]) -> _Written:
        if dialect.name not in self._compiled:
            compiled = self._statement.compile(dialect=dialect)
            lists = tuple(
                sorted(name for name, one in compiled.binds.items() if one.required and one.expanding)
            )
            self._compiled[dialect.name] = (compiled, lists)
        compiled, lists = self._compiled[dialect.name]
        key = (dialect.name, tuple([len(values[name]) for name in lists]))
        written = self._written.get(key)
        if written is None:
            written = _write(compiled, dialect, values)
            if all(length <= LONGEST_KEPT for length in key[1]):
                self._written[key] = written
        return written


def _write(compiled: Any, dialect: sa.Dialect, values: Mapping[str, Any]) -> _Written:
    expanded = compiled.construct_expanded_state(dict(values))
    elements = {
        element: (name, place)
        for name, found in expanded.parameter_expansion.items()
        for place, element in enumerate(found)
    }
    order: list[tuple[str, str, int | None, _Processor | None]] = []
    constants: dict[str, Any] = {}
    for name in expanded.positiontup or expanded.parameters:
        whose, place = elements.get(name, (name, None))
        bind = compiled.binds[whose]
        processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.required:
            order.append((name, whose, place, processor))
        else:
            value = expanded.parameters[name]
            constants[name] = value if processor is None else processor(value)
            order.append((name, "", None, None))
    return _Written(expanded.statement, order, constants, bool(compiled.positional))


def _reading(statement: Any, kinds: Sequence[Any], dialect: sa.Dialect) -> _Read:
    columns = list(statement.exported_columns)
    processors = []
    for place, column in enumerate(columns):
        processor = column.type.dialect_impl(dialect).result_processor(dialect, kinds[place])
        if processor is not None:
            processors.append((place, processor))
    names = [str(column.key) for column in columns]
    row: Any = cast(Any, namedtuple)("Row", names, rename=True)  # what it is called depends on the statement
    return _Read(row._make, processors)


Model = TypeVar("Model")


class PreparedObjects(Generic[Model]):
    """The same for a SELECT of whole objects of a plain model (its columns and nothing else).

    An object that the session has already is read by SQLAlchemy, which knows what to do with it.
    """

    def __init__(self, statement: sa.Select[Model], *, flushes: bool = True) -> None:
        self._model = cast("type[Model]", statement.column_descriptions[0]["entity"])
        self._statement = statement
        self._rows = Prepared(statement, flushes=flushes)

    def all(self, session: Session, values: Mapping[str, Any]) -> list[Model]:
        found, _ = self._rows._found(session, values)
        if not found:
            return []
        keys, primary, identity = _mapped(self._model)
        known = session.identity_map
        if any(identity([row[place] for place in primary]) in known for row in found):
            return list(session.scalars(self._statement, values))
        return [_adopted(session, self._model, keys, row) for row in found]

    def one(self, session: Session, values: Mapping[str, Any]) -> Model | None:
        """The one there is, or none."""
        found = self.all(session, values)
        if len(found) > 1:
            raise sa.exc.MultipleResultsFound("one row was asked for")
        return found[0] if found else None


def _adopted(session: Session, model: type[Model], keys: Sequence[str], row: Sequence[Any]) -> Model:
    one = manager_of_class(model).new_instance()
    sa.inspect(one).dict.update(zip(keys, row, strict=True))
    make_transient_to_detached(one)
    session.add(one)
    return cast(Model, one)


@lru_cache(maxsize=256)
def _mapped(model: type[Any]) -> tuple[tuple[str, ...], tuple[int, ...], Callable[[Any], Any]]:
    """Its attributes in the order in which a SELECT gives them, the places of its key, and what identifies a row."""
    mapper = sa.inspect(model)
    columns = list(sa.select(model).exported_columns)
    keys = tuple(mapper.get_property_by_column(mapper.local_table.c[column.name]).key for column in columns)
    if mapper.relationships or mapper.inherits or set(keys) != set(mapper.attrs.keys()):
        raise TypeError(f"{model.__name__} is more than its columns")
    primary = tuple(
        next(place for place, column in enumerate(columns) if column.name == one.name)
        for one in mapper.primary_key
    )
    return keys, primary, lambda values: mapper.identity_key_from_primary_key(values)
