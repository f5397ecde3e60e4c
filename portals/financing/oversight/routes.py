"""The league table in Zhengtong: page, exports and API; and to a bank its own line, nobody else's."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from kernel import audit
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.spreadsheets import MARK, safe_cell, workbook
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing.access import institution_of, official_with, on_an_institution_seat
from portals.financing.costs.terms import day_of
from portals.financing.oversight.league import Period, Standing, league, period_of
from portals.services import Services

Me = NamedDependency[Principal]
Given = NamedDependency[Services]
_OVERSEES = official_with("financing.oversee")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class League(msgspec.Struct, frozen=True, kw_only=True):
    first: date
    last: date
    banks: tuple[Standing, ...]


def _period(services: Services, first: str, last: str) -> Period:
    return period_of(
        day_of(first, "first") if first else None,
        day_of(last, "last") if last else None,
        services.house.clock.today(),
    )


def _league(services: Services, period: Period) -> list[Standing]:
    with services.house.database.read() as session:
        return league(session, period, services.house.clock.today())


@get("/financing/oversight", guards=[_OVERSEES], sync_to_thread=True, include_in_schema=False)
def oversight_page(
    request: WebRequest,
    services: Given,
    pages: NamedDependency[Pages],
    first: FromQuery[str] = "",
    last: FromQuery[str] = "",
) -> Response[str]:
    """The banks side by side; a wrong period is said, and the present quarter shown."""
    errors: tuple[FieldError, ...] = ()
    try:
        period = _period(services, first, last)
    except InvalidInput as problem:
        errors, period = tuple(problem.errors), _period(services, "", "")
    banks = _league(services, period)
    return pages.page(
        request,
        "financing/oversight.html",
        status=400 if errors else 200,
        period=period,
        banks=banks,
        errors=errors,
        asked={"first": first or period.first.isoformat(), "last": last or period.last.isoformat()},
    )


@get(
    ["/financing/oversight.csv", "/financing/oversight.xlsx"],
    guards=[_OVERSEES],
    sync_to_thread=True,
    include_in_schema=False,
)
def export_table(
    request: WebRequest,
    services: Given,
    principal: Me,
    first: FromQuery[str] = "",
    last: FromQuery[str] = "",
) -> Response[bytes]:
    """The table as CSV or XLSX, noted in the audit trail."""
    form = request.url.path.rpartition(".")[2]
    return _export(services, principal, form, _period(services, first, last))


@get(
    "/financing/oversight",
    guards=[_OVERSEES],
    sync_to_thread=True,
    summary="How the banks of the city do in a period (the present quarter where none is named)",
)
def oversight_api(services: Given, first: FromQuery[str] = "", last: FromQuery[str] = "") -> League:
    period = _period(services, first, last)
    return League(first=period.first, last=period.last, banks=tuple(_league(services, period)))


@get(
    "/financing/oversight/exports/{form:str}",
    guards=[_OVERSEES],
    sync_to_thread=True,
    summary="The same table as a file: csv or xlsx",
)
def export_api(
    services: Given,
    principal: Me,
    form: FromPath[str],
    first: FromQuery[str] = "",
    last: FromQuery[str] = "",
) -> Response[bytes]:
    return _export(services, principal, form, _period(services, first, last))


def bank_handlers(services: Services) -> list[ControllerRouterHandler]:
    """What Rongtong mounts: a bank's own line."""

    @get(
        "/api/v1/bank/standing",
        guards=[on_an_institution_seat("financing.work", "financing.approve")],
        sync_to_thread=True,
        summary="One's own bank in the present quarter, and no other",
    )
    def own_standing(principal: Me) -> Standing:
        code = institution_of(principal).code
        found = _league(services, _period(services, "", ""))
        own = next((one for one in found if one.bank_code == code), None)
        if own is None:
            raise NotFound(_("没有找到您要的内容。"))
        return own

    return [own_standing]


def _export(services: Services, principal: Principal, form: str, period: Period) -> Response[bytes]:
    if form not in ("csv", "xlsx"):
        raise NotFound(_("没有找到您要的内容。"))
    rows = [_cells(one) for one in _league(services, period)]
    with services.house.database.write() as session:
        audit.record(
            session,
            actor=principal,
            action="table.export",
            object_kind="table",
            object_id="financing-oversight",
            detail={"rows": len(rows), "first": period.first.isoformat(), "last": period.last.isoformat()},
            now=services.house.clock.now(),
        )
    name = f"financing-oversight-{period.first:%Y%m%d}-{period.last:%Y%m%d}.{form}"
    content = _csv(rows) if form == "csv" else workbook(_("融资监督"), _header(), rows)
    return Response(
        content,
        media_type="text/csv; charset=utf-8" if form == "csv" else _XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    lines = (",".join(_quoted(safe_cell(cell)) for cell in row) for row in (_header(), *rows))
    return (MARK + "".join(f"{line}\r\n" for line in lines)).encode()


def _quoted(cell: str) -> str:
    """RFC 4180."""
    return '"' + cell.replace('"', '""') + '"' if any(one in cell for one in ',"\r\n') else cell


def _header() -> list[str]:
    return [
        _("银行"),
        _("申请数"),
        _("受理用时中位数（小时）"),
        _("联系用时中位数（小时）"),
        _("审批用时中位数（小时）"),
        _("超时次数"),
        _("审批通过率（%）"),
        _("放款笔数"),
        _("放款金额（元）"),
        _("平均年利率（%）"),
        _("平均综合年化成本（%）"),
        _("首贷户数"),
        _("贴息贷款笔数"),
        _("贴息贷款金额（元）"),
        _("已贴息金额（元）"),
        _("逾期笔数"),
        _("逾期余额（元）"),
        _("代偿损失（元）"),
        _("资金池上限（元）"),
        _("资金池已用（元）"),
    ]


def _cells(one: Standing) -> list[object]:
    return [
        one.bank_name,
        one.applications,
        one.accept_hours,
        one.contact_hours,
        one.decide_hours,
        one.breaches,
        _hundredth(one.approval_permille, 10),
        one.loans,
        one.lent_fen / 100,
        _hundredth(one.rate_bp, 100),
        _hundredth(one.all_in_bp, 100),
        one.first_loans,
        one.subsidised_loans,
        one.subsidised_principal_fen / 100,
        one.subsidies_fen / 100,
        one.overdue_loans,
        one.overdue_fen / 100,
        one.compensated_fen / 100,
        _hundredth(one.cap_fen, 100),
        _hundredth(one.cap_used_fen, 100),
    ]


def _hundredth(value: int | None, by: Literal[10, 100]) -> float | None:
    return None if value is None else value / by


PAGES: list[ControllerRouterHandler] = [oversight_page, export_table]
API: list[ControllerRouterHandler] = [oversight_api, export_api]
