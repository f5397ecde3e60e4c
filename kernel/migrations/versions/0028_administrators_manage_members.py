"""administrators manage members

What an administrator could do by their role so far is a scope of its own now (``members``), and so is financing. Agents and
agencies keep what they were given: nobody gains a power that was not named to whoever gave it.
"""

import sqlalchemy as sa
from alembic import op

from kernel.database import JsonDocument

revision = "0028"
down_revision = "0027"

_MEMBERSHIP = sa.table(
    "membership",
    sa.column("membership_id", sa.Uuid()),
    sa.column("role", sa.String()),
    sa.column("scopes", JsonDocument),
)


def upgrade() -> None:
    store = op.get_bind()
    asked = sa.select(_MEMBERSHIP.c.membership_id, _MEMBERSHIP.c.scopes).where(
        _MEMBERSHIP.c.role == "administrator"
    )
    for membership_id, scopes in store.execute(asked).all():
        given = sorted({*scopes, "members", "financing"})
        store.execute(
            sa.update(_MEMBERSHIP).where(_MEMBERSHIP.c.membership_id == membership_id).values(scopes=given)
        )
