"""The audit trail, events of departments."""

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from kernel.i18n import gettext as _
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.trail import acts
from portals.zhengtong.visit import Given, Said, Visiting
from portals.zhengtong.words import RECORDED

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
        recorded=RECORDED,
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
    return visit.page("zhengtong/trail/events.html", events=acts.department_events(visit.services))


@get("/system/matches", sync_to_thread=True, include_in_schema=False, guards=[MAY_WATCH])
def full_matches(visit: Visiting) -> Response[str]:
    """Night by night, whether what was kept agreed with the whole city matched anew."""
    return visit.page("zhengtong/trail/matches.html", nights=acts.full_matches(visit.services))


def _told(detail: dict[str, object]) -> str:
    """The detail of a row on one line."""
    return "; ".join(
        f"{key}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for key, value in detail.items()
    )


HANDLERS = [audit_trail, audit_export, department_events, full_matches]
