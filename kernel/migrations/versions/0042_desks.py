"""desks: on which one a claim lies, as a word that an index finds"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from kernel.database import JsonDocument

revision = "0042"
down_revision = "0041"

_AT_A_STAGE = ("submitted", "joint_review", "review")
_LOOKED_INTO = ("appealed", "objection")
_ROWS_AT_ONCE = 5_000
_CLAIM = sa.table(
    "claim",
    sa.column("id", sa.Uuid()),
    sa.column("state", sa.String()),
    sa.column("stages", JsonDocument),
    sa.column("stage_index", sa.Integer()),
    sa.column("desk", sa.Text()),
)


def upgrade() -> None:
    op.add_column("claim", sa.Column("desk", sa.Text(), nullable=True))
    _lay_out()
    op.create_index(
        "ix_claim_desk",
        "claim",
        ["desk", "division", "stage_due_on", "created_at", "id", "policy_id", "policy_version", "is_held"],
        unique=False,
        sqlite_where=sa.text("desk IS NOT NULL"),
        postgresql_where=sa.text("desk IS NOT NULL"),
    )


def _lay_out() -> None:
    """Every claim that waits for a seat onto its desk, a few thousand at a time."""
    connection = op.get_bind()
    waiting = sa.select(_CLAIM.c.id, _CLAIM.c.state, _CLAIM.c.stages, _CLAIM.c.stage_index).where(
        _CLAIM.c.state.in_(_AT_A_STAGE + _LOOKED_INTO), _CLAIM.c.desk.is_(None)
    )
    move = sa.update(_CLAIM).where(_CLAIM.c.id == sa.bindparam("number"))
    move = move.values(desk=sa.bindparam("word"))
    while rows := connection.execute(waiting.limit(_ROWS_AT_ONCE)).all():
        connection.execute(move, [{"number": row.id, "word": _desk_of(row)} for row in rows])


def _desk_of(row: Any) -> str:
    """As ``claims.desks`` writes it: duty, size of the place, departments."""
    stages: Sequence[dict[str, Any]] = row.stages
    stage = (
        next(one for one in stages if one["outcome"] == "decide")
        if row.state in _LOOKED_INTO
        else stages[row.stage_index]
    )
    joint = sorted({str(one["department"]) for one in stage.get("joint", ())})
    departments = joint or [str(stage.get("department", ""))]
    word = [stage["duty"], stage["level"], *departments]
    return json.dumps(word, ensure_ascii=False, separators=(",", ":"))
