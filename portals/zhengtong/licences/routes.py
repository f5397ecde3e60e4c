"""Licences by type, one licence with its history, and the form that issues one."""

import uuid
from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from licenses.catalogue import licence_type
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.licences import acts
from portals.zhengtong.visit import Visit, Visiting

MAY_ISSUE = needs("licence.issue")


@get("/licences", sync_to_thread=True, include_in_schema=False, guards=[MAY_ISSUE])
def licences(
    visit: Visiting, type: FromQuery[str] = "", before: FromQuery[int | None] = None
) -> Response[str]:
    """The types as tabs, the licences of one of them."""
    kinds = acts.types(visit.services)
    chosen = type or kinds[0].id
    lines = acts.listed(visit.services, chosen, before)
    return visit.page(
        "zhengtong/licences/list.html",
        kinds=kinds,
        chosen=chosen,
        lines=lines,
        older=lines[-1].position if len(lines) == acts.PAGE else None,
    )


@get("/licences/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_ISSUE])
def new_licence(visit: Visiting, type: FromQuery[str] = "") -> Response[str]:
    """The form of a type."""
    return _form(visit, type, {}, ())


@post("/licences/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_ISSUE])
def issue(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Issue it."""
    type_id = forms.one(data, "type")
    given = {field.id: forms.one(data, field.id) for field in licence_type(type_id).fields}
    optional = {field.id for field in licence_type(type_id).fields if not field.is_required}
    fields = {name: value for name, value in given.items() if value or name not in optional}
    try:
        licence_id = acts.issue(
            visit.services, visit.principal, type_id, forms.one(data, "identifier"), fields
        )
    except InvalidInput as problem:
        errors = problem.at()
        return _form(visit, type_id, data, errors, status=400)
    return Redirect(f"/zhengtong/licences/{licence_id}?done=licence", status_code=303)


@get("/licences/{licence_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_ISSUE])
def licence(visit: Visiting, licence_id: FromPath[uuid.UUID]) -> Response[str]:
    """Its history, and what may be done now."""
    return visit.page(
        "zhengtong/licences/licence.html", file=acts.file_of(visit.services, licence_id), errors=()
    )


@post("/licences/{licence_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_ISSUE])
def operate(visit: Visiting, licence_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Change its state, with the reason the holder will read."""
    try:
        acts.operate(
            visit.services,
            visit.principal,
            licence_id,
            forms.one(data, "operation"),
            forms.one(data, "reason"),
            _day(forms.one(data, "effective_on")),
        )
    except InvalidInput as problem:
        errors = problem.at("reason")
        file = acts.file_of(visit.services, licence_id)
        return visit.page("zhengtong/licences/licence.html", status=400, file=file, errors=errors)
    return Redirect(f"/zhengtong/licences/{licence_id}?done=licence_changed", status_code=303)


def _day(text: str) -> date | None:
    """The day of effect; today when left empty."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(_("日期应写成 2026-11-23 的形式。")) from None


def _form(
    visit: Visit, type_id: str, sent: Sent, errors: tuple[FieldError, ...], *, status: int = 200
) -> Response[str]:
    kind = licence_type(type_id)
    return visit.page(
        "zhengtong/licences/new.html",
        status=status,
        kind=kind,
        name=acts.said_name(kind),
        typed={name: forms.one(sent, name) for name in ("identifier", *(field.id for field in kind.fields))},
        errors=errors,
    )


HANDLERS = [licences, new_licence, issue, licence, operate]
