"""What a firm's financing comes to today: what waits for its word, what falls due, its demands, its loans.

Stands above demands and loans, which know nothing of each other; the page of financing and a firm's first page read it.
"""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.i18n import gettext as _
from kernel.web.formats import yuan
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing.access import for_a_firm
from portals.financing.banks import repository as bank_rows
from portals.financing.demands import repository as demand_rows
from portals.financing.demands import views as demand_views
from portals.financing.demands.states import ApplicationState, DemandState
from portals.financing.demands.views import DemandRow
from portals.financing.institutions import institution
from portals.financing.loans import views as loan_views
from portals.financing.loans.schemas import LoanRow
from portals.financing.loans.states import LoanState
from portals.services import Services

Me = NamedDependency[Principal]
#: An instalment is spoken of this long before it is due.
SOON = timedelta(days=15)

OURS = "/rongtong/financing"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits for the firm: where it is done, and by when where there is a day."""

    kind: Literal["overdue", "confirm_receipt", "due", "choose_offer", "ask_guarantee", "authorise"]
    title: str
    note: str
    href: str
    day: date | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """``waiting`` has the most urgent first."""

    waiting: tuple[Waiting, ...]
    demands: tuple[DemandRow, ...]
    loans: tuple[LoanRow, ...]


def overview(session: Session, firm_id: int, *, vault: Vault, now: datetime) -> Overview:
    demands = demand_views.demands_of(session, firm_id)
    loans = loan_views.of_firm(session, firm_id, vault=vault)
    waiting = [
        *_of_loans(loans, business_date(now)),
        *_of_applications(session, firm_id),
        *_of_drafts(demands),
    ]
    return Overview(waiting=tuple(waiting), demands=tuple(demands), loans=tuple(loans))


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/financing`` and ``/api/v1/financing/overview``."""
    house = services.house

    def ours(principal: Principal) -> Overview:
        with house.database.read() as session:
            return overview(session, principal.acting_for, vault=house.vault, now=house.clock.now())

    @get("/financing", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def home_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "financing/home.html", found=ours(principal))

    @get(
        "/api/v1/financing/overview",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="What waits for the firm, its demands and its loans",
    )
    def read_overview(principal: Me) -> Overview:
        return ours(principal)

    return [home_page, read_overview]


def _of_loans(loans: list[LoanRow], today: date) -> Iterator[Waiting]:
    for one in sorted(
        loans, key=lambda loan: (loan.state != LoanState.OVERDUE, loan.next_due_on or date.max)
    ):
        href = f"{OURS}/loans/{one.id}"
        if one.state == LoanState.OVERDUE:
            note = _("请尽快联系银行：%(phone)s", phone=one.bank_hotline)
            title = _("%(bank)s的贷款已逾期", bank=one.bank_name)
            yield Waiting(kind="overdue", title=title, note=note, href=href, day=None)
        elif one.state == LoanState.DISBURSED:
            title = _("%(bank)s登记已放款，钱到账了吗", bank=one.bank_name)
            note = _("收到%(amount)s后请确认", amount=yuan(one.principal_fen))
            yield Waiting(kind="confirm_receipt", title=title, note=note, href=href, day=None)
        elif one.next_due_on is not None and one.next_due_on <= today + SOON:
            title = _("%(bank)s的贷款要还款了", bank=one.bank_name)
            note = _("本期应还%(amount)s", amount=yuan(one.next_due_fen))
            yield Waiting(kind="due", title=title, note=note, href=href, day=one.next_due_on)


def _of_applications(session: Session, firm_id: int) -> Iterator[Waiting]:
    to_choose: set[uuid.UUID] = set()
    for one in demand_rows.awaiting_firm(session, firm_id):
        bank = institution(one.bank_code).title
        if one.state == ApplicationState.OFFERED and one.demand_id not in to_choose:
            to_choose.add(one.demand_id)
            yield Waiting(
                kind="choose_offer",
                title=_("%(bank)s出了融资方案", bank=bank),
                note=_("按全部成本比较后再选"),
                href=f"{OURS}/demands/{one.demand_id}/compare",
                day=None,
            )
        elif one.state == ApplicationState.OFFER_ACCEPTED:
            offer = bank_rows.accepted_offer(session, one.id)
            if offer is not None and offer.needs_guarantee:
                yield Waiting(
                    kind="ask_guarantee",
                    title=_("%(bank)s的方案需要担保", bank=bank),
                    note=_("选一家担保机构，出具后就能签约"),
                    href=f"{OURS}/applications/{one.id}/guarantee",
                    day=None,
                )


def _of_drafts(demands: list[DemandRow]) -> Iterator[Waiting]:
    for one in demands:
        if one.state in (DemandState.DRAFT, DemandState.DATA_AUTHORISED):
            yield Waiting(
                kind="authorise",
                title=_("%(amount)s的需求还没有提交", amount=yuan(one.amount_fen)),
                note=_("请选银行并授权，提交后银行才会办理"),
                href=f"{OURS}/demands/{one.id}/banks",
                day=None,
            )
