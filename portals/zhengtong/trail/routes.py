"""The audit trail, events of departments."""

from collections.abc import Mapping

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from kernel.i18n import gettext as _
from kernel.web.formats import yuan
from portals.financing.institutions import institutions
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.trail import acts
from portals.zhengtong.trail.words import (
    COMPONENTS,
    DETAILS,
    EVENTS,
    FAMILIES,
    OBJECTS,
    RECORDED,
    VALUES,
    WAYS,
)
from portals.zhengtong.visit import Given, Said, Visiting

MAY_AUDIT = needs("audit.read")
MAY_WATCH = needs("admin.system", "audit.read")


@get("/audit", sync_to_thread=True, include_in_schema=False, guards=[MAY_AUDIT])
def audit_trail(
    visit: Visiting,
    action: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
    check: FromQuery[str] = "",
) -> Response[str]:
    """Who did what to what, and whether the chain is whole."""
    lines = acts.trail(visit.services, action.strip(), before)
    return visit.page(
        "zhengtong/trail/audit.html",
        lines=[(line, _told(line.detail)) for line in lines],
        action=action,
        families=[(begin, _(text)) for begin, text in FAMILIES.items()],
        recorded=RECORDED,
        objects=OBJECTS,
        components=COMPONENTS,
        chain=acts.chain(visit.services, is_checked=bool(check)),
        older=lines[-1].number if len(lines) == acts.PAGE else None,
    )


@get("/audit.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_AUDIT])
def audit_export(
    services: Given, principal: Said, action: FromQuery[str] = "", before: FromQuery[int | None] = None
) -> Response[str]:
    """A page of the trail as CSV."""
    header = [
        _("序号"),
        _("时间"),
        _("操作人"),
        _("席位"),
        _("操作"),
        _("对象类别"),
        _("对象编号"),
        _("详情"),
    ]
    rows = [
        [
            line.number,
            line.at,
            line.actor,
            line.seat,
            line.action,
            line.object_kind,
            line.object_id,
            _told(line.detail),
        ]
        for line in acts.trail(services, action.strip(), before)
    ]
    with services.house.database.write() as session:
        return export(session, principal, "audit", header, rows, now=services.house.clock.now())


@get("/system/events", sync_to_thread=True, include_in_schema=False, guards=[MAY_WATCH])
def department_events(visit: Visiting) -> Response[str]:
    """What departments sent: refusals first."""
    return visit.page(
        "zhengtong/trail/events.html", events=acts.department_events(visit.services), kinds=EVENTS, ways=WAYS
    )


@get("/system/matches", sync_to_thread=True, include_in_schema=False, guards=[MAY_WATCH])
def full_matches(visit: Visiting) -> Response[str]:
    """Night by night, whether what was kept agreed with the whole city matched anew."""
    return visit.page("zhengtong/trail/matches.html", nights=acts.full_matches(visit.services))


def _told(detail: Mapping[str, object]) -> str:
    """The detail of a row on one line; sums of money as people say them."""
    return _("；").join(
        _("%(what)s：%(value)s", what=_(DETAILS.get(key, key)), value=_value(key, value))
        for key, value in detail.items()
        if value not in (None, "", [], {})
    )


def _value(key: str, value: object) -> str:
    match value:
        case bool():
            return _("是") if value else _("否")
        case int() if key.endswith("_fen"):
            return yuan(value)
        case str():
            bank = institutions().get(value)
            return bank.title if bank else _(VALUES[value]) if value in VALUES else value
        case list():
            return _("、").join(_value(key, one) for one in value)
        case _:
            return msgspec.json.encode(value).decode()


HANDLERS = [audit_trail, audit_export, department_events, full_matches]
