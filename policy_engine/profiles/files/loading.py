"""A file's rows become facts, a few hundred in each transaction, with the place reached committed beside them.

Killed anywhere, it goes on with the first row that was not committed; run twice at once, the second finds the place
moved and stops. A row is taken whole or not at all, and every cell that stood in the way is noted.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as day_time
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import SHANGHAI, Clock
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.i18n import gettext as _
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.files import repository
from policy_engine.profiles.files.cells import Unreadable, read_cell, read_date
from policy_engine.profiles.files.columns import Columns, read_columns
from policy_engine.profiles.files.models import FactFile
from policy_engine.profiles.files.reading import Read, headings_of, rows
from policy_engine.profiles.schemas import FactChange, RawValue
from policy_engine.profiles.service import apply_checked
from policy_engine.profiles.validation import fault_of

#: Rows in one transaction: the gate is free again soon.
CHUNK: int = 500
LONGEST_KEPT = 120

Progress = Callable[[int, int], None]


class Reject(msgspec.Struct, frozen=True):
    """Why a row was not taken: the cell (``place`` counts from 0), what is wrong, how to mend it."""

    row: int
    place: int
    what: str
    mend: str
    text: str


@dataclass(slots=True)
class Draft:
    """A row that can be read."""

    row: int
    identifier: str
    facts: list[tuple[int, Attribute, RawValue | msgspec.UnsetType]]
    observed_at: datetime
    valid_from: date | None
    valid_until: date | None


@dataclass
class Chunk:
    last: Read
    drafts: list[Draft] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Loading:
    """Of one registered file that lies at ``path``."""

    database: Database
    vault: Vault
    clock: Clock
    path: Path
    file_id: uuid.UUID

    def run(self, *, seconds: float | None = None, progress: Progress | None = None) -> bool:
        """Go on where it stopped, for so many ``seconds`` or to the end; whether it has ended (done or failed)."""
        until = None if seconds is None else time.monotonic() + seconds
        with self.database.read() as session:
            file = _required(session, self.file_id)
        if file.state in ("done", "failed"):
            return True
        done = file.rows_done
        try:
            columns = read_columns(headings_of(self.path), file.source, catalogue())
            for chunk in _chunks(rows(self.path, skip=done), columns, file.observed_on, file.registered_at):
                done = self._take(chunk, columns, file.source, done)
                if progress is not None:
                    progress(chunk.last.bytes_done, file.size)
                if until is not None and time.monotonic() > until:
                    return False
        except InvalidInput as problem:
            self._end("failed", problem)
            return True
        self._end("done", None)
        return True

    def _take(self, chunk: Chunk, columns: Columns, source: str, expected: int) -> int:
        with self.database.read() as session:
            changes, rejects = _changes(session, self.vault, chunk, columns, source, self.file_id)
        sealed = [self._sealed(one, columns) for one in rejects]
        now = self.clock.now()
        with self.database.write(timeout=60) as session:
            file = _required(session, self.file_id, for_update=True)
            if file.rows_done != expected or file.state not in ("waiting", "running"):
                raise Conflict(_("这个文件正在另一处写入，请勿同时办理。"))
            if changes:
                _applied, outcomes = apply_checked(session, changes, now=now)
                file.outcomes = dict(Counter(file.outcomes) + Counter(outcomes))
            repository.add_rejects(session, sealed)
            file.state = "running"
            file.rejected += len({one.row for one in rejects})
            file.rows_done = chunk.last.number - 1
            file.bytes_done = chunk.last.bytes_done
            return file.rows_done

    def _sealed(self, one: Reject, columns: Columns) -> tuple[Any, ...]:
        heading = columns.headings[one.place] if one.place < len(columns.headings) else ""
        context = reject_context(self.file_id, one.row, one.place)
        kept = self.vault.seal(one.text[:LONGEST_KEPT], context=context)
        return (self.file_id, one.row, one.place, heading[:80], one.what[:200], one.mend[:300], kept)

    def _end(self, state: str, problem: InvalidInput | None) -> None:
        with self.database.write(timeout=60) as session:
            file = _required(session, self.file_id, for_update=True)
            file.state = state
            file.finished_at = self.clock.now()
            if problem is None:
                file.bytes_done = file.size
            else:
                told = "；".join(f"{one.where}: {one.what}" for one in problem.errors)
                file.problem = f"{problem.detail} {told}".strip()[:500]


def reject_context(file_id: uuid.UUID, row: int, place: int) -> str:
    return f"fact_file_reject/sealed/{file_id}/{row}/{place}"


def _required(session: Session, file_id: uuid.UUID, *, for_update: bool = False) -> FactFile:
    file = repository.get(session, file_id, for_update=for_update)
    if file is None:
        raise NotFound(_("没有这个数据文件。"))
    return file


def _chunks(
    read: Iterable[Read], columns: Columns, observed_on: date, registered_at: datetime
) -> Iterator[Chunk]:
    waiting = iter(read)
    while part := list(islice(waiting, CHUNK)):
        chunk = Chunk(part[-1])
        for row in part:
            _read_row(row, columns, observed_on, registered_at, chunk)
        yield chunk


def _read_row(row: Read, columns: Columns, observed_on: date, registered_at: datetime, chunk: Chunk) -> None:
    """One row into the chunk: as a draft, or as the cells that cannot be read."""
    faults: list[Reject] = []
    if len(row.cells) != len(columns.headings):
        what = _(
            "这一行有%(found)s列，表头有%(wanted)s列", found=len(row.cells), wanted=len(columns.headings)
        )
        chunk.rejects.append(Reject(row.number, 0, what, _("请核对分隔符和引号"), ""))
        return
    days: dict[str, date] = {}
    for use, place in columns.dates.items():
        if row.cells[place]:
            try:
                days[use] = read_date(row.cells[place])
            except Unreadable as fault:
                faults.append(Reject(row.number, place, fault.what, fault.mend, row.cells[place]))
    facts: list[tuple[int, Attribute, RawValue | msgspec.UnsetType]] = []
    for place, attribute in columns.attributes:
        text = row.cells[place]
        if text:
            try:
                facts.append((place, attribute, read_cell(attribute, text)))
            except Unreadable as fault:
                faults.append(Reject(row.number, place, fault.what, fault.mend, text))
    if faults:
        chunk.rejects.extend(faults)
    elif facts:
        chunk.drafts.append(
            Draft(
                row.number,
                row.cells[columns.identifier].upper(),
                facts,
                _seen_at(days.get("observed_on", observed_on), registered_at),
                days.get("valid_from"),
                days.get("valid_until"),
            )
        )


def _seen_at(day: date, registered_at: datetime) -> datetime:
    """A file as of a day tells how things stood when that day ended; as of today, when it was handed in."""
    ended = datetime.combine(day + timedelta(days=1), day_time(), tzinfo=SHANGHAI)
    return min(ended, registered_at)


def _changes(
    session: Session, vault: Vault, chunk: Chunk, columns: Columns, source: str, file_id: uuid.UUID
) -> tuple[list[FactChange], Sequence[Reject]]:
    """Facts by subject number. A row of somebody unknown, or with a value out of its range, is rejected whole."""
    asked = {draft.identifier for draft in chunk.drafts}
    numbers = registry.find_many(session, columns.scheme, asked, vault=vault)
    owners = profiles.owners_of(session, numbers.values())
    rejects = list(chunk.rejects)
    changes: list[FactChange] = []
    for draft in chunk.drafts:
        number = numbers.get(draft.identifier)
        if number is None or number not in owners:
            what, mend = _("登记库中没有这个号码"), _("请核对号码；新出生、新设立的请等登记后再报")
            rejects.append(Reject(draft.row, columns.identifier, what, mend, draft.identifier))
            continue
        told, faults = _of_row(draft, number, owners[number], source, file_id)
        rejects.extend(faults)
        if not faults:
            changes.extend(told)
    return changes, rejects


def _of_row(
    draft: Draft, number: int, owner: int, source: str, file_id: uuid.UUID
) -> tuple[list[FactChange], list[Reject]]:
    known = catalogue()
    event_id = f"file:{file_id}:{draft.row}"
    told: list[FactChange] = []
    faults: list[Reject] = []
    for place, attribute, value in draft.facts:
        change = FactChange(
            subject_id=owner if attribute.entity == "household" else number,
            attribute=attribute.id,
            value=value,
            source=source,
            event_id=event_id,
            observed_at=draft.observed_at,
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
        )
        fault = fault_of(change, known)
        if fault is None:
            told.append(change)
        else:
            faults.append(Reject(draft.row, place, *fault, str(value)))
    return told, faults
