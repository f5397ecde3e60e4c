"""Files of facts handed in by officials: uploaded once, taken in the background, their rejects taken home."""

import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, MultipartBody
from litestar.response import Redirect, Stream

from kernel import audit
from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.profiles.files import service
from policy_engine.profiles.files.jobs import folder_of
from policy_engine.profiles.files.service import FILE_TOPIC, FileView
from portals.services import Services
from portals.zhengtong.access import needs
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_RUN = needs("admin.system")
PLACE = "/zhengtong/system/files"
#: What a browser can hand in; larger files go by `dongchu facts load`.
LARGEST = 200 * 1024 * 1024
_BLOCK = 1 << 20

Upload = MultipartBody[dict[str, Any]]


def take_on(services: Services, principal: Principal, data: dict[str, Any]) -> FileView:
    """Keep an upload and put it into the queue. Raises ``InvalidInput`` and keeps nothing when it cannot be taken."""
    upload = data.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        what = _("请选择一个 CSV 或 Parquet 文件")
        raise InvalidInput(what, errors=[FieldError("file", what)])
    observed_on = _day(data.get("observed_on"), services.house.clock.today())
    house, now, file_id = services.house, services.house.clock.now(), new_id()
    path = _keep(upload, folder_of(house) / str(file_id))
    try:
        with house.database.write() as session:
            known = service.register(
                session,
                path,
                source=str(data.get("source", "")),
                name=Path(upload.filename).name,
                observed_on=observed_on,
                today=house.clock.today(),
                by=principal.subject_id,
                now=now,
                file_id=file_id,
            )
            if known.id == file_id:
                payload = {"file_id": str(file_id)}
                enqueue(session, FILE_TOPIC, f"file:{file_id}", payload, now=now)
            audit.record(
                session,
                actor=principal,
                action="facts.file",
                object_kind="fact_file",
                object_id=known.id,
                detail={"source": known.source, "bytes": known.size},
                now=now,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if known.id != file_id:  # the very same file was handed in before
        path.unlink(missing_ok=True)
    return known


def _keep(upload: UploadFile, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb") as out:
        path.chmod(0o600)
        while block := upload.file.read(_BLOCK):
            out.write(block)
    return path


def _day(text: object, today: date) -> date:
    if not text:
        return today
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        what = _("请填写日期，如 2026-11-23")
        raise InvalidInput(what, errors=[FieldError("observed_on", what)]) from None


@get("/system/files", sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN])
def files_page(visit: Visiting) -> Response[str]:
    """The form, and the latest files with their progress."""
    return _page(visit)


@post(
    "/system/files",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_RUN],
    request_max_body_size=LARGEST,
)
def upload_form(visit: Visiting, data: Upload) -> Response[str] | Redirect:
    """Hand one in."""
    try:
        known = take_on(visit.services, visit.principal, data)
    except InvalidInput as problem:
        return _page(visit, problem, data)
    return Redirect(f"{PLACE}/{known.id}", status_code=303)


@get("/system/files/{file_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN])
def file_page(visit: Visiting, file_id: FromPath[uuid.UUID]) -> Response[str]:
    """One file: how far it is, what became of its facts, the first rejects."""
    with visit.services.house.database.read() as session:
        file = service.view(session, file_id)
        rejects = service.first_rejects(session, visit.services.house.vault, file_id)
    return visit.page("zhengtong/sources/file.html", file=file, rejects=rejects)


@get(
    "/system/files/{file_id:uuid}/rejects.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_RUN]
)
def rejects_file(services: Given, principal: Said, file_id: FromPath[uuid.UUID]) -> Stream:
    """Every reject with its row, column and how to mend it."""
    return stream_rejects(services, principal, file_id)


def stream_rejects(services: Services, principal: Principal, file_id: uuid.UUID) -> Stream:
    house = services.house
    with house.database.write() as session:
        service.view(session, file_id)
        audit.record(
            session,
            actor=principal,
            action="facts.file.rejects",
            object_kind="fact_file",
            object_id=file_id,
            now=house.clock.now(),
        )

    def lines() -> Iterator[str]:
        with house.database.read() as session:
            yield from service.rejects_csv(session, house.vault, file_id)

    return Stream(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="rejects-{file_id}.csv"',
            "Cache-Control": "no-store",
        },
    )


@get("/fact-files", sync_to_thread=True, tags=["sources"], summary="Files of facts", guards=[MAY_RUN])
def list_files(services: Given) -> list[FileView]:
    with services.house.database.read() as session:
        return service.latest(session)


@post(
    "/fact-files",
    status_code=201,
    sync_to_thread=True,
    tags=["sources"],
    summary="Hand in a CSV or Parquet file: fields file, source, observed_on",
    guards=[MAY_RUN],
    request_max_body_size=LARGEST,
)
def add_file(data: Upload, services: Given, principal: Said) -> FileView:
    return take_on(services, principal, data)


@get(
    "/fact-files/{file_id:uuid}", sync_to_thread=True, tags=["sources"], summary="One file", guards=[MAY_RUN]
)
def get_file(services: Given, file_id: FromPath[uuid.UUID]) -> FileView:
    with services.house.database.read() as session:
        return service.view(session, file_id)


@get(
    "/fact-files/{file_id:uuid}/rejects",
    sync_to_thread=True,
    tags=["sources"],
    summary="Its rejects as CSV",
    guards=[MAY_RUN],
)
def get_rejects(services: Given, principal: Said, file_id: FromPath[uuid.UUID]) -> Stream:
    return stream_rejects(services, principal, file_id)


def _page(
    visit: Visit, problem: InvalidInput | None = None, given: dict[str, Any] | None = None
) -> Response[str]:
    with visit.services.house.database.read() as session:
        files = service.latest(session)
    given = given or {}
    return visit.page(
        "zhengtong/sources/files.html",
        status=200 if problem is None else problem.status,
        files=files,
        sources=[(one.id, one.name) for one in catalogue().departments.values() if one.id != "engine"],
        source=str(given.get("source", "")),
        observed_on=str(given.get("observed_on", "") or visit.services.house.clock.today()),
        problem=problem,
    )


PAGES = [files_page, upload_form, file_page, rejects_file]
API = [list_files, add_file, get_file, get_rejects]
