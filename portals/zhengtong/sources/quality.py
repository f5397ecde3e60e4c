"""Data quality: how much is wrong by rule, and the tasks of this seat's sources."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel import audit
from kernel.errors import DongchuError, InvalidInput
from kernel.web.principal import Principal
from policy_engine.profiles.quality import service
from policy_engine.profiles.quality.service import FindingView, RuleCount
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.forms import Form, one
from portals.zhengtong.sources.desks import require_sources
from portals.zhengtong.visit import Given, Said, Visit, Visiting


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """``rules`` over the whole city, ``findings`` in this seat's division."""

    rules: tuple[RuleCount, ...]
    findings: tuple[FindingView, ...]


class Dismissal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the data are right after all."""

    note: Annotated[str, msgspec.Meta(max_length=200)]


def quality_of(services: Services, principal: Principal) -> Quality:
    seat, sources = require_sources(principal)
    with services.house.database.read() as session:
        return Quality(
            rules=tuple(service.counts(session, sources)),
            findings=tuple(service.open_findings(session, sources, seat.division)),
        )


def dismiss(services: Services, principal: Principal, finding_id: uuid.UUID, note: str) -> None:
    _seat, sources = require_sources(principal)
    now = services.house.clock.now()
    with services.house.database.write() as session:
        service.dismiss(session, finding_id, sources, note, by=principal.subject_id, now=now)
        audit.record(
            session,
            actor=principal,
            action="quality.dismiss",
            object_kind="quality_finding",
            object_id=finding_id,
            detail={"reason": note.strip()},
            now=now,
        )


@get("/quality", sync_to_thread=True, include_in_schema=False)
def quality_page(visit: Visiting) -> Response[str]:
    return _page(visit)


@post("/quality/{finding_id:uuid}", status_code=303, sync_to_thread=True, include_in_schema=False)
def dismiss_form(visit: Visiting, data: Form, finding_id: FromPath[uuid.UUID]) -> Response[str] | Redirect:
    try:
        dismiss(visit.services, visit.principal, finding_id, one(data, "note"))
    except InvalidInput as problem:
        return _page(visit, problem)
    return Redirect("/zhengtong/quality?done=quality", status_code=303)


@get(
    "/data-quality",
    sync_to_thread=True,
    tags=["sources"],
    summary="Findings about this seat's data",
    guards=[on_a_seat],
)
def get_quality(services: Given, principal: Said) -> Quality:
    return quality_of(services, principal)


@post(
    "/data-quality/{finding_id:uuid}/dismiss",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Say why the data are right",
    guards=[on_a_seat],
)
def add_dismissal(
    data: JSONBody[Dismissal], services: Given, principal: Said, finding_id: FromPath[uuid.UUID]
) -> None:
    dismiss(services, principal, finding_id, data.note)


def _page(visit: Visit, problem: DongchuError | None = None) -> Response[str]:
    return visit.page(
        "zhengtong/sources/quality.html",
        status=200 if problem is None else problem.status,
        quality=quality_of(visit.services, visit.principal),
        place=division_name,
        problem=problem,
    )


PAGES = [quality_page, dismiss_form]
API = [get_quality, add_dismissal]
