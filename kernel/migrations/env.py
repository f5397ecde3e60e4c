"""Alembic's door: run inside the house's own database, in one transaction."""

from alembic import context

from kernel.database import Base, Database

database: Database = context.config.attributes["database"]

with database.engine.connect().execution_options(dongchu_write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=False,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
