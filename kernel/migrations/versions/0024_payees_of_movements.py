"""payees of movements"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("ledger_transaction", sa.Column("payee_account_id", sa.Uuid(), nullable=True))
