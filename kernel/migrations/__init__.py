"""The tables' history: expand first, contract later, so that a new version works beside the running one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kernel.database import Database


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["database"] = database
    return config


def migrate(database: Database) -> None:
    """Bring the store to the newest version; nothing happens when it is there already."""
    command.upgrade(_config(database), "head")


def is_current(database: Database) -> bool:
    """Whether the store is at the newest version this code knows."""
    script = ScriptDirectory.from_config(_config(database))
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()


def write_migration(database: Database, message: str) -> None:
    """Write the next migration from the difference between the store and the imported tables (for developers)."""
    number, _, slug = message.partition("_")
    command.revision(_config(database), message=slug.replace("_", " "), autogenerate=True, rev_id=number)


def differences(database: Database) -> list[object]:
    """What the imported tables have that the migrated store has not; empty in a healthy tree."""
    from alembic.autogenerate import compare_metadata

    from kernel.database import Base

    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))
