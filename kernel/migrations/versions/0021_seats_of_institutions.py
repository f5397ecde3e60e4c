"""seats of institutions"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("department", sa.Column("institution_id", BigNumber, nullable=True))
    op.create_index(op.f("ix_department_institution_id"), "department", ["institution_id"], unique=False)
