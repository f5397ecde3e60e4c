"""The public register as pages, JSON and CSV: policies in force, firms by name, persons as groups."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from kernel.i18n import gettext as _
from kernel.spreadsheets import csv_text
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from policy_engine.delivery.register.service import FirmPaid, LogHead, PolicyInForce, PublicRegister, Register
from policy_engine.delivery.register.suppression import PeoplePaid
from portals.routing import routes
from portals.services import Services
from portals.shared.places import division_name

PAGE = 50
#: Where anybody can check that what stands here was not changed afterwards.
LOG_PAGE = "/licenses/log"


class RegisterView(msgspec.Struct, frozen=True, kw_only=True):
    """``people`` moves in steps of five and more, the last at ``people_as_of``.

    ``log_at`` leads to the transparency log that ``log`` is the newest head of.
    """

    made_at: datetime
    policies: tuple[PolicyInForce, ...]
    people: tuple[PeoplePaid, ...]
    people_as_of: datetime | None
    log: LogHead | None
    log_at: str


class FirmPage(msgspec.Struct, frozen=True, kw_only=True):
    found: int
    firms: tuple[FirmPaid, ...]


Now = NamedDependency[Register]


def handlers(services: Services, kept: PublicRegister) -> list[ControllerRouterHandler]:
    """Each is given the register as it stands now."""

    def current() -> Register:  # no bound method: Litestar copies what stands beside a route
        return kept.current()

    return routes(
        pages=PAGES,
        api=API,
        register=Provide(current, sync_to_thread=True),
        log_at=services.house.settings.base_url + LOG_PAGE,
    )


@get("/register", sync_to_thread=True, include_in_schema=False)
def policies_page(
    request: WebRequest, pages: NamedDependency[Pages], register: Now, q: FromQuery[str] = ""
) -> Response[str]:
    found = [one for one in register.policies if q.strip() in one.title + one.department]
    return pages.page(
        request, "public/policies.html", register=register, found=found, q=q, division_name=division_name
    )


@get("/register/firms", sync_to_thread=True, include_in_schema=False)
def firms_page(
    request: WebRequest,
    pages: NamedDependency[Pages],
    register: Now,
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Response[str]:
    found = _named(register, q)
    last = max(1, -(-len(found) // PAGE))
    here = max(1, min(page, last))
    lines = found[(here - 1) * PAGE : here * PAGE]
    return pages.page(request, "public/firms.html", register=register, found=lines, q=q, here=here, last=last)


@get("/register/people", sync_to_thread=True, include_in_schema=False)
def people_page(request: WebRequest, pages: NamedDependency[Pages], register: Now) -> Response[str]:
    return pages.page(request, "public/people.html", register=register, division_name=division_name)


@get("/register/policies.csv", sync_to_thread=True, include_in_schema=False)
def policies_csv(register: Now) -> Response[str]:
    header = [
        _("编号"),
        _("版本"),
        _("政策"),
        _("部门"),
        _("辖区"),
        _("依据"),
        _("生效日期"),
        _("失效日期"),
        _("文本摘要（SM3）"),
    ]
    rows = [
        (
            one.policy_id,
            one.version,
            one.title,
            one.department,
            division_name(one.jurisdiction),
            one.legal_basis,
            one.effective_from,
            one.effective_to,
            one.content_hash,
        )
        for one in register.policies
    ]
    return _csv("policies", header, rows)


@get("/register/firms.csv", sync_to_thread=True, include_in_schema=False)
def firms_csv(register: Now) -> Response[str]:
    rows = [(one.firm, register.titles[one.policy_id], one.year, one.fen / 100) for one in register.firms]
    return _csv("firms", [_("企业"), _("政策"), _("年度"), _("金额（元）")], rows)


@get("/register/people.csv", sync_to_thread=True, include_in_schema=False)
def people_csv(register: Now) -> Response[str]:
    few = _("不足5人")
    rows = [
        (
            register.titles[one.policy_id],
            one.year,
            division_name(cell.county),
            few if cell.people is None else cell.people,
            "" if cell.fen is None else cell.fen / 100,
        )
        for one in register.people
        for cell in one.counties
    ]
    return _csv("people", [_("政策"), _("年度"), _("区县"), _("人数"), _("金额（元）")], rows)


@get(
    "/register",
    sync_to_thread=True,
    tags=["register"],
    summary="Policies in force, and what persons were paid, in groups of five and more",
)
def read_register(register: Now, log_at: NamedDependency[str]) -> RegisterView:
    return RegisterView(
        made_at=register.made_at,
        policies=register.policies,
        people=register.people,
        people_as_of=register.people_as_of,
        log=register.log,
        log_at=log_at,
    )


@get(
    "/register/firms",
    sync_to_thread=True,
    tags=["register"],
    summary="What firms were paid, by name; `q` is part of a name",
)
def list_firms(
    register: Now, q: FromQuery[str] = "", offset: FromQuery[int] = 0, count: FromQuery[int] = 200
) -> FirmPage:
    found = _named(register, q)
    start, size = max(offset, 0), max(1, min(count, 1000))
    return FirmPage(found=len(found), firms=tuple(found[start : start + size]))


def _named(register: Register, words: str) -> list[FirmPaid]:
    return [one for one in register.firms if words.strip() in one.firm]


def _csv(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Response[str]:
    return Response(
        csv_text(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


PAGES = [policies_page, firms_page, people_page, policies_csv, firms_csv, people_csv]
API = [read_register, list_firms]
