"""departments read to the end"""

import sqlalchemy as sa
from alembic import op

from kernel.database import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("poll_cursor", sa.Column("read_at", UtcDateTime, nullable=True))
