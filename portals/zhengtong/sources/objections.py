"""Objections as tasks of the source: its list with clocks, each answered on one page."""

import uuid
from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from identity.registry import service as registry
from kernel import audit
from kernel.errors import DongchuError, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.formats import masked
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.profiles.disclosure import past_words
from policy_engine.profiles.objections import repository, service
from policy_engine.profiles.objections.service import ObjectionView
from policy_engine.profiles.schemas import PastWord
from portals.services import Services
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.forms import Form, one
from portals.zhengtong.sources.desks import require_sources
from portals.zhengtong.visit import Given, Said, Visit, Visiting

PLACE = "/zhengtong/objections"


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``value`` and ``valid_from`` only for a correction: written as in a file of facts (yuan, per cent, 无)."""

    outcome: Literal["corrected", "upheld"]
    text: Annotated[str, msgspec.Meta(max_length=500)]
    value: Annotated[str, msgspec.Meta(max_length=120)] = ""
    valid_from: date | None = None


class ObjectionFile(msgspec.Struct, frozen=True, kw_only=True):
    """One objection with what was said of the fact before. The name is masked: the register knows whom it means."""

    objection: ObjectionView
    name: str
    history: tuple[PastWord, ...]
    kind: str
    values: tuple[str, ...]


def waiting(services: Services, principal: Principal) -> list[ObjectionView]:
    seat, sources = require_sources(principal)
    house = services.house
    with house.database.read() as session:
        return service.waiting_for(session, house.vault, sources, seat.division, house.clock.today())


def file_of(services: Services, principal: Principal, objection_id: uuid.UUID) -> ObjectionFile:
    """Raises ``NotFound`` for one that waits for others."""
    found = next((one for one in waiting(services, principal) if one.id == objection_id), None)
    if found is None:
        raise NotFound(_("没有找到这件异议，可能已经办结。"))
    house, attribute = services.house, catalogue().attribute(found.attribute)
    with house.database.read() as session:
        row = repository.get(session, objection_id)
        subject_id = row.subject_id if row is not None else 0
        names = registry.describe(session, [subject_id], vault=house.vault)
        name = names[subject_id].name if subject_id in names else ""
        return ObjectionFile(
            objection=found,
            name=masked(name, "name") if attribute.entity in ("person", "household") else name,
            history=past_words(session, subject_id, attribute),
            kind=attribute.type,
            values=attribute.values,
        )


def give_answer(services: Services, principal: Principal, objection_id: uuid.UUID, answer: Answer) -> None:
    """Raises ``NotFound`` (not this seat's), ``InvalidInput`` or ``Conflict``."""
    seat, _sources = require_sources(principal)
    found = file_of(services, principal, objection_id).objection
    now = services.house.clock.now()
    with services.house.database.write() as session:
        service.answer(
            session,
            objection_id,
            outcome=answer.outcome,
            text=answer.text,
            value=answer.value,
            valid_from=answer.valid_from,
            by=principal.subject_id,
            seat=seat.title,
            now=now,
        )
        audit.record(
            session,
            actor=principal,
            action=f"objection.{answer.outcome}",
            object_kind="fact_objection",
            object_id=objection_id,
            detail={"attribute": found.attribute, "source": found.source},
            now=now,
        )


@get("/objections", sync_to_thread=True, include_in_schema=False)
def objections_page(visit: Visiting) -> Response[str]:
    """What waits for this seat, the most urgent first."""
    return visit.page(
        "zhengtong/sources/objections.html", objections=waiting(visit.services, visit.principal)
    )


@get("/objections/{objection_id:uuid}", sync_to_thread=True, include_in_schema=False)
def objection_page(visit: Visiting, objection_id: FromPath[uuid.UUID]) -> Response[str]:
    return _page(visit, objection_id)


@post("/objections/{objection_id:uuid}", status_code=303, sync_to_thread=True, include_in_schema=False)
def answer_form(visit: Visiting, data: Form, objection_id: FromPath[uuid.UUID]) -> Response[str] | Redirect:
    given = {name: one(data, name) for name in ("outcome", "text", "value", "valid_from")}
    try:
        answer = msgspec.convert(
            {name: value for name, value in given.items() if value or name == "text"}, Answer, strict=False
        )
        give_answer(visit.services, visit.principal, objection_id, answer)
    except msgspec.ValidationError:
        what = _("请选择处理结果，日期写成 2026-11-23 的形式")
        problem = InvalidInput(what, errors=[FieldError("outcome", what)])
        return _page(visit, objection_id, given, problem)
    except InvalidInput as problem:
        return _page(visit, objection_id, given, problem)
    return Redirect(f"{PLACE}?done=objection_answered", status_code=303)


@get(
    "/fact-objections",
    sync_to_thread=True,
    tags=["sources"],
    summary="Objections that wait for this seat",
    guards=[on_a_seat],
)
def list_objections(services: Given, principal: Said) -> list[ObjectionView]:
    return waiting(services, principal)


@post(
    "/fact-objections/{objection_id:uuid}/answer",
    status_code=204,
    sync_to_thread=True,
    tags=["sources"],
    summary="Answer one: corrected or upheld",
    guards=[on_a_seat],
)
def add_answer(
    data: JSONBody[Answer], services: Given, principal: Said, objection_id: FromPath[uuid.UUID]
) -> None:
    give_answer(services, principal, objection_id, data)


def _page(
    visit: Visit,
    objection_id: uuid.UUID,
    given: dict[str, str] | None = None,
    problem: DongchuError | None = None,
) -> Response[str]:
    file = file_of(visit.services, visit.principal, objection_id)
    words = ("是", "否") if file.kind == "boolean" else file.values
    return visit.page(
        "zhengtong/sources/objection.html",
        status=200 if problem is None else problem.status,
        file=file,
        options=[("", _("不更正")), *((word, word) for word in words), ("无", "无")] if words else [],
        given=given or {},
        problem=problem,
    )


PAGES = [objections_page, objection_page, answer_form]
API = [list_objections, add_answer]
