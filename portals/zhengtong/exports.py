"""Tables as CSV for a spreadsheet: no cell can run as a formula, and every export stands in the audit trail."""

from collections.abc import Sequence
from datetime import datetime

from litestar import Response
from sqlalchemy.orm import Session

from kernel import audit
from kernel.spreadsheets import csv_text, safe_cell
from kernel.web.principal import Principal

__all__ = ["csv_text", "export", "safe_cell"]


def export(
    session: Session,
    principal: Principal,
    table: str,
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    now: datetime,
) -> Response[str]:
    """The table as a download; the row in the audit trail commits with the caller's transaction."""
    audit.record(
        session,
        actor=principal,
        action="table.export",
        object_kind="table",
        object_id=table,
        detail={"rows": len(rows)},
        now=now,
    )
    return Response(
        csv_text(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{table}-{now:%Y%m%d}.csv"',
            "Cache-Control": "no-store",
        },
    )
