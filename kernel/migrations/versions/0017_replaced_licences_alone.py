"""replaced licences alone"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_REPLACED = "superseded_at IS NOT NULL"


def upgrade() -> None:
    op.drop_index("ix_licence_superseded_at", table_name="licence")
    op.create_index(
        "ix_licence_superseded_at",
        "licence",
        ["superseded_at"],
        unique=False,
        sqlite_where=sa.text(_REPLACED),
        postgresql_where=sa.text(_REPLACED),
    )
