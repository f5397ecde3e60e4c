"""refused events kept"""

import sqlalchemy as sa
from alembic import op

from kernel.database import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("rejected_event", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("rejected_event", sa.Column("settled_at", UtcDateTime, nullable=True))
    op.add_column("rejected_event", sa.Column("settled_as", sa.String(length=8), nullable=True))
    op.create_index("ix_rejected_event_digest", "rejected_event", ["department", "digest"], unique=False)
