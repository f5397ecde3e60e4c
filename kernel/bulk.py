"""Thousands of rows at once, as fast as each driver takes them, inside the caller's transaction.

For work that goes to a whole city: no object is made and nothing is returned. Whoever needs the numbers of the rows
takes them first with ``take_numbers``.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeAlias, cast

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached

from kernel.prepared import run

Model: TypeAlias = type[DeclarativeBase]
Values: TypeAlias = Sequence[Any]
#: So few rows are inserted as they are, also where many would be copied.
FEW = 4
#: So few values are parameters of a statement, each for itself.
HANDFUL = 16
#: Under these names a session keeps what it gathers, and of which models.
_GATHERED, _GATHERED_MODELS = "gathered", "gathered-models"
_Processor: TypeAlias = Callable[[Any], Any]


def learn_sizes(session: Session, *models: Model) -> None:
    """After a whole city was loaded, let PostgreSQL's planner count it, rather than plan for a table it takes for empty.

    Left to itself it does so within minutes; until then families were read by walking through everybody.
    """
    if session.get_bind().dialect.name == "postgresql":
        for model in models:
            session.execute(sa.text(f'ANALYZE "{_table(model).name}"'))


def insert_rows(
    session: Session, model: Model, columns: tuple[str, ...], rows: Iterable[Values], *, refers: bool = True
) -> None:
    """Insert values in the order of ``columns``; what is not named takes the database's own default, never Python's.

    A row that stands already is an error of the driver: say ``merge_rows`` where it may. Rows that refer to nothing
    (``refers=False``: history, audit, letters) need not wait for what the session holds back, which is then written once.
    """
    waiting: dict[tuple[Model, tuple[str, ...]], list[Values]] | None = session.info.get(_GATHERED)
    if waiting is not None and model in session.info[_GATHERED_MODELS]:
        waiting.setdefault((model, columns), []).extend(rows)
        return
    connection = _connection(session) if refers else session.connection()
    table = _table(model)
    bound = _bound(rows, _processors(table, columns, connection.dialect))
    if connection.dialect.name == "postgresql":
        bound, few = _told_apart(bound)
        if few:
            _insert(connection, table, columns, few)
            return
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(target) as copy:
            for row in bound:
                copy.write_row(row)
    elif many := [tuple(row) for row in bound]:
        _insert(connection, table, columns, many)


@contextmanager
def gathered(session: Session, *models: Model) -> Iterator[None]:
    """New rows of these models, which nothing reads meanwhile, are written at the end: one statement for each.

    What raises leaves none of them.
    """
    waiting: dict[tuple[Model, tuple[str, ...]], list[Values]] = {}
    session.info[_GATHERED], session.info[_GATHERED_MODELS] = waiting, models
    try:
        yield
    finally:
        del session.info[_GATHERED], session.info[_GATHERED_MODELS]
    for (model, columns), rows in waiting.items():
        insert_rows(session, model, columns, rows, refers=False)


def _insert(
    connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    if len(rows) <= FEW:  # in one statement: psycopg makes a pipeline for more than one
        run(connection, _insertion(table, columns, connection.dialect, len(rows)), tuple(chain(*rows)))
    else:
        run(connection, _insertion(table, columns, connection.dialect), rows, is_many=True)


def insert_object(
    session: Session, row: DeclarativeBase, *, refers: bool = True, or_nothing: bool = False
) -> bool:
    """Write one new object at once; afterwards it is the session's own, as if it had been flushed, at a fifth of the work.

    What it does not say becomes its default, or nothing. ``or_nothing`` gives False where another row stands in its way.
    Where a savepoint around it is taken back, the object has to be let go of: the session does not forget it by itself.
    """
    connection = _connection(session) if refers else session.connection()
    said: dict[str, Any] = sa.inspect(row).dict
    for key, default in _defaults(type(row)):
        if key not in said:
            said[key] = default(None) if callable(default) else default
    table, columns = _table(type(row)), _columns(type(row))
    bound = next(_bound([[said[key] for key in columns]], _processors(table, columns, connection.dialect)))
    written = _insertion(table, columns, connection.dialect) + (
        " ON CONFLICT DO NOTHING" if or_nothing else ""
    )
    if run(connection, written, tuple(bound)).count == 0:
        return False
    make_transient_to_detached(row)
    session.add(row)
    return True


@lru_cache(maxsize=64)
def _columns(model: Model) -> tuple[str, ...]:
    return tuple(_table(model).c.keys())


@lru_cache(maxsize=64)
def _defaults(model: Model) -> tuple[tuple[str, Any], ...]:
    """What each column becomes of which nothing is said: a value, or a function of the context that SQLAlchemy has."""
    return tuple((one.name, getattr(one.default, "arg", None)) for one in _table(model).c)


def merge_rows(
    session: Session, model: Model, statement: Any, columns: tuple[str, ...], rows: Iterable[Values]
) -> None:
    """The same for an ``INSERT`` that says what to do where a row stands already (``kernel.database.insert``)."""
    connection = _connection(session)
    table = _table(model)
    if connection.dialect.name == "postgresql":
        each = zip(*rows, strict=True)
        arrays = {
            name: _array(connection.dialect, table.c[name], values)
            for name, values in zip(columns, each, strict=False)
        }
        if arrays:
            unnested = [
                sa.func.unnest(sa.cast(sa.bindparam(name, type_=sa.Text()), sa.ARRAY(table.c[name].type)))
                for name in columns
            ]
            connection.execute(statement.from_select(columns, sa.select(*unnested)), arrays)
        return
    many = [tuple(row) for row in _bound(rows, _processors(table, columns, connection.dialect))]
    if many:
        written = statement.compile(dialect=connection.dialect, column_keys=columns)
        connection.exec_driver_sql(str(written), many)


def among(session: Session, column: Any, values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """Whether a column is one of many numbers, UUIDs or words: one value of the statement, whatever their count.

    ``column.in_`` writes a statement of its own for each count of values, with as many parameters: of a thousand values
    writing, sending and planning it takes longer than what it finds. Of a handful it is the cheaper one to build.
    """
    values = list(values)
    if len(values) <= HANDFUL:
        return cast("sa.ColumnElement[bool]", column.in_(values))
    dialect = session.get_bind().dialect
    kind = column.type
    if dialect.name == "postgresql":
        array = sa.ARRAY(kind, dimensions=1)
        written = "{" + ",".join(_element(one) for one in values) + "}"
        # Written out as one constant: of a parameter the planner knows neither how many there are, nor may it hash
        # them, and of a table without figures yet it then holds every row against every value.
        constant = sa.cast(sa.bindparam(None, written, sa.Text(), literal_execute=True), array)
        return cast("sa.ColumnElement[bool]", column == sa.any_(constant))
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    listed = [one if process is None else process(one) for one in values]
    parameter = sa.bindparam(None, json.dumps(listed), sa.Text())
    rows = sa.func.json_each(parameter).table_valued("value")
    return cast("sa.ColumnElement[bool]", column.in_(sa.select(rows.c.value)))


def _array(dialect: sa.Dialect, column: sa.Column[Any], values: Iterable[Any]) -> str:
    """A column's values as the text of an array. The driver would look at every quotation mark of it in Python."""
    kind = column.type.dialect_impl(dialect)
    if isinstance(kind, sa.JSON):
        written = (_as_json(dialect, one) for one in values)
    else:  # bytes the driver would wrap
        process = None if isinstance(kind, sa.LargeBinary) else kind.bind_processor(dialect)
        written = values if process is None else (process(one) for one in values)
    return "{" + ",".join(map(_element, written)) + "}"


