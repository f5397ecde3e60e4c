"""holders reminded"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("licence", sa.Column("reminded_days", sa.Integer(), nullable=True))
