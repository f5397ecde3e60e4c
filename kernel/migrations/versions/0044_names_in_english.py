"""names in English"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column(
        "department", sa.Column("name_en", sa.String(length=120), server_default="", nullable=False)
    )
    op.add_column("seat", sa.Column("title_en", sa.String(length=120), server_default="", nullable=False))
