"""Tables as CSV for a spreadsheet: no cell can run as a formula, and every export stands in the audit trail."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from litestar import Response
from sqlalchemy.orm import Session

from kernel import audit
from kernel.web.principal import Principal

#: What a spreadsheet takes for the beginning of a formula, full width included (OWASP, CSV injection).
_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_MARK = "\ufeff"


def safe_cell(value: object) -> str:
    """A cell as text; one that could be read as a formula is quoted with an apostrophe. Plain numbers stay."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.lstrip().startswith(_STARTS) or text.startswith(_STARTS) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with the mark by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe_cell(cell) for cell in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return _MARK + buffer.getvalue()


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
