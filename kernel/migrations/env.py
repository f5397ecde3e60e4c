"""Alembic's door: run inside the house's own database, in one transaction."""

from typing import Any

import sqlalchemy as sa
from alembic import context

from kernel.database import Base, Database, UtcDateTime

database: Database = context.config.attributes["database"]


def _render(kind: str, thing: Any, _autogenerate: Any) -> Any:
    """Our own column types by their names, as the models write them."""
    if kind != "type":
        return False
    if isinstance(thing, UtcDateTime):
        return "UtcDateTime"
    if isinstance(thing, sa.JSON) and thing._variant_mapping:
        return "JsonDocument"
    if isinstance(thing, sa.BigInteger) and thing._variant_mapping:
        return "BigNumber"
    return False


with database.connect_to_write() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
