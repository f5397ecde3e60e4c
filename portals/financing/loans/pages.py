"""Loans on pages: the bank reports what happens to them, the firm sees them and says that the money came."""

import uuid
from collections.abc import Callable

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import for_a_firm
from portals.financing.banks import contracts
from portals.financing.banks import repository as bank_rows
from portals.financing.banks.actors import officer_of
from portals.financing.banks.documents import pdf_answer
from portals.financing.banks.forms import whole
from portals.financing.banks.pages import DESK, GUARDS
from portals.financing.demands import repository as demand_rows
from portals.financing.demands.schemas import Actor
from portals.financing.entries import Form
from portals.financing.loans import repository, service, views
from portals.financing.loans.schemas import Extension, LoanRow, LoanView, NewRepayment, Overdue, Renewal
from portals.services import Services

OURS = "/rongtong/financing/loans"
Me = NamedDependency[Principal]
Id = FromPath[uuid.UUID]
Act = Callable[[Services, Session, Principal, uuid.UUID, dict[str, str]], object]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/bank/loans`` for banks, ``/financing/loans`` and its API for firms."""
    return [*_of_banks(services), *_of_firms(services)]


def _of_banks(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    def page(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        loan_id: uuid.UUID,
        typed: dict[str, str],
        problem: DongchuError | None = None,
    ) -> Response[str]:
        with house.database.read() as session:
            loan = views.at_bank(
                session, officer_of(principal), loan_id, vault=house.vault, now=house.clock.now()
            )
        errors = [] if problem is None else list(problem.errors) or [FieldError("", problem.detail)]
        return pages.page(
            request,
            "financing/bank/loan.html",
            status=200 if problem is None else problem.status,
            loan=loan,
            typed=typed,
            errors=errors,
            today=house.clock.today().isoformat(),
        )

    @get("/bank/loans", guards=GUARDS, sync_to_thread=True, include_in_schema=False)
    def loans_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        with house.database.read() as session:
            found = views.of_bank(session, officer_of(principal), vault=house.vault)
        return pages.page(request, "financing/bank/loans.html", loans=found, today=house.clock.today())

    @get("/bank/loans/{loan_id:uuid}", guards=GUARDS, sync_to_thread=True, include_in_schema=False)
    def loan_page(
        request: WebRequest, loan_id: Id, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return page(request, pages, principal, loan_id, {})

    @post(
        "/bank/loans/{loan_id:uuid}/{act:str}",
        guards=GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def act_form(
        request: WebRequest,
        loan_id: Id,
        act: FromPath[str],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        if act not in _ACTS:
            raise NotFound(_("没有这个办理步骤。"))
        try:
            with house.database.write() as session:
                _ACTS[act](services, session, principal, loan_id, data)
        except (InvalidInput, Conflict, Forbidden) as problem:
            return page(request, pages, principal, loan_id, data, problem)
        return Redirect(f"{DESK}/loans/{loan_id}", status_code=303)

    return [loans_page, loan_page, act_form]


def _of_firms(services: Services) -> list[ControllerRouterHandler]:
    house = services.house

    def ours(principal: Principal) -> list[LoanRow]:
        with house.database.read() as session:
            return views.of_firm(session, principal.acting_for, vault=house.vault)

    def one(principal: Principal, loan_id: uuid.UUID) -> LoanView:
        with house.database.read() as session:
            return views.at_firm(
                session, principal.acting_for, loan_id, vault=house.vault, now=house.clock.now()
            )

    def confirm(principal: Principal, loan_id: uuid.UUID) -> None:
        with house.database.write() as session:
            service.confirm_receipt(session, loan_id, by=Actor.firm(principal), now=house.clock.now())

    def contract(principal: Principal, loan_id: uuid.UUID) -> Response[bytes]:
        """The contract as the bank handed it in, for the firm that signed it."""
        with house.database.read() as session:
            loan = repository.of_firm(session, loan_id, principal.acting_for)
            application = None if loan is None else demand_rows.application(session, loan.application_id)
            known = None if loan is None else bank_rows.contract_of(session, loan.application_id)
            if application is None or known is None:
                raise NotFound(_("没有找到这份文件。"))
            content = contracts.content_of(session, application, known.document_id, vault=house.vault)
        return pdf_answer(content)

    @get("/financing/loans", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def loans_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "financing/loans.html", loans=ours(principal))

    @get("/financing/loans/{loan_id:uuid}", guards=[for_a_firm], sync_to_thread=True, include_in_schema=False)
    def loan_page(
        request: WebRequest, loan_id: Id, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(request, "financing/loan.html", loan=one(principal, loan_id))

    @post(
        "/financing/loans/{loan_id:uuid}/receipt",
        guards=[for_a_firm],
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def receipt_form(loan_id: Id, principal: Me) -> Redirect:
        confirm(principal, loan_id)
        return Redirect(f"{OURS}/{loan_id}", status_code=303)

    @get(
        "/financing/loans/{loan_id:uuid}/contract",
        guards=[for_a_firm],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def contract_page(loan_id: Id, principal: Me) -> Response[bytes]:
        return contract(principal, loan_id)

    @get(
        "/api/v1/financing/loans",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The firm's loans from all banks, the newest first",
    )
    def list_loans(principal: Me) -> list[LoanRow]:
        return ours(principal)

    @get(
        "/api/v1/financing/loans/{loan_id:uuid}",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="One loan of the firm, with its schedule and what was paid",
    )
    def read_loan(loan_id: Id, principal: Me) -> LoanView:
        return one(principal, loan_id)

    @post(
        "/api/v1/financing/loans/{loan_id:uuid}/receipt",
        guards=[for_a_firm],
        status_code=200,
        sync_to_thread=True,
        summary="The firm has the money",
    )
    def confirm_receipt(loan_id: Id, principal: Me) -> LoanView:
        confirm(principal, loan_id)
        return one(principal, loan_id)

    @get(
        "/api/v1/financing/loans/{loan_id:uuid}/contract",
        guards=[for_a_firm],
        sync_to_thread=True,
        summary="The contract, as a PDF",
    )
    def read_contract(loan_id: Id, principal: Me) -> Response[bytes]:
        return contract(principal, loan_id)

    return [
        loans_page,
        loan_page,
        receipt_form,
        contract_page,
        list_loans,
        read_loan,
        confirm_receipt,
        read_contract,
    ]


def _repay(
    services: Services, session: Session, principal: Principal, loan_id: uuid.UUID, data: dict[str, str]
) -> object:
    house = services.house
    came = NewRepayment(
        on_day=entries.day(data, "on_day"),
        reference=entries.reference(data, "reference"),
        principal_fen=entries.optional_fen(data, "principal") or 0,
        interest_fen=entries.optional_fen(data, "interest") or 0,
        penalty_fen=entries.optional_fen(data, "penalty") or 0,
    )
    return service.repay(
        session, officer_of(principal), loan_id, came, vault=house.vault, now=house.clock.now()
    )


def _overdue(
    services: Services, session: Session, principal: Principal, loan_id: uuid.UUID, data: dict[str, str]
) -> object:
    house, said = services.house, Overdue(since=entries.day(data, "since"))
    return service.report_overdue(
        session, officer_of(principal), loan_id, said, vault=house.vault, now=house.clock.now()
    )


def _extend(
    services: Services, session: Session, principal: Principal, loan_id: uuid.UUID, data: dict[str, str]
) -> object:
    house = services.house
    wanted = Extension(
        months=whole(data, "months"),
        agreed_on=entries.day(data, "agreed_on"),
        rate_bp=entries.basis_points(data, "extension_rate") or None,
        interest_fen=entries.optional_fen(data, "extension_interest") or 0,
    )
    return service.extend(
        session, officer_of(principal), loan_id, wanted, vault=house.vault, now=house.clock.now()
    )


def _renew(
    services: Services, session: Session, principal: Principal, loan_id: uuid.UUID, data: dict[str, str]
) -> object:
    house = services.house
    wanted = Renewal(
        on_day=entries.day(data, "renewed_on"),
        contract_number=entries.reference(data, "contract_number"),
        term_months=whole(data, "term_months"),
        rate_bp=entries.basis_points(data, "renewal_rate"),
        interest_fen=entries.optional_fen(data, "renewal_interest") or 0,
    )
    return service.renew(
        session, officer_of(principal), loan_id, wanted, vault=house.vault, now=house.clock.now()
    )


def _close(
    services: Services, session: Session, principal: Principal, loan_id: uuid.UUID, _data: dict[str, str]
) -> object:
    return service.close(session, officer_of(principal), loan_id, now=services.house.clock.now())


_ACTS: dict[str, Act] = {
    "repayments": _repay,
    "overdue": _overdue,
    "extension": _extend,
    "renewal": _renew,
    "close": _close,
}
