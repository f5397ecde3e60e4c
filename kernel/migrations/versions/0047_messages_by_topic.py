"""What is due of one topic is found by an index, however much of others waits before it."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_index(
        "ix_outbox_message_undone_topic",
        "outbox_message",
        ["topic", "available_at", "number"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