def _as_json(dialect: Any, value: object) -> str:
    text: str = dialect._json_serializer(value)
    return text


def _element(value: object) -> str:
    """As PostgreSQL reads it in the text of an array."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if value is None:
        return "NULL"
    if isinstance(value, bytes | memoryview):
        return f'"\\\\x{bytes(value).hex()}"'
    if isinstance(value, datetime | date):
        return f'"{value.isoformat()}"'
    return str(value)


def take_numbers(session: Session, model: Model, count: int) -> Sequence[int]:
    """The next ``count`` numbers of a table whose rows the database numbers; nobody else gets them."""
    table = _table(model)
    (column,) = table.primary_key.columns
    connection = _connection(session)
    if connection.dialect.name == "postgresql":
        series = sa.func.pg_get_serial_sequence(table.name, column.name)
        places = sa.func.generate_series(1, count).table_valued("place")
        return connection.scalars(sa.select(sa.func.nextval(series)).select_from(places)).all()
    last = connection.scalar(_last_number(column)) or 0
    return range(last + 1, last + 1 + count)


@lru_cache(maxsize=64)
def _last_number(column: sa.Column[Any]) -> sa.Select[int | None]:
    return sa.select(sa.func.max(column))


def _connection(session: Session) -> sa.Connection:
    """With everything written that the session still holds back: rows may refer to it."""
    session.flush()
    return session.connection()


def _table(model: Model) -> sa.Table:
    return cast(sa.Table, model.__table__)


def _bound(rows: Iterable[Values], processors: Sequence[tuple[int, _Processor]]) -> Iterator[list[Any]]:
    """Rows as the driver takes them. Mostly a column says the same from row to row: that is worked out once."""
    last: list[tuple[object, Any]] = [(processors, None)] * len(processors)
    for row in rows:
        values = list(row)
        for number, (place, processor) in enumerate(processors):
            value = values[place]
            if value is not last[number][0]:
                last[number] = (value, processor(value))
            values[place] = last[number][1]
        yield values


@lru_cache(maxsize=64)
def _processors(
    table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect
) -> tuple[tuple[int, _Processor], ...]:
    """What the driver does not take as it is, by place."""
    found = []
    for place, name in enumerate(columns):
        processor = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            found.append((place, processor))
    return tuple(found)


def _told_apart(rows: Iterator[list[Any]]) -> tuple[Iterator[list[Any]], list[tuple[Any, ...]]]:
    """All rows, or few of them: PostgreSQL's COPY takes three exchanges before the first row."""
    first = list(islice(rows, FEW + 1))
    if len(first) > FEW:
        return chain(first, rows), []
    return iter(()), [tuple(row) for row in first]


@lru_cache(maxsize=256)
def _insertion(table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect, count: int = 1) -> str:
    quoted = dialect.identifier_preparer.quote
    names = ", ".join(map(quoted, columns))
    mark = "%s" if dialect.name == "postgresql" else "?"
    row = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {quoted(table.name)} ({names}) VALUES {', '.join([row] * count)}"  # noqa: S608
