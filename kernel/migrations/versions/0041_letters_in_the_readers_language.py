"""letters in the reader's language"""

import sqlalchemy as sa
from alembic import op

from kernel.database import JsonDocument

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("notice", sa.Column("wording", JsonDocument, nullable=True))
