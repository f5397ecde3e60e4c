"""The audit trail, events of departments."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.services import Services
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.trail import acts
from portals.zhengtong.words import RECORDED

MAY_AUDIT = needs("audit.read")
MAY_WATCH = needs("admin.system", "audit.read")


@get("/audit", sync_to_thread=True, include_in_schema=False, guards=[MAY_AUDIT])
def audit_trail(
    request: WebRequest,
    pages: NamedDependency[Pages],
    services: NamedDependency[Services],
    action: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
    check: FromQuery[str] = "",
) -> Response[str]:
    """Who did what to what, and whether the chain is whole."""
    lines = acts.trail(services, action.strip(), before)
    return pages.page(
        request,
        "zhengtong/trail/audit.html",
        lines=[(line, _told(line.detail)) for line in lines],
        action=action,
        recorded=RECORDED,
        chain=acts.chain(services, is_checked=bool(check)),
        older=lines[-1].number if len(lines) == acts.PAGE else None,
    )


@get("/audit.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_AUDIT])
def audit_export(
    services: NamedDependency[Services],
    principal: NamedDependency[Principal],
    action: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
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
def department_events(
    request: WebRequest, pages: NamedDependency[Pages], services: NamedDependency[Services]
) -> Response[str]:
    """What departments sent: refusals first."""
    return pages.page(request, "zhengtong/trail/events.html", events=acts.department_events(services))


@get("/system/matches", sync_to_thread=True, include_in_schema=False, guards=[MAY_WATCH])
def full_matches(
    request: WebRequest, pages: NamedDependency[Pages], services: NamedDependency[Services]
) -> Response[str]:
    """Night by night, whether what was kept agreed with the whole city matched anew."""
    return pages.page(request, "zhengtong/trail/matches.html", nights=acts.full_matches(services))


def _told(detail: dict[str, object]) -> str:
    """The detail of a row on one line."""
    return "; ".join(
        f"{key}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for key, value in detail.items()
    )


HANDLERS = [audit_trail, audit_export, department_events, full_matches]
