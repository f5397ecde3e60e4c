"""Data quality: how much is wrong by rule, and the tasks of this seat's sources."""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
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

PAGE = 50


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """``rules`` over the whole city, ``findings`` in this seat's division, of which there are ``open`` altogether."""

    rules: tuple[RuleCount, ...]
    findings: tuple[FindingView, ...]
    open: int


class Dismissal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the data are right after all."""

    note: Annotated[str, msgspec.Meta(max_length=200)]


def quality_of(
    services: Services, principal: Principal, rule: str = "", *, limit: int = service.MOST, offset: int = 0
) -> Quality:
    """Behind the last task it is the last page."""
    seat, sources = require_sources(principal)
    with services.house.database.read() as session:
        here = service.open_by_rule(session, sources, seat.division)
        found = sum(count for one, _label, count in here if rule in ("", one))
        offset = max(0, min(offset, (found - 1) // limit * limit))
        return Quality(
            rules=tuple(service.counts(session, sources)),
            findings=tuple(
                service.open_findings(session, sources, seat.division, rule=rule, limit=limit, offset=offset)
            ),
            open=found,
        )


def rules_here(services: Services, principal: Principal) -> list[tuple[str, str, int]]:
    """(rule, what it is called, how many tasks) of this seat."""
    seat, sources = require_sources(principal)
    with services.house.database.read() as session:
        return service.open_by_rule(session, sources, seat.division)


def dismiss(services: Services, principal: Principal, finding_id: uuid.UUID, note: str) -> None:
    seat, sources = require_sources(principal)
    now = services.house.clock.now()
    with services.house.database.write() as session:
        service.dismiss(session, finding_id, sources, seat.division, note, by=principal.subject_id, now=now)
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
def quality_page(visit: Visiting, rule: FromQuery[str] = "", page: FromQuery[int] = 1) -> Response[str]:
    return _page(visit, rule=rule, page=page)


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
def get_quality(
    services: Given,
    principal: Said,
    rule: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
    count: FromQuery[int] = service.MOST,
) -> Quality:
    limit = max(1, min(count, service.MOST))
    return quality_of(services, principal, rule, limit=limit, offset=offset)


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


def _page(
    visit: Visit, problem: DongchuError | None = None, *, rule: str = "", page: int = 1
) -> Response[str]:
    offset = (max(1, page) - 1) * PAGE
    quality = quality_of(visit.services, visit.principal, rule, limit=PAGE, offset=offset)
    last = max(1, -(-quality.open // PAGE))
    return visit.page(
        "zhengtong/sources/quality.html",
        status=200 if problem is None else problem.status,
        quality=quality,
        rule=rule,
        rules_here=rules_here(visit.services, visit.principal),
        here=max(1, min(page, last)),
        last=last,
        place=division_name,
        problem=problem,
    )


PAGES = [quality_page, dismiss_form]
API = [get_quality, add_dismissal]
