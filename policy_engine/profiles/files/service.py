"""Files of facts as officials and operators meet them: handed in once, watched, their rejects taken home."""

import csv
import io
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.spreadsheets import MARK, safe_cell
from policy_engine.catalogue import catalogue
from policy_engine.profiles.files import repository
from policy_engine.profiles.files.columns import read_columns
from policy_engine.profiles.files.loading import reject_context
from policy_engine.profiles.files.models import FactFile
from policy_engine.profiles.files.reading import digest_of, headings_of

FILE_TOPIC = "facts.file"
EARLIEST = date(1990, 1, 1)


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """``facts`` counts by outcome: applied, repeated, outranked, outdated, scheduled; ``rejected`` counts rows."""

    id: uuid.UUID
    name: str
    source: str
    source_name: str
    observed_on: date
    state: str
    problem: str
    rows_done: int
    rejected: int
    facts: dict[str, int]
    bytes_done: int
    size: int
    registered_at: datetime
    finished_at: datetime | None


def register(
    session: Session,
    path: Path,
    *,
    source: str,
    name: str,
    observed_on: date,
    today: date,
    by: int | None,
    now: datetime,
    file_id: uuid.UUID | None = None,
) -> FileView:
    """Take a file on; the same file of the same source and day is the one already known, wherever it had got to.

    Raises ``InvalidInput``: no such source, a day to come, or headings that cannot be read; nothing is kept then.
    """
    if source not in catalogue().departments:
        known = "、".join(sorted(catalogue().departments))
        what = _("没有这个来源单位，可用的有：%(known)s", known=known)
        raise InvalidInput(what, errors=[FieldError("source", what)])
    if not EARLIEST <= observed_on <= today:
        what = _("数据日期不能晚于今天，也不能早于1990年")
        raise InvalidInput(what, errors=[FieldError("observed_on", what)])
    read_columns(headings_of(path), source, catalogue())
    digest = digest_of(path)
    row = repository.find_same(session, source, digest, observed_on)
    if row is None:
        row = FactFile(
            id=file_id or new_id(),
            source=source,
            name=name[:200],
            digest=digest,
            size=path.stat().st_size,
            observed_on=observed_on,
            state="waiting",
            rows_done=0,
            bytes_done=0,
            rejected=0,
            outcomes={},
            registered_by=by,
            registered_at=now,
        )
        repository.add(session, row)
    return _view(row)


def view(session: Session, file_id: uuid.UUID) -> FileView:
    row = repository.get(session, file_id)
    if row is None:
        raise NotFound(_("没有这个数据文件。"))
    return _view(row)


def latest(session: Session, limit: int = 50) -> list[FileView]:
    return [_view(row) for row in repository.latest(session, limit)]


def rejects_csv(session: Session, vault: Vault, file_id: uuid.UUID) -> Iterator[str]:
    """Row by row what was not taken and how to mend it, as CSV; no cell can run as a formula in a spreadsheet."""
    view(session, file_id)
    yield MARK + _line([_("行号"), _("列"), _("原内容"), _("问题"), _("怎样更正")])
    for one in repository.rejects_of(session, file_id):
        text = vault.open(one.sealed, context=reject_context(file_id, one.row, one.place))
        yield _line([one.row, one.column, text, one.what, one.mend])


def _line(cells: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()


def _view(row: FactFile) -> FileView:
    department = catalogue().departments.get(row.source)
    return FileView(
        id=row.id,
        name=row.name,
        source=row.source,
        source_name=department.name if department else row.source,
        observed_on=row.observed_on,
        state=row.state,
        problem=row.problem or "",
        rows_done=row.rows_done,
        rejected=row.rejected,
        facts={outcome: int(count) for outcome, count in row.outcomes.items()},
        bytes_done=row.bytes_done,
        size=row.size,
        registered_at=row.registered_at,
        finished_at=row.finished_at,
    )


class RejectView(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that stood in the way of its row."""

    row: int
    column: str
    text: str
    what: str
    mend: str


def first_rejects(session: Session, vault: Vault, file_id: uuid.UUID, limit: int = 50) -> list[RejectView]:
    """The beginning of the reject file, for the page."""
    return [
        RejectView(
            row=one.row,
            column=one.column,
            text=vault.open(one.sealed, context=reject_context(file_id, one.row, one.place)),
            what=one.what,
            mend=one.mend,
        )
        for one in repository.rejects_of(session, file_id, limit)
    ]
