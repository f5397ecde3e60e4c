"""What changed of plain objects, written by the driver: one UPDATE of the changed columns for each.

A step of a claim changes one or two rows. SQLAlchemy's unit of work, which sorts thousands of objects of any shape by
what they depend on, takes five times as long over them as this does. New and deleted objects, and whatever is more
than its columns, are its own business as ever.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from kernel.prepared import run

#: So many objects are written so; of more each kind is better written in one go, as SQLAlchemy does.
MOST = 4


class _Plain(NamedTuple):
    """A model that is its columns: by attribute, and those of its key."""

    columns: Mapping[str, sa.Column[Any]]
    primary: Sequence[str]


class _Change(NamedTuple):
    state: Any
    plain: _Plain
    keys: tuple[str, ...]


def write_changes(session: Session) -> bool:
    """Write what changed in a few plain objects; False where nothing was written, because there is more to it."""
    dirty = list(session.dirty)
    if session.new or session.deleted or len(dirty) > MOST or session.dispatch.before_flush:
        return False
    changes = []
    for one in dirty:
        change = _change_of(sa.inspect(one))
        if change is None:
            return False
        changes.append(change)
    connection = session.connection()
    for change in sorted(changes, key=lambda one: (one.state.mapper.local_table.name, one.state.key[1])):
        if change.keys:
            _write(connection, change)
    _settle(session, [change.state for change in changes])
    return True


def _change_of(state: Any) -> _Change | None:
    plain = _plain(state.mapper)
    if plain is None:
        return None
    changed = []
    for key, before in state.committed_state.items():
        if key not in state.dict or key in plain.primary or isinstance(state.dict[key], sa.ClauseElement):
            return None
        if not plain.columns[key].type.compare_values(before, state.dict[key]):
            changed.append(key)
    return _Change(state, plain, tuple(sorted(changed)))


def _write(connection: sa.Connection, change: _Change) -> None:
    written, processors = _update(change.state.mapper, change.keys, connection.dialect)
    said = change.state.dict
    values = [said[key] for key in (*change.keys, *change.plain.primary)]
    bound = [
        value if process is None else process(value)
        for value, process in zip(values, processors, strict=True)
    ]
    if run(connection, written, tuple(bound)).count != 1:
        raise StaleDataError(f"UPDATE of {change.state.mapper.local_table.name}: its row is gone")


def _settle(session: Any, states: Sequence[Any]) -> None:
    """As after SQLAlchemy's own flush: nothing is pending, and a savepoint that is taken back knows what to read again."""
    session._register_altered(states)
    for state in states:
        state._commit_all(state.dict, session.identity_map)


@lru_cache(maxsize=256)
def _plain(mapper: Any) -> _Plain | None:
    is_more = mapper.relationships or mapper.inherits or mapper.version_id_col is not None
    columns = {one.key: one.columns[0] for one in mapper.column_attrs}
    if is_more or set(columns) != set(mapper.attrs.keys()):
        return None
    if any(one.onupdate is not None or one.server_onupdate is not None for one in columns.values()):
        return None
    primary = tuple(mapper.get_property_by_column(one).key for one in mapper.primary_key)
    return _Plain(columns, primary)


@lru_cache(maxsize=1024)
def _update(mapper: Any, keys: tuple[str, ...], dialect: sa.Dialect) -> tuple[str, Sequence[Any]]:
    plain = _plain(mapper)
    if plain is None:
        raise TypeError(f"{mapper} is more than its columns")
    quote = dialect.identifier_preparer.quote
    mark = "%s" if dialect.name == "postgresql" else "?"
    said = ", ".join(f"{quote(plain.columns[key].name)} = {mark}" for key in keys)
    whose = " AND ".join(f"{quote(plain.columns[key].name)} = {mark}" for key in plain.primary)
    processors = [
        plain.columns[key].type.dialect_impl(dialect).bind_processor(dialect)
        for key in (*keys, *plain.primary)
    ]
    return f"UPDATE {quote(mapper.local_table.name)} SET {said} WHERE {whose}", processors  # noqa: S608
